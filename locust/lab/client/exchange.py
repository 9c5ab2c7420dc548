"""From a request to its answer: prepares it, sends it with the user's cookies, and follows redirects."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import urljoin

from lab.client import message
from lab.client.connecting import Origin
from lab.client.cookies import Cookies
from lab.client.default_headers import DefaultHeaders
from lab.client.failures import RequestFailed
from lab.client.headers import Headers
from lab.client.pool import Answer, Patience, Pool, Terms

REDIRECTS = frozenset({301, 302, 303, 307, 308})
MOST_PREPARED = 1000
"""How many prepared requests are kept: most users repeat a few URLs, but some use a new one each time."""


OwnHeaders = dict[str, tuple[str, Any]]
"""Name and value of each header by its name in lower case."""


class Prepared(NamedTuple):
    """A request without its body. `headers`: without those that every request of every user has.

    `is_last`: it asks the server to close the connection afterwards. `has_cookie`: it has a Cookie header of its own.
    """

    method: str
    url: str
    origin: Origin
    head: bytes
    headers: OwnHeaders
    is_last: bool
    has_cookie: bool


Redirected = tuple[Answer, Prepared]
"""An answer that led on, with the request that it answers."""


class Exchange:
    """What a user keeps between two requests: connections, cookies, prepared requests."""

    def __init__(
        self, base_url: str, terms: Terms, headers: Mapping[str, Any] | None, max_redirects: int, cookies: bool
    ) -> None:
        self._prepared: dict[Any, Prepared] = {}
        self._base_url, self._authorization = message.without_credentials(base_url)
        # a password in the URL is for its server alone, one that the task sets is for every URL that it asks
        self._authorized_origin: Origin | None = message.split(self._base_url)[0]
        self.headers = DefaultHeaders(headers or {}, self._prepared.clear)
        self.max_redirects = max_redirects
        self._pool, self._proxied = Pool(terms), terms.proxy is not None
        self.cookies = Cookies() if cookies else None
        self.close, self.close_idle = self._pool.close, self._pool.close_idle

    @property
    def base_url(self) -> str:
        """What each path is put behind."""
        return self._base_url

    @base_url.setter
    def base_url(self, url: str) -> None:
        self._base_url = url
        self._prepared.clear()

    def limit_redirects(self, most: int) -> None:
        """Sets how many redirects a request follows."""
        self.max_redirects = most

    @property
    def authorization(self) -> str | None:
        """The Authorization header of every request."""
        return self._authorization

    @authorization.setter
    def authorization(self, value: str | None) -> None:
        self._authorization, self._authorized_origin = value, None
        self._prepared.clear()

    def prepare(
        self,
        method: str,
        url: str,
        kind: str | None,
        headers: Mapping[str, Any] | None,
        auth: message.Credentials | None,
    ) -> Prepared:
        """The request to a URL, or to a path below the base URL, with a body of this content type."""
        key = method, url, kind, tuple(headers.items()) if headers else None, auth
        try:
            prepared = self._prepared.get(key)
        except TypeError:
            # a header with a list of values
            return self._make(method, url, kind, headers, auth)
        if prepared is None:
            prepared = self._make(method, url, kind, headers, auth)
            if len(self._prepared) >= MOST_PREPARED:
                self._prepared.clear()
            self._prepared[key] = prepared
        return prepared

    def upload(
        self,
        method: str,
        url: str,
        kind: str,
        headers: Mapping[str, Any] | None,
        auth: message.Credentials | None,
    ) -> Prepared:
        """As `prepare`, for a body of files: their content type goes before all others, and is new each time."""
        return self._make(method, url, None, {**(headers or {}), "Content-Type": kind}, auth)

    def _make(
        self,
        method: str,
        url: str,
        kind: str | None,
        headers: Mapping[str, Any] | None,
        auth: message.Credentials | None,
    ) -> Prepared:
        absolute = url if url[:8].lower().startswith(("http://", "https://")) else self._below_base(url)
        own = message.merged(*_implied(kind, self.headers), headers or {}, self._authorize(absolute, auth))
        return self._prepare(method.upper(), absolute, own)

    def _below_base(self, path: str) -> str:
        if path and path[0] not in "/?#" and self._base_url.count("/") == 2:
            raise ValueError(f'the path "{path}" begins with no slash: it would be part of the host')
        return self._base_url + path

    def _authorize(self, url: str, auth: message.Credentials | None) -> dict[str, str]:
        if auth:
            return {"Authorization": message.basic_authorization(auth)}
        if self._authorization and self._authorized_origin in {None, message.split(url)[0]}:
            return {"Authorization": self._authorization}
        return {}

    def _prepare(self, method: str, url: str, headers: OwnHeaders) -> Prepared:
        origin, target = message.split(url)
        if self._proxied and not origin.tls:
            target = f"http://{origin.authority}{target}"
        head = message.head_of(method, origin, target, headers)
        is_last = b"\r\nconnection: close\r\n" in head.lower()
        return Prepared(method, url, origin, head, headers, is_last, "cookie" in headers)

    def ask(
        self, request: Prepared, body: bytes | None, redirects: bool, patience: Patience, streamed: bool = False
    ) -> tuple[Answer, Prepared, Sequence[Redirected]]:
        """The answer, the request that it answers, and what led there. Raises RequestFailed."""
        deadline = time.perf_counter() + patience.whole
        answer = self._ask(request, body, deadline, patience, streamed)
        if not redirects or answer.status not in REDIRECTS:
            return answer, request, ()
        history: list[Redirected] = []
        left = self.max_redirects
        while left and answer.status in REDIRECTS and (location := Headers(answer.head).get("Location")):
            if len(history) == left:
                raise RequestFailed(f"TooManyRedirects: more than {left}")
            if answer.stream:
                answer.stream.close()
            history.append((answer, request))
            request, body = self._redirect(request, body, answer.status, location)
            answer = self._ask(request, body, deadline, patience, streamed)
        return answer, request, history

    def _ask(
        self, request: Prepared, body: bytes | None, deadline: float, patience: Patience, streamed: bool
    ) -> Answer:
        method, url, origin, head, _, is_last, has_cookie = request
        cookies = self.cookies
        if cookies and not has_cookie:
            head += cookies.line(url)
        answer = self._pool.ask(origin, method, message.whole(method, head, body), deadline, patience, streamed)
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
        # the jar has the cookies of the new place
        dropped = {"cookie"} if origin == request.origin else {"cookie", "authorization"}
        if status in {301, 302, 303}:
            method, body = "HEAD" if method == "HEAD" else "GET", None
            dropped |= {"content-type", "content-encoding"}
        headers = {name: header for name, header in headers.items() if name not in dropped}
        return self._prepare(method, url, headers), body


def _implied(kind: str | None, defaults: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The user's headers, and those that go with a body of this content type: the stronger ones last."""
    if kind is None:
        return [defaults]
    if kind == message.JSON:
        return [defaults, {"Content-Type": kind, "Accept": kind}]
    return [{"Content-Type": kind}, defaults]
