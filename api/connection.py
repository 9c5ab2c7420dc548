"""How long may a client take? Its connection, on which no request and no answer holds out longer than that."""

from __future__ import annotations

import socket
import struct
from errno import EPIPE
from time import monotonic
from typing import TYPE_CHECKING, Any

import gevent.socket
from gunicorn import util  # type: ignore[import-untyped]
from gunicorn.http.errors import ParseException  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from collections.abc import Callable

REQUEST_SECONDS = 5.0  # from a request's first byte to its last, and for the first byte on a new connection
ANSWER_SECONDS = 30.0  # for the client to take an answer
FAREWELL_SECONDS = 1.0

_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: on, for 0 s


class TooSlow(ParseException):
    """The rest of a request has not come in its time."""

    def __str__(self) -> str:
        """The sentence for the client."""
        return f"the request did not arrive within {REQUEST_SECONDS:g} s"


class Connection(gevent.socket.socket):
    """A client's connection. Only waits that happen cost anything: each starts a timer of gevent's, as any wait would.

    gunicorn's own bound is one for idle connections and slow heads together, and slow bodies have none.
    """

    _sock: socket.socket  # gevent's names for the kernel's socket, and for its wait in the event loop
    _read_event: object
    _wait: Callable[[object], None]

    def __init__(self, accepted: gevent.socket.socket, idle_seconds: float) -> None:
        """Take over a connection that was accepted; between two requests, `idle_seconds` may pass."""
        super().__init__(accepted.family, accepted.type, accepted.proto, fileno=accepted.detach())
        self._idle_seconds = idle_seconds
        self._ends: float | None = monotonic() + REQUEST_SECONDS  # of this request; None between two of them
        self._has_begun = False
        self._is_closing = False

    def await_request(self) -> None:
        """An answer is out: what comes next is another request."""
        self._ends = None
        self._has_begun = False

    def begin_request(self) -> float:
        """From now on the time of a request runs, whose first bytes are there; returns when it is over."""
        self._ends = monotonic() + REQUEST_SECONDS
        self._has_begun = True
        return self._ends

    def recv(self, size: int, flags: int = 0) -> bytes:
        """What the client sent; nothing where it ended, or did not begin in time. Raises TooSlow within a request."""
        if self._is_closing:
            return super().recv(size, flags)
        ends = self._ends
        if ends is None:
            # Never read at once: others are served between two requests of one client, however fast it sends.
            if not self._is_readable_within(self._idle_seconds):
                return b""
            ends = self.begin_request()
        try:
            data = self._sock.recv(size, flags)
        except BlockingIOError:
            if not self._is_readable_within(ends - monotonic()):
                if self._has_begun:
                    raise TooSlow from None
                return b""
            return self.recv(size, flags)
        self._has_begun = True
        return data

    def _is_readable_within(self, seconds: float) -> bool:
        self.settimeout(max(seconds, 0.001))
        try:
            self._wait(self._read_event)
        except TimeoutError:
            # The time may have passed because this process had no CPU: what is there by now was in time.
            try:
                self._sock.recv(1, socket.MSG_PEEK)
            except BlockingIOError:
                return False
        finally:
            self.settimeout(None)
        return True

    def sendall(self, data: Any, flags: int = 0) -> None:
        """Send all of it. A client that does not take it within its time is cut off."""
        try:
            sent = self._sock.send(data, flags)
        except BlockingIOError:
            sent = 0
        if sent == len(data):
            return
        is_blocking = self.gettimeout() is None
        if is_blocking:
            self.settimeout(ANSWER_SECONDS)
        try:
            super().sendall(memoryview(data)[sent:], flags)
        except TimeoutError:
            # at once, and with what the kernel still holds for it
            self.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            raise BrokenPipeError(EPIPE, "the client does not take its answer") from None
        finally:
            if is_blocking:
                self.settimeout(None)

    def close_in_peace(self) -> None:
        """Close the connection once the client has sent what it is sending, or after a second.

        Closing with bytes unread makes the kernel reset the connection, and the client may lose the answer.
        """
        self._is_closing = True
        util.close_graceful(self, timeout=FAREWELL_SECONDS)
