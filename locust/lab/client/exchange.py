"""From a request to its answer: prepares it, sends it with the user's cookies, and follows redirects."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urljoin

from lab.client import message
from lab.client.connecting import Origin
from lab.client.cookies import Cookies
from lab.client.failures import RequestFailed
from lab.client.headers import Headers
from lab.client.pool import Answer, Patience, Pool, Terms

REDIRECTS = frozenset({301, 302, 303, 307, 308})
MOST_PREPARED = 1000
"""How many prepared requests are kept: most users repeat a few URLs, but some use a new one each time."""


class Prepared(NamedTuple):
    """A request without its body. `headers` are its own, without those that every request has.

    `is_last`: it asks the server to close the connection afterwards.
    """

    method: str
    url: str
    origin: Origin
    head: bytes
    headers: dict[str, Any]
    is_last: bool


class Exchange:
    """What a user keeps between two requests: connections, cookies, prepared requests."""

    def __init__(
        self, base_url: str, terms: Terms, headers: Mapping[str, Any] | None, max_redirects: int, cookies: bool
    ) -> None:
        self._base_url, self._authorization = message.without_credentials(base_url)
        self._base_origin, _ = message.split(self._base_url)
        self._headers, self._max_redirects = dict(headers or {}), max_redirects
        self._pool = Pool(terms)
        self._prepared: dict[Any, Prepared] = {}
        self.cookies = Cookies() if cookies else None
        self.close = self._pool.close

    def prepare(self, method: str, url: str, kind: str | None, headers: Mapping[str, Any] | None) -> Prepared:
        """The request to a URL, or to a path below the base URL, with a body of this content type."""
        key = method, url, kind, tuple(headers.items()) if headers else None
        prepared = self._prepared.get(key)
        if prepared is None:
            absolute = url if url[:8].lower().startswith(("http://", "https://")) else self._base_url + url
            prepared = self._prepare(method, absolute, {**_implied(kind), **(headers or {})})
            if len(self._prepared) >= MOST_PREPARED:
                self._prepared.clear()
            self._prepared[key] = prepared
        return prepared

    def _prepare(self, method: str, url: str, headers: dict[str, Any]) -> Prepared:
        origin, target = message.split(url)
        layers = [self._headers, headers]
        if self._authorization and origin == self._base_origin:
            layers.insert(0, {"Authorization": self._authorization})
        head = message.head_of(method, origin, target, *layers)
        return Prepared(method, url, origin, head, headers, b"\r\nconnection: close\r\n" in head.lower())

    def ask(self, request: Prepared, body: bytes | None, redirects: bool, patience: Patience) -> tuple[Answer, str]:
        """The answer and the URL that gave it. Raises RequestFailed."""
        deadline = time.perf_counter() + patience.whole
        answer = self._ask(request, body, deadline, patience)
        left = self._max_redirects
        while redirects and answer.status in REDIRECTS and (location := Headers(answer.head).get("Location")):
            if not left:
                raise RequestFailed(f"TooManyRedirects: more than {self._max_redirects}")
            left -= 1
            request, body = self._redirect(request, body, answer.status, location)
            answer = self._ask(request, body, deadline, patience)
        return answer, request.url

    def _ask(self, request: Prepared, body: bytes | None, deadline: float, patience: Patience) -> Answer:
        method, url, origin, head, _, is_last = request
        cookies = self.cookies
        if cookies:
            head += cookies.line(url)
        answer = self._pool.ask(origin, method, message.whole(method, head, body), deadline, patience)
        if is_last:
            self._pool.drop(origin)
        if cookies is not None and not answer.is_plain:
            cookies.keep(url, answer.head)
        return answer

    def _redirect(
        self, request: Prepared, body: bytes | None, status: int, location: str
    ) -> tuple[Prepared, bytes | None]:
        """The request that a redirect asks for (RFC 9110, 15.4): only to the same host, so that load stays there."""
        method, headers = request.method, request.headers
        try:
            url = urljoin(request.url, location)
            origin, _ = message.split(url)
        except ValueError:
            raise RequestFailed("RedirectRefused: it leads to no URL") from None
        if origin.host != request.origin.host:
            raise RequestFailed(f"RedirectRefused: it leads to another host, {origin.host}")
        dropped = set() if origin == request.origin else {"authorization"}
        if (status == 303 and method != "HEAD") or (status in {301, 302} and method == "POST"):
            method, body = "GET", None
            dropped |= {"content-type", "content-length", "content-encoding"}
        headers = {name: value for name, value in headers.items() if name.lower() not in dropped}
        return self._prepare(method, url, headers), body


def _implied(kind: str | None) -> dict[str, str]:
    """The headers that go with a body of this content type."""
    if kind is None:
        return {}
    return {"Content-Type": kind, "Accept": kind} if kind == message.JSON else {"Content-Type": kind}
