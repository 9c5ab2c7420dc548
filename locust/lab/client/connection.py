"""One connection: a non-blocking socket that the event loop itself reads as soon as data arrives.

The event loop's watcher is started once and stays: it reads the answer and wakes the greenlet that waits for it. So a
request costs two greenlet switches and no timer, and a closed idle connection is noticed at once.
"""

from __future__ import annotations

import time
from math import inf
from typing import TYPE_CHECKING, Any

import gevent
from gevent import getcurrent

from lab.client import failures
from lab.client.connecting import Origin, Proxy, connect
from lab.client.deadlines import watchdog
from lab.client.failures import RequestFailed
from lab.client.reader import AnswerReader

if TYPE_CHECKING:
    from ssl import SSLContext

RECEIVE_BYTES = 64 * 1024
MOST_AHEAD_BYTES = 1024 * 1024
"""How much of a streamed body is received before somebody reads it."""
READ, WRITE = 1, 2


class Connection:
    """Sends one request at a time and waits for its answer. A failure or a kill closes the connection."""

    __slots__ = (
        "_failure",
        "_hub",
        "_origin",
        "_paused",
        "_reader",
        "_socket",
        "_streamed",
        "_too_late",
        "_waiter",
        "_watcher",
        "closed",
        "deadline",
        "looked_at",
    )

    def __init__(  # noqa: PLR0913, PLR0917 - where it leads, and how
        self,
        origin: Origin,
        secured_by: SSLContext | None,
        most_body_bytes: int,
        connect_seconds: float,
        too_late: RequestFailed,
        proxy: Proxy | None = None,
    ) -> None:
        """Connects. Raises RequestFailed where that fails, `too_late` where it takes too long."""
        self._origin = origin
        self._hub = gevent.get_hub()
        self._reader = AnswerReader(most_body_bytes)
        self._waiter: Any = None
        self._failure: RequestFailed | None = None
        self._too_late = 0.0
        self.closed = self._streamed = self._paused = False
        self.deadline = self.looked_at = inf
        self._socket = connect(origin, secured_by, connect_seconds, too_late, proxy)
        self._watcher = self._hub.loop.io(self._socket.fileno(), READ)
        self._watcher.start(self._on_readable)

    def ask(self, method: str, request: bytes, deadline: float, seconds: float, streamed: bool = False) -> AnswerReader:
        """Sends the request; returns its complete answer, which is valid until the next request.

        Where it is streamed, the head is enough: `more` has the body.

        Raises RequestFailed where there is none by the deadline (time.perf_counter). `seconds`: the time-out to report.
        """
        reader = self._reader
        reader.expect(method)
        self._too_late, self.deadline = seconds, deadline
        if deadline < self.looked_at:
            watchdog(self._hub).watch(self)
        self._waiter, self._streamed = getcurrent(), streamed
        try:
            self._send(request)
            while not reader.complete:
                if streamed and reader.status:
                    return reader
                self._hub.switch()
                if self._failure:
                    raise self._failure
        except BaseException:
            self.close()
            reader.forget()
            # by its traceback it leads to all that the task has, and the watchdog keeps the connection for a while
            self._failure = None
            raise
        finally:
            self._waiter = None
            self.deadline = inf
        if not reader.reusable:
            self.close()
        return reader

    def more(self, seconds: float) -> bytes:
        """The next part of a streamed body, for which it waits; empty at its end. Raises RequestFailed."""
        reader = self._reader
        while not (part := reader.take()):
            if reader.complete:
                return b""
            if self._failure:
                raise self._failure
            self._wait(seconds)
        return part

    def end_stream(self) -> bool:
        """The body has been read: returns whether the connection can carry another request; closes it if not."""
        self._streamed = False
        if not (self._reader.complete and self._reader.reusable):
            self.close()
        return not self.closed

    def _wait(self, seconds: float) -> None:
        if self._paused:
            self._paused = False
            self._watcher.start(self._on_readable)
        self._too_late, self.deadline = seconds, time.perf_counter() + seconds
        watchdog(self._hub).watch(self)
        self._waiter = getcurrent()
        try:
            self._hub.switch()
        except BaseException:
            self.close()
            raise
        finally:
            self._waiter = None
            self.deadline = inf

    def close(self) -> None:
        """Closes the connection; a second call does nothing."""
        if not self.closed:
            self.closed = True
            self._watcher.stop()
            self._watcher.close()
            self._socket.close()
            self._reader.close()

    def expire(self) -> None:
        """The deadline has passed: the waiting request fails. The watchdog calls this."""
        self._fail(failures.read_timeout(self._too_late))

    def _send(self, request: bytes) -> None:
        try:
            sent = self._socket.send(request)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            raise failures.of(error, self._origin.host) from None
        if sent < len(request):
            self._send_rest(memoryview(request)[sent:])

    def _send_rest(self, rest: memoryview) -> None:
        """Sends the rest as the server takes it; an answer before the end stops that, and ends the connection."""
        writable = self._hub.loop.io(self._socket.fileno(), WRITE)
        writable.start(self._wake)
        try:
            while rest and not self._reader.complete:
                self._hub.switch()
                if self._failure:
                    raise self._failure
                try:
                    rest = rest[self._socket.send(rest) :]
                except BlockingIOError:
                    continue
                except OSError as error:
                    raise failures.of(error, self._origin.host) from None
        finally:
            writable.stop()
            writable.close()
        if rest:
            self._reader.reusable = False

    def _wake(self) -> None:
        if self._waiter:
            self._waiter.switch()

    def _fail(self, failure: RequestFailed) -> None:
        self._failure = failure
        if self._waiter:
            self._waiter.switch()
        else:
            self.close()

    def _on_readable(self) -> None:
        """Reads what has arrived. The event loop runs this: it must neither wait nor raise."""
        waiter = self._waiter
        if waiter is None and (not self._streamed or self._reader.complete):
            # no request is waiting: the server closed the idle connection, or sent something unasked
            self.close()
            return
        try:
            data = self._socket.recv(RECEIVE_BYTES)
            complete = self._reader.feed(data) if data else self._reader.end()
        except BlockingIOError:
            pass
        except OSError as error:
            self._fail(failures.of(error, self._origin.host))
        except RequestFailed as failed:
            self._fail(failed)
        else:
            if waiter is None:
                self._pause_if_ahead()
            elif complete or self._streamed:
                waiter.switch()

    def _pause_if_ahead(self) -> None:
        if self._reader.waiting_bytes > MOST_AHEAD_BYTES:
            self._paused = True
            self._watcher.stop()
