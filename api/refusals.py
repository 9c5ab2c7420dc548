"""How does gunicorn itself refuse what never becomes a request? In the same form as the application."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gunicorn import util  # type: ignore[import-untyped]

from api.problems import MEDIA_TYPE, echo, problem_document, title_of

if TYPE_CHECKING:
    from api.connection import Connection


def refusal(status: int, reason: str, message: str, replica: str) -> bytes:
    """A whole HTTP/1.1 answer with a problem document that closes the connection."""
    detail = f"{reason}: {echo(message)[1:-1]}." if message else f"{reason}."
    body = problem_document(status, detail)
    head = (
        f"HTTP/1.1 {status} {title_of(status)}\r\nConnection: close\r\nX-Replica: {replica}\r\n"
        f"Content-Type: {MEDIA_TYPE}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode("latin-1") + body


def refuse_with_problems(replica: str) -> None:
    """Replace gunicorn's HTML pages for broken requests, in this process."""

    def write_error(sock: Connection, status_int: int, reason: str, mesg: str) -> None:
        util.write_nonblock(sock, refusal(status_int, reason, mesg, replica))
        sock.close_in_peace()

    util.write_error = write_error


def close_in_peace(_worker: Any, _request: Any, environ: dict[str, Any], response: Any) -> None:
    """After an answer that closes the connection: have the client read it."""
    if response is not None and response.must_close and "gunicorn.socket" in environ:
        environ["gunicorn.socket"].close_in_peace()
