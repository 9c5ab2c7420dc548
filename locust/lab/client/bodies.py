"""Decoding of compressed bodies: gzip, deflate and br."""

from __future__ import annotations

import zlib
from collections.abc import Callable

import brotli

from lab.client.failures import RequestFailed
from lab.client.room import Share, no_room

ACCEPTED = "gzip, deflate, br"
MOST_ENCODINGS = 3
"""Of a body, one upon the other: each takes the time to decode it."""


def decode(body: bytes, encodings: str, most_bytes: int) -> bytes:
    """The body without its encodings, of which the last was applied last.

    Raises RequestFailed for an unknown encoding, a body that is not in it, or more than `most_bytes` of content.
    """
    applied = [part.strip().lower() for part in encodings.split(",")]
    if len(applied) > MOST_ENCODINGS:
        raise RequestFailed(f"UndecodableBody: more than {MOST_ENCODINGS} encodings")
    for encoding in reversed(applied):
        decoder = _DECODERS.get(encoding)
        if not decoder:
            raise RequestFailed(f"UnknownEncoding: {encoding[:40]}")
        try:
            body = decoder(body, most_bytes) if body else body
        except (zlib.error, brotli.error, EOFError):
            raise RequestFailed(f"UndecodableBody: it is not {encoding}") from None
    return body


def decode_in_room(body: bytes, encodings: str, most_bytes: int, share: Share | None) -> tuple[bytes, Share]:
    """As `decode`, with what the content takes of the room for all bodies; `share` is what the body takes."""
    share = share or Share()
    try:
        content = decode(body, encodings, min(most_bytes, share.most))
    except TooLarge:
        raise TooLarge if share.most >= most_bytes else no_room() from None
    share.hold(len(content))
    return content, share


class TooLarge(RequestFailed):
    """A body with more content than may be."""

    def __init__(self) -> None:
        super().__init__("BodyTooLarge: too many bytes once decoded")


def _gzip(body: bytes, most_bytes: int) -> bytes:
    return _inflate(body, zlib.MAX_WBITS | 16, most_bytes)


def _deflate(body: bytes, most_bytes: int) -> bytes:
    """With zlib's header, as RFC 9110 requires; some servers leave it out."""
    try:
        return _inflate(body, zlib.MAX_WBITS, most_bytes)
    except zlib.error:
        return _inflate(body, -zlib.MAX_WBITS, most_bytes)


def _inflate(body: bytes, window: int, most_bytes: int) -> bytes:
    parts: list[bytes] = []
    room = most_bytes
    while body:
        stream = zlib.decompressobj(window)
        # one byte beyond the limit shows that there is more
        parts.append(stream.decompress(body, room + 1))
        room -= len(parts[-1])
        _bound(room)
        if not stream.eof:
            raise EOFError
        body = stream.unused_data if window > zlib.MAX_WBITS else b""
    return b"".join(parts)


def _brotli(body: bytes, most_bytes: int) -> bytes:
    stream = brotli.Decompressor()
    decoded: bytes = stream.process(body, output_buffer_limit=most_bytes + 1)
    _bound(most_bytes - len(decoded))
    if not stream.is_finished():
        raise EOFError
    return decoded


def _bound(room: int) -> None:
    if room < 0:
        raise TooLarge


def _as_it_is(body: bytes, _most_bytes: int) -> bytes:
    return body


_DECODERS: dict[str, Callable[[bytes, int], bytes]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
    "identity": _as_it_is,
    "": _as_it_is,
}
