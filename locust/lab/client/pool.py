"""The connections of one user: kept while usable, opened when needed, never more at once than allowed."""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from gevent.lock import Semaphore

from lab.client import failures, tls
from lab.client.connection import Connection
from lab.client.failures import ConnectionEnded
from lab.client.streams import Stream

if TYPE_CHECKING:
    from collections.abc import Callable
    from ssl import SSLContext

    from lab.client.connecting import Origin, Proxy
    from lab.client.reader import AnswerReader
    from lab.client.room import Share

IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})
"""Methods that may be sent again where the connection ended before an answer (RFC 9110, 9.2.2)."""


@dataclass(frozen=True)
class Terms:
    """How a user connects."""

    concurrency: int = 10
    connect_seconds: float = 60.0
    whole_seconds: float = 60.0
    most_body_bytes: int = 64 * 1024 * 1024
    insecure: bool = True
    ssl_context_factory: Callable[[], SSLContext] | None = None
    proxy: Proxy | None = None


class Patience(NamedTuple):
    """How long to wait (s): for the connection, and for the whole answer with all its redirects."""

    connect: float
    whole: float


class Answer(NamedTuple):
    """The status, the status line and headers as received, and the body, still encoded."""

    status: int
    head: bytes
    body: bytes
    is_plain: bool
    """Whether it has neither a cookie nor an encoding, as most answers."""
    stream: Stream | None = None
    """The body, where it is to be read while it arrives; `body` is empty then."""
    share: Share | None = None
    """What a long body takes of the room for all bodies, while it is kept."""


class Pool:
    """Connections by server."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._room = Semaphore(terms.concurrency)
        self._idle: defaultdict[Origin, list[Connection]] = defaultdict(list)
        self._closed = False
        self._secured_by: SSLContext | None = None

    def ask(  # noqa: PLR0913, PLR0917 - the parts of a request
        self,
        origin: Origin,
        method: str,
        request: bytes,
        deadline: float,
        patience: Patience,
        streamed: bool = False,
    ) -> Answer:
        """The answer. Raises RequestFailed when there is none by the deadline (time.perf_counter).

        Where it is streamed, that is its head, and the answer's stream has the body.
        """
        self._room.acquire()
        try:
            idle = self._idle[origin]
            while idle:
                kept = idle.pop()
                if kept.closed:
                    continue
                try:
                    reader = kept.ask(method, request, deadline, patience.whole, streamed)
                    return self._stream(kept, origin, patience, reader) if streamed else self._keep(kept, idle, reader)
                except ConnectionEnded:
                    if method not in IDEMPOTENT:
                        raise
                break
            new = self._connect(origin, deadline, min(patience))
            reader = new.ask(method, request, deadline, patience.whole, streamed)
            return self._stream(new, origin, patience, reader) if streamed else self._keep(new, idle, reader)
        finally:
            self._room.release()

    def _keep(self, connection: Connection, idle: list[Connection], reader: AnswerReader) -> Answer:
        """What was read; the connection goes back to the pool if it can carry another request."""
        if not connection.closed:
            if self._closed:
                connection.close()
            else:
                idle.append(connection)
        head = reader.head[: reader.head.find(b"\r\n\r\n")]
        lower = head.lower()
        is_plain = b"\r\nset-cookie:" not in lower and b"\r\ncontent-encoding:" not in lower
        # what Answer(…) does, without its call of Python: this is done for each request
        body, share = (reader.body, None) if reader.share is None else reader.hand_over()
        return tuple.__new__(Answer, (reader.status, head, body, is_plain, None, share))

    def _stream(self, connection: Connection, origin: Origin, patience: Patience, reader: AnswerReader) -> Answer:
        def give_back(read_to_its_end: Connection) -> None:
            if self._closed:
                read_to_its_end.close()
            else:
                self._idle[origin].append(read_to_its_end)

        head = reader.head[: reader.head.find(b"\r\n\r\n")]
        return Answer(reader.status, head, b"", False, Stream(connection, patience.whole, give_back))

    def _connect(self, origin: Origin, deadline: float, seconds: float) -> Connection:
        terms = self._terms
        secured_by = self._secured() if origin.tls else None
        left = max(0.001, min(seconds, deadline - time.perf_counter()))
        return Connection(
            origin, secured_by, terms.most_body_bytes, left, failures.connect_timeout(seconds), terms.proxy
        )

    def _secured(self) -> SSLContext:
        """The user's TLS context: one made for it alone may hold its own certificate."""
        if self._secured_by is None:
            factory = self._terms.ssl_context_factory
            self._secured_by = factory() if factory else tls.context(self._terms.insecure)
        return self._secured_by

    def drop(self, origin: Origin) -> None:
        """Closes the idle connections to a server."""
        idle = self._idle[origin]
        while idle:
            idle.pop().close()

    def close_idle(self) -> None:
        """Closes the connections that wait for no answer."""
        for origin in self._idle:
            self.drop(origin)

    def close(self) -> None:
        """Closes every connection; those that wait for an answer, once it has arrived."""
        self._closed = True
        self.close_idle()
