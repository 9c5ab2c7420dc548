"""Who waits for whom? gunicorn's gevent worker, with slow and greedy clients kept from holding up the others."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import gevent
from gevent.lock import BoundedSemaphore
from gunicorn import util  # type: ignore[import-untyped]
from gunicorn.http.body import Body, LengthReader  # type: ignore[import-untyped]
from gunicorn.http.errors import ParseException  # type: ignore[import-untyped]
from gunicorn.workers.ggevent import GeventWorker  # type: ignore[import-untyped]

from api.body import SIZE_MOST
from api.connection import Connection, TooSlow

UNREAD_MOST = 64 * 1024  # bytes of a body that nobody asked for, and that are read to keep the connection

_no_timeout = nullcontext()


class Worker(GeventWorker):
    """Bounds each request and each answer in time, and serves those who send ahead of their turn when nobody waits."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._ahead = BoundedSemaphore(1)

    def timeout_ctx(self) -> nullcontext[None]:
        """No bound around a request's head: the connection has its own."""
        return _no_timeout

    def handle(self, listener: Any, client: Any, addr: Any) -> None:
        """Serve one connection."""
        super().handle(listener, Connection(client, self.cfg.keepalive), addr)

    def handle_request(self, listener_name: Any, req: Any, sock: Connection, addr: Any) -> None:
        """Serve one request, and leave the connection where the next one begins. Raises StopIteration to end it."""
        _await_body(req)
        super().handle_request(listener_name, req, sock, addr)
        if not _is_read(req.body):
            sock.close_in_peace()
            raise StopIteration
        sock.await_request()
        if req.unreader.buf.tell():
            # The next request is here already (RFC 9112, 9.3.2). One such client at a time, and only when the loop has
            # nothing else to do: what it sends ahead would otherwise be served in one go, with everybody waiting.
            with self._ahead:
                gevent.idle()
            sock.begin_request()

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Answer what never became a request."""
        if isinstance(exc, TooSlow):
            util.write_error(client, 408, "Request Timeout", str(exc))
        else:
            super().handle_error(req, client, addr, exc)


def _await_body(req: Any) -> None:
    """Have the body there before the application is asked, as a proxy does: who is slow costs no more than its socket.

    A longer one the application may refuse by its length, one in chunks has none, and who expects 100 Continue sends
    nothing before that.
    """
    reader = req.body.reader
    is_outstanding = type(reader) is LengthReader and req.unreader.buf.tell() < reader.length <= SIZE_MOST
    if is_outstanding and not req._expected_100_continue:  # noqa: SLF001 - there is no other name for it
        req.unreader.unread(req.unreader.read(reader.length))


def _is_read(body: Body) -> bool:
    """Whether the body is read to its end, or could be: in the request's time, and without reading too much."""
    if type(body.reader) is LengthReader and not body.reader.length:
        return True
    left = UNREAD_MOST
    while left > 0 and not body.failed:
        try:
            data = body.read(min(left, 8192))
        except (OSError, ParseException):
            return False
        if not data:
            return True
        left -= len(data)
    return False
