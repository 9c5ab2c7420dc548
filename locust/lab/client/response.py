"""What a task gets: the answer or its failure, with the interface of Locust's responses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self, cast

from charset_normalizer import detect
from locust.exception import CatchResponseError, LocustError, ResponseError
from requests.utils import get_encoding_from_headers

from lab.client import documents
from lab.client.asked import Request
from lab.client.headers import Headers

if TYPE_CHECKING:
    from types import TracebackType

    from locust.event import EventHook
    from requests.structures import CaseInsensitiveDict

    from lab.client.exchange import Prepared, Redirected
    from lab.client.room import Share

_NOT_CAUGHT = "to say whether a request succeeded, pass catch_response=True and use a with-block"


class Response:
    """An answer, or none: then `status_code` is 0, `content` and `text` are None, and `error` says why.

    With catch_response=True it is a context manager that reports the request at its end: as `success()` or `failure()`
    decided, else by `error`, which is set for a status of 400 or more as well.
    """

    _unread: bytes | None = None
    share: Share | None = None
    """What a long content takes of the room for all users' bodies, until the response is gone."""
    __slots__ = (
        "__dict__",
        "_asked",
        "_caught",
        "_entered",
        "_head",
        "_headers",
        "_meta",
        "_redirected",
        "_request_event",
        "_sent",
        "_verdict",
        "content",
        "encoding",
        "error",
        "status_code",
    )

    def __init__(  # noqa: PLR0913, PLR0917 - one for each of its parts
        self,
        status_code: int,
        head: bytes,
        content: bytes | None,
        error: Exception | None,
        asked: Prepared,
        sent: bytes | None,
        redirected: Sequence[Redirected],
        request_event: EventHook,
        meta: dict[str, Any],
        caught: bool,
    ) -> None:
        self.status_code, self._head, self.content, self.error = status_code, head, content, error
        self._asked, self._sent, self._redirected = asked, sent, redirected
        self._request_event, self._meta, self._caught = request_event, meta, caught
        self._entered = False
        self._headers: Headers | None = None
        self._verdict: Exception | bool | None = None
        self.encoding: str | None = None

    @property
    def ok(self) -> bool:
        """Whether there is an answer, with a status below 400."""
        return 0 < self.status_code < 400

    @property
    def headers(self) -> Headers:
        """The headers, by case-insensitive name."""
        if self._headers is None:
            self._headers = Headers(self._head)
        return self._headers

    @property
    def url(self) -> str:
        """The URL that gave the answer, after redirects."""
        return self._asked.url

    @property
    def request(self) -> Request:
        """The request that this answers, after redirects."""
        # a redirect that changes the method drops the body
        kept = not self._redirected or self._redirected[0][1].method == self._asked.method
        return Request(self._asked, self._sent if kept else None)

    @property
    def history(self) -> list[Response]:
        """The answers that led here by redirects, oldest first."""
        return [
            Response(answer.status, answer.head, answer.body, None, asked, None, (), self._request_event, {}, False)
            for answer, asked in self._redirected
        ]

    @property
    def request_meta(self) -> dict[str, Any]:
        """What is reported of the request; a task may change it in its block."""
        self._meta.setdefault("response", self)
        return self._meta

    @property
    def text(self) -> str | None:
        """The content as text: decoded by `encoding` if set, else by what the headers say, else as it looks.

        As in requests, text without a charset is ISO-8859-1 and JSON is UTF-8.
        """
        content = self.content
        if content is None:
            return None
        encoding = self.encoding or get_encoding_from_headers(cast("CaseInsensitiveDict[str]", self.headers))
        if encoding is None:
            try:
                return content.decode("utf-8-sig")
            except UnicodeDecodeError:
                encoding = str(detect(content)["encoding"] or "utf-8")
        try:
            return str(content, encoding, errors="replace")
        except LookupError:
            return str(content, errors="replace")

    def json(self) -> Any:
        """The content, read as JSON. Raises json.JSONDecodeError where it is not JSON."""
        head = self._head.lower()
        if self.encoding is None and b"charset" not in head and b"text/" not in head:
            with suppress(ValueError):
                return documents.load(self.content or b"")
        return documents.load_text(self.text or "")

    @property
    def arrived(self) -> bytes | None:
        """The content as far as it is there: nothing is read for it."""
        return self.content

    def iter_content(self, chunk_size: int = 1024, decode_content: bool = True) -> Iterator[bytes | str]:
        """The content in pieces of this many bytes; as text where that is wanted and a piece is UTF-8."""
        while piece := self.read(chunk_size):
            yield _as_text(piece) if decode_content else piece

    def read(self, size: int | None = None) -> bytes:
        """The next bytes of the content; all that are left without a size."""
        unread = (self.content or b"") if self._unread is None else self._unread
        piece = unread if size is None else unread[:size]
        self._unread = unread[len(piece) :]
        return piece

    def release(self) -> None:
        """Gives up what has not been read."""
        self._unread = b""

    @property
    def elapsed(self) -> timedelta:
        """How long the answer took."""
        return timedelta(milliseconds=self._meta["response_time"])

    def raise_for_status(self) -> None:
        """Raises the failure, if there is one: `failure()` and `success()` override the status."""
        error = self.error if self._verdict is None else self._verdict
        if isinstance(error, Exception):
            raise error

    def success(self) -> None:
        """Reports the request as a success, whatever its status."""
        self._judge(True)

    def failure(self, reason: Exception | str) -> None:
        """Reports the request as failed, for this reason."""
        self._judge(reason if isinstance(reason, Exception) else CatchResponseError(reason))

    def _judge(self, verdict: Exception | bool) -> None:
        if not self._entered:
            raise LocustError(_NOT_CAUGHT)
        self._verdict = verdict

    def __enter__(self) -> Self:
        self._entered = self._caught
        return self

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        if not self._caught:
            self.release()
            return False
        verdict, meta = self._verdict, self._meta
        if verdict is not None:
            meta["exception"] = None if verdict is True else verdict
        elif kind is None:
            meta["exception"] = self.error
        elif isinstance(raised, ResponseError):
            meta["exception"] = raised
        else:
            return False
        # `_meta` must not go on referring to the response: the cycle would live until the next garbage collection
        self._request_event.fire(**{**meta, "response": self})
        meta.pop("response", None)
        return kind is None or verdict is None

    def __repr__(self) -> str:
        return f"<Response {self.status_code or self.error}>"


def _as_text(piece: bytes) -> bytes | str:
    try:
        return piece.decode()
    except UnicodeDecodeError:
        return piece
