"""Parses answers: bytes in, an answer out; knows nothing of sockets.

The framing is llhttp's (httptools), in its strict mode. Headers stay bytes until they are asked for: to call Python for
each of them would cost more than the rest of the reading.
"""

from __future__ import annotations

import re

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from lab.client.failures import ConnectionEnded, RequestFailed
from lab.client.room import UNCOUNTED_BYTES, Share

MOST_HEAD_BYTES = 64 * 1024
"""The longest head that is read: a server that never ends its headers must not fill the worker's memory."""

_FRAMED = re.compile(rb"\r\n(?:content-length[ \t]*:|transfer-encoding[ \t]*:[^\r\n]*chunked)", re.IGNORECASE)


class AnswerReader:
    """Reads the answers of one connection, one after the other; `expect` is called before each.

    `complete` says whether the answer has fully arrived; `status`, `head` and `body` are its parts; `reusable` says
    whether the connection can carry another request.
    """

    __slots__ = (
        "_headless",
        "_most_body_bytes",
        "_parser",
        "_parts",
        "_received",
        "_spent",
        "complete",
        "head",
        "reusable",
        "share",
        "status",
    )

    def __init__(self, most_body_bytes: int) -> None:
        self._most_body_bytes = most_body_bytes
        self._parser = HttpResponseParser(self)
        self._spent = False
        self.share: Share | None = None
        self.expect("GET")

    def expect(self, method: str) -> None:
        """The next answer is to a request with this method."""
        if self._spent:
            self._parser = HttpResponseParser(self)
        # llhttp cannot skip the body that the headers of an answer to HEAD announce: it needs a new parser afterwards
        self._spent = self._headless = method == "HEAD"
        self.complete = self.reusable = False
        self.status = self._received = 0
        self.head = b""
        self._parts: list[bytes] = []
        self.share = None

    def feed(self, data: bytes) -> bool:
        """Takes in received bytes; returns whether the answer is complete. Raises RequestFailed for an invalid one."""
        if not self.status:
            self.head += data
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            # bytes after a complete answer do not spoil it, but the connection cannot be used again
            if not self.complete:
                raise RequestFailed(f"InvalidAnswer: {error}") from None
            self.reusable = False
        if not self.complete or self._received:  # its last part counts as well
            self._bound(len(data))
        if self.complete and self._headless and self._parts:
            self._parts.clear()
            self.reusable = False
        return self.complete

    def end(self) -> bool:
        """The server closed the connection: returns true where that ends the answer, else raises RequestFailed."""
        if not self.head:
            raise ConnectionEnded("ConnectionClosed before an answer")
        if not self.status or _FRAMED.search(self.head, 0, self.head.find(b"\r\n\r\n") + 2):
            raise RequestFailed("ConnectionClosed in the middle of an answer")
        self.complete, self.reusable = True, False
        return True

    def close(self) -> None:
        """Drops the parser, which refers to this reader as well."""
        self._parser = None  # type: ignore[assignment] # nothing is read any more

    def forget(self) -> None:
        """Lets go of an answer that nobody will have: the error of its request leads here by its traceback."""
        self._parts, self.share = [], None

    @property
    def body(self) -> bytes:
        """The body, as it was sent."""
        if len(self._parts) != 1:
            # it is not kept twice
            self._parts = [b"".join(self._parts)]
        return self._parts[0]

    def hand_over(self) -> tuple[bytes, Share | None]:
        """The body with what it takes of the room; the reader has it no more."""
        body, share, self._parts, self.share = self.body, self.share, [], None
        return body, share

    def take(self) -> bytes:
        """The body that has arrived since the last call; only what nobody has taken counts as its length."""
        body, self._parts, self._received = self.body, [], 0
        self.share = None
        return body

    @property
    def waiting_bytes(self) -> int:
        """How much has arrived that nobody has taken."""
        return self._received

    def _bound(self, more: int) -> None:
        self._received += more
        if not self.status:
            if self._received > MOST_HEAD_BYTES:
                raise RequestFailed(f"HeadTooLarge: more than {MOST_HEAD_BYTES} bytes")
        elif self._received > UNCOUNTED_BYTES:
            if self._received > self._most_body_bytes + MOST_HEAD_BYTES:
                raise RequestFailed(f"BodyTooLarge: more than {self._most_body_bytes} bytes")
            self.share = self.share or Share()
            self.share.hold(self._received)

    # What the parser calls.

    def on_message_begin(self) -> None:
        if self.complete:
            raise RequestFailed("a second answer to one request")

    def on_headers_complete(self) -> None:
        self.status = self._parser.get_status_code()
        # llhttp knows this only until the message is complete
        self.reusable = self._parser.should_keep_alive()
        if self._headless and self.status >= 200:
            self.complete = True

    def on_body(self, part: bytes) -> None:
        self._parts.append(part)

    def on_message_complete(self) -> None:
        if self.status >= 200 or self.status == 101:
            self.complete = True
        else:
            # 1xx: the answer itself is still to come (RFC 9110, 15.2)
            self.head = self.head[self.head.find(b"\r\n\r\n") + 4 :]
            self.status = 0
