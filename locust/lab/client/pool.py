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

if TYPE_CHECKING:
    from collections.abc import Callable
    from ssl import SSLContext

    from lab.client.connecting import Origin
    from lab.client.reader import AnswerReader

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


class Pool:
    """Connections by server."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._room = Semaphore(terms.concurrency)
        self._idle: defaultdict[Origin, list[Connection]] = defaultdict(list)
        self._closed = False

    def ask(self, origin: Origin, method: str, request: bytes, deadline: float, patience: Patience) -> Answer:
        """The answer. Raises RequestFailed when there is none by the deadline (time.perf_counter)."""
        self._room.acquire()
        try:
            idle = self._idle[origin]
            while idle:
                kept = idle.pop()
                if kept.closed:
                    continue
                try:
                    return self._keep(kept, idle, kept.ask(method, request, deadline, patience.whole))
                except ConnectionEnded:
                    if method not in IDEMPOTENT:
                        raise
                break
            new = self._connect(origin, deadline, min(patience))
            return self._keep(new, idle, new.ask(method, request, deadline, patience.whole))
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
        return Answer(reader.status, head, reader.body, is_plain)

    def _connect(self, origin: Origin, deadline: float, seconds: float) -> Connection:
        terms = self._terms
        secured_by = tls.context(terms.ssl_context_factory, terms.insecure) if origin.tls else None
        left = max(0.001, min(seconds, deadline - time.perf_counter()))
        return Connection(origin, secured_by, terms.most_body_bytes, left, failures.connect_timeout(seconds))

    def drop(self, origin: Origin) -> None:
        """Closes the idle connections to a server."""
        idle = self._idle[origin]
        while idle:
            idle.pop().close()

    def close(self) -> None:
        """Closes every connection; those that wait for an answer, once it has arrived."""
        self._closed = True
        for origin in self._idle:
            self.drop(origin)
