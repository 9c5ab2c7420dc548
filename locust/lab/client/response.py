"""What a task gets: the answer or its failure, with the interface of Locust's responses."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

from locust.exception import CatchResponseError, LocustError, ResponseError

from lab.client import documents
from lab.client.headers import Headers

if TYPE_CHECKING:
    from types import TracebackType

    from locust.event import EventHook

_CHARSET = re.compile(r"""charset=["']?([^\s;"']+)""", re.IGNORECASE)
_NOT_CAUGHT = "to say whether a request succeeded, pass catch_response=True and use a with-block"


class Response:
    """An answer, or none: then `status_code` is 0, `content` and `text` are None, and `error` says why.

    With catch_response=True it is a context manager that reports the request at its end: as `success()` or `failure()`
    decided, else by `error`, which is set for a status of 400 or more as well.
    """

    __slots__ = (
        "__dict__",
        "_caught",
        "_entered",
        "_head",
        "_headers",
        "_request_event",
        "_verdict",
        "content",
        "encoding",
        "error",
        "request_meta",
        "status_code",
        "url",
    )

    def __init__(  # noqa: PLR0913, PLR0917 - one for each of its parts
        self,
        status_code: int,
        head: bytes,
        content: bytes | None,
        error: Exception | None,
        url: str,
        request_event: EventHook,
        request_meta: dict[str, Any],
        caught: bool,
    ) -> None:
        self.status_code, self._head, self.content, self.error, self.url = status_code, head, content, error, url
        self._request_event, self.request_meta, self._caught = request_event, request_meta, caught
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
    def text(self) -> str | None:
        """The content as text: decoded by `encoding` if set, else by the charset of the headers, else as UTF-8."""
        if self.content is None:
            return None
        charset = _CHARSET.search(self.headers.get("Content-Type") or "")
        encoding = self.encoding or (charset[1] if charset else None)
        try:
            return str(self.content, encoding or "utf-8", errors="replace")
        except LookupError:
            return str(self.content, errors="replace")

    def json(self) -> Any:
        """The content, read as JSON. Raises ValueError where it is not JSON."""
        return documents.load(self.content or b"")

    @property
    def elapsed(self) -> timedelta:
        """How long the answer took."""
        return timedelta(milliseconds=self.request_meta["response_time"])

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
        if not self._caught:
            raise LocustError("in order to use a with-block for requests, pass catch_response=True")
        self._entered = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        verdict, meta = self._verdict, self.request_meta
        if verdict is not None:
            meta["exception"] = None if verdict is True else verdict
        elif kind is None:
            meta["exception"] = self.error
        elif isinstance(raised, ResponseError):
            meta["exception"] = raised
        else:
            return False
        # `request_meta` must not refer to the response: the cycle would live until the next garbage collection
        self._request_event.fire(response=self, **meta)
        return kind is None or verdict is None

    def __repr__(self) -> str:
        return f"<Response {self.status_code or self.error}>"
