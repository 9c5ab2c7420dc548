"""The cookies of a user, in Python's own cookie jar."""

from __future__ import annotations

from contextlib import suppress
from email.message import Message
from http.cookiejar import Cookie, CookieJar
from typing import Any
from urllib.request import Request

from lab.client.headers import Headers

MOST_COOKIES = 180
MOST_COOKIE_BYTES = 4096
"""As browsers have it: of more cookies, the oldest goes, and a longer one is not kept."""


class Cookies(CookieJar):
    """The cookies that servers set for this user; true where there are any."""

    def __init__(self) -> None:
        super().__init__()
        self._ages: dict[tuple[str, str, str], None] = {}

    def set_cookie(self, cookie: Cookie) -> None:
        """Keeps the cookie, within the bounds above."""
        if len(cookie.name) + len(cookie.value or "") + len(cookie.path) > MOST_COOKIE_BYTES:
            return
        super().set_cookie(cookie)
        self._ages.pop(where := (cookie.domain, cookie.path, cookie.name), None)
        self._ages[where] = None
        while len(self._ages) > MOST_COOKIES:
            oldest = next(iter(self._ages))
            del self._ages[oldest]
            with suppress(KeyError):  # it may have expired
                self.clear(*oldest)

    def __bool__(self) -> bool:
        return bool(self._cookies)  # type: ignore[attr-defined] # len() would count them each time

    def line(self, url: str) -> bytes:
        """The header line for a request to this URL; empty where no cookie belongs to it."""
        request = Request(url)  # noqa: S310 - it is not opened: the jar takes a Request
        self.add_cookie_header(request)
        cookies = request.get_header("Cookie")
        return f"Cookie: {cookies}\r\n".encode("latin-1") if cookies else b""

    def keep(self, url: str, head: bytes) -> None:
        """Stores the cookies that the answer to a request to this URL sets."""
        answer: Any = _Answer(Headers(head))
        self.extract_cookies(answer, Request(url))  # noqa: S310 - as above


class _Answer:
    """An answer in the form that the jar takes."""

    def __init__(self, headers: Headers) -> None:
        self._headers = Message()
        for value in headers.all("Set-Cookie"):
            self._headers["Set-Cookie"] = value

    def info(self) -> Message:
        return self._headers
