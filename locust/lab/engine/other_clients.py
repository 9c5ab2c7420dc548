"""What HttpUser and FastHttpUser keep of a body is bounded as with LeanHttpUser: Locust's own clients read without end.

Their users take part in the room for all bodies of the worker (lab/client/room.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import requests
from locust.contrib.fasthttp import FastResponse

from lab.client import bodies
from lab.client.failures import RequestFailed
from lab.client.pool import Terms
from lab.client.room import Share

CHUNK_BYTES = 64 * 1024


class TooLarge(requests.RequestException):
    """A body beyond its bound; both clients take it for a request that failed: it is an OSError."""

    def __repr__(self) -> str:
        return str(self)


def bound() -> None:
    """From now on, in this process."""
    FastResponse._content = _fast_content  # type: ignore[method-assign] # noqa: SLF001 - that is geventhttpclient's
    requests.Response.content = property(_content)  # type: ignore[assignment, method-assign]


_plain_content: Any = requests.Response.content


def _content(response: Any) -> Any:
    """As requests has it, which joins whatever comes."""
    is_unread = getattr(response, "_content", None) is False and response.raw is not None and response.status_code
    if is_unread and not getattr(response, "_content_consumed", False):
        share = Share()
        try:
            response._content = b"".join(_within(response.iter_content(CHUNK_BYTES), share))  # noqa: SLF001 - its own
        except TooLarge:
            response.close()
            raise
        response.share = share
    return _plain_content.fget(response)


def _fast_content(response: Any) -> Any:
    """As geventhttpclient has it, which decodes whatever comes."""
    if response.headers is None:
        return None
    encodings, share = response.headers.get("content-encoding") or "", Share()
    try:
        body = b"".join(_within(iter(lambda: response.read(CHUNK_BYTES), b""), share))
        content, response.share = bodies.decode_in_room(body, encodings, Terms.most_body_bytes, share)
    except (RequestFailed, TooLarge) as failed:
        response._cached_content = b""  # noqa: SLF001 - it is not read once more
        response.release()
        raise TooLarge(str(failed)) from failed
    response.release()
    return content


def _within(parts: Iterable[bytes], share: Share) -> Iterator[bytes]:
    length = 0
    for part in parts:
        length += len(part)
        try:
            if length > Terms.most_body_bytes:
                raise RequestFailed(f"BodyTooLarge: more than {Terms.most_body_bytes} bytes")
            share.hold(length)
        except RequestFailed as failed:
            share.give_back()
            raise TooLarge(str(failed)) from failed
        yield part
