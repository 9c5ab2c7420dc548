"""What does the server say? Bytes in, an answer out; knows nothing of sockets.

The framing is llhttp's (httptools), in its strict mode. Headers are left as they came until somebody asks for them:
to call Python for each would cost more than all the rest of the reading.
"""

from __future__ import annotations

import re

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from lab.client.failures import ConnectionEnded, RequestFailed

MOST_HEAD_BYTES = 64 * 1024
"""The longest head that is read: a server that never ends its headers must not fill the worker's memory."""

_FRAMED = re.compile(rb"\r\n(?:content-length[ \t]*:|transfer-encoding[ \t]*:[^\r\n]*chunked)", re.IGNORECASE)


class AnswerReader:
    """Reads one answer after the other, of one connection. `expect` comes before each of them.

    Then `complete` says whether all of it is there; `status`, `head` and `body` are what it says; `reusable` is whether
    the connection can carry another request.
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
        "status",
    )

    def __init__(self, most_body_bytes: int) -> None:
        self._most_body_bytes = most_body_bytes
        self._parser = HttpResponseParser(self)
        self._spent = False
        self.expect("GET")

    def expect(self, method: str) -> None:
        """The next answer is to a request with this method."""
        if self._spent:
            self._parser = HttpResponseParser(self)
        # llhttp cannot be told that an answer has no body though its headers say so: its state is lost after a HEAD
        self._spent = self._headless = method == "HEAD"
        self.complete = self.reusable = False
        self.status = self._received = 0
        self.head = b""
        self._parts: list[bytes] = []

    def feed(self, data: bytes) -> bool:
        """Takes in what came; says whether the answer is complete. Raises RequestFailed where it is none."""
        if not self.status:
            self.head += data
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            # what follows a whole answer is not ours to judge, but the connection has had its day
            if not self.complete:
                raise RequestFailed(f"InvalidAnswer: {error}") from None
            self.reusable = False
        if not self.complete:
            self._bound(len(data))
        elif self._headless and self._parts:
            self._parts.clear()
            self.reusable = False
        return self.complete

    def end(self) -> bool:
        """The server closed the connection: true where that ends the answer, or else raises RequestFailed."""
        if not self.head:
            raise ConnectionEnded("ConnectionClosed before an answer")
        if not self.status or _FRAMED.search(self.head, 0, self.head.find(b"\r\n\r\n") + 2):
            raise RequestFailed("ConnectionClosed in the middle of an answer")
        self.complete, self.reusable = True, False
        return True

    def close(self) -> None:
        """Lets go of the parser, which holds this reader as well."""
        self._parser = None  # type: ignore[assignment] # nothing is read any more

    @property
    def body(self) -> bytes:
        """The body, as it was sent."""
        parts = self._parts
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _bound(self, more: int) -> None:
        self._received += more
        if not self.status:
            if self._received > MOST_HEAD_BYTES:
                raise RequestFailed(f"HeadTooLarge: more than {MOST_HEAD_BYTES} bytes")
        elif self._received > self._most_body_bytes + MOST_HEAD_BYTES:
            raise RequestFailed(f"BodyTooLarge: more than {self._most_body_bytes} bytes")

    # What the parser calls.

    def on_message_begin(self) -> None:
        if self.complete:
            raise RequestFailed("a second answer to one request")

    def on_headers_complete(self) -> None:
        self.status = self._parser.get_status_code()
        # llhttp knows this now, and no more once the message is complete
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
