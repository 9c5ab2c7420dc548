"""What a task gets with stream=True: the answer's head, and a body that is still on its way."""

from __future__ import annotations

from codecs import getincrementaldecoder
from typing import TYPE_CHECKING, Self

from lab.client import bodies
from lab.client.failures import RequestFailed
from lab.client.response import Response
from lab.client.room import Share

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lab.client.streams import Stream


class StreamedResponse(Response):
    """An answer whose body is read while it arrives: `stream`, `iter_content`, or `content` for all of it."""

    _stream: Stream
    _most_bytes: int
    _whole: bytes | None = None

    def carry(self, stream: Stream, most_bytes: int) -> Self:
        """The response with its body: at most so many bytes, where it is read at once."""
        self._stream, self._most_bytes = stream, most_bytes
        return self

    @property
    def content(self) -> bytes:
        """The whole body, which is read now. Raises RequestFailed where it does not arrive."""
        if self._whole is None:
            encodings = self.headers.get("Content-Encoding") or ""
            body, share = self._body()
            self._whole, self.share = bodies.decode_in_room(body, encodings, self._most_bytes, share)
        return self._whole

    @content.setter
    def content(self, _: bytes | None) -> None:
        """It comes later, by `carry`."""

    @property
    def arrived(self) -> bytes | None:
        """The content where it was read at once; None while it is on its way."""
        return self._whole

    def _body(self) -> tuple[bytes, Share]:
        parts, length, share = [], 0, Share()
        try:
            for part in self._stream:
                parts.append(part)
                length += len(part)
                if length > self._most_bytes:
                    raise RequestFailed(f"BodyTooLarge: more than {self._most_bytes} bytes")
                share.hold(length)
        except RequestFailed:
            self._stream.close()
            raise
        return b"".join(parts), share

    @property
    def stream(self) -> Stream:
        """The body as it arrives, still encoded."""
        return self._stream

    def read(self, size: int | None = None) -> bytes:
        """The next bytes of the body, for which it waits, still encoded. Raises RequestFailed."""
        return self._stream.read(size)

    def release(self) -> None:
        """Gives up what has not been read, with its connection."""
        self._stream.close()


def lines_of(response: Response) -> Iterator[str]:
    """Each line of a body as it arrives, without its end."""
    decoder, rest = getincrementaldecoder("utf-8")("replace"), ""
    for part in response.stream if isinstance(response, StreamedResponse) else [response.read()]:
        *lines, rest = (rest + decoder.decode(part)).split("\n")
        yield from lines
    if rest := rest + decoder.decode(b"", final=True):
        yield rest
