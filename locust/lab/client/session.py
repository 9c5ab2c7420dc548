"""The client of a user: requests by method and path, each reported to Locust."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from time import perf_counter, time
from typing import TYPE_CHECKING, Any, Never, TypedDict, Unpack

from locust import User

from lab.client import bodies, message
from lab.client.exchange import Exchange, Prepared
from lab.client.failures import BadStatus, RequestFailed
from lab.client.headers import Headers
from lab.client.message import UnsupportedOption
from lab.client.pool import Patience, Terms
from lab.client.response import Response

if TYPE_CHECKING:
    from http.cookiejar import CookieJar

    from locust.event import EventHook


class Options(TypedDict, total=False):
    """The options of a request."""

    name: str | None
    data: message.Data
    json: Any
    headers: Mapping[str, Any] | None
    params: message.Params
    auth: message.Credentials | None
    timeout: float | tuple[float, float] | None
    allow_redirects: bool
    catch_response: bool
    context: Mapping[str, Any] | None


class LeanHttpSession:
    """`get`, `post` and the others, as FastHttpUser's client has them."""

    def __init__(  # noqa: PLR0913 - what a user class can set
        self,
        base_url: str,
        request_event: EventHook,
        user: User | None = None,
        terms: Terms | None = None,
        *,
        headers: Mapping[str, Any] | None = None,
        max_redirects: int = 30,
        cookies: bool = True,
    ) -> None:
        self.base_url, self.request_event, self.user = base_url, request_event, user
        self.request_name: str | None = None
        self._terms = terms or Terms()
        self._exchange = Exchange(base_url, self._terms, headers, max_redirects, cookies)
        self._patience = Patience(self._terms.connect_seconds, self._terms.whole_seconds)
        self._has_context = user is not None and type(user).context is not User.context
        self.close = self._exchange.close

    @property
    def cookiejar(self) -> CookieJar | None:
        """The user's cookies; None where it keeps none."""
        return self._exchange.cookies

    def request(  # noqa: PLR0913, PLR0917 - the options of FastHttpUser's client, in its order
        self,
        method: str,
        url: str,
        name: str | None = None,
        data: message.Data = None,
        catch_response: bool = False,
        stream: bool = False,
        headers: Mapping[str, Any] | None = None,
        auth: message.Credentials | None = None,
        json: Any = None,
        allow_redirects: bool = True,
        context: Mapping[str, Any] | None = None,
        *,
        params: message.Params = None,
        timeout: float | tuple[float, float] | None = None,
        **unsupported: Any,
    ) -> Response:
        """Sends a request and reports it; with catch_response=True the response's with-block reports it.

        `data` is text, bytes, or a form; `json` is used where there is no data. `timeout` is in seconds, for the whole
        request or as (connection, whole). `name` replaces the URL in the statistics.
        """
        started_at = time()
        if stream or unsupported:
            _refuse({"stream": stream, **unsupported})
        if auth:
            headers = _authorized(headers, auth)
        body, kind = (None, None) if data is None and json is None else message.body_of(data, json)
        request = self._exchange.prepare(method, message.with_params(url, params), kind, headers)
        meta: dict[str, Any] = {
            "request_type": method,
            "name": name or self.request_name or url,
            "context": self._context(context) if context or self._has_context else {},
            "exception": None,
            "start_time": started_at,
            "url": request.url,
            "response_length": 0,
        }
        patience = self._patience if timeout is None else _patience(timeout)
        response = self._ask(request, body, allow_redirects, patience, meta, catch_response)
        if not catch_response:
            self.request_event.fire(response=response, **meta)
        return response

    def _ask(  # noqa: PLR0913, PLR0917 - the parts of a request
        self,
        request: Prepared,
        body: bytes | None,
        redirects: bool,
        patience: Patience,
        meta: dict[str, Any],
        caught: bool,
    ) -> Response:
        """The answer, or its failure; sets time, length and failure in `meta`."""
        error: RequestFailed | None = None
        status, head, content, final_url = 0, b"", None, request.url
        started = perf_counter()
        try:
            answer, final_url = self._exchange.ask(request, body, redirects, patience)
            meta["response_time"] = (perf_counter() - started) * 1000
            status, head, content, is_plain = answer
            if not is_plain and (encodings := Headers(head).get("Content-Encoding")):
                content = bodies.decode(content, encodings, self._terms.most_body_bytes)
            meta["response_length"] = len(content)
            if not 200 <= status < 400:
                meta["exception"] = error = BadStatus(status)
        except RequestFailed as failed:
            meta.setdefault("response_time", (perf_counter() - started) * 1000)
            meta["exception"] = error = failed
            status, content = 0, None
        return Response(status, head, content, error, final_url, self.request_event, meta, caught)

    def _context(self, context: Mapping[str, Any] | None) -> dict[str, Any]:
        own = self.user.context() if self.user and self._has_context else {}
        return {**own, **(context or {})}

    def get(self, url: str, **options: Unpack[Options]) -> Response:
        """Sends a GET request."""
        return self.request("GET", url, **options)

    def post(self, url: str, data: message.Data = None, json: Any = None, **options: Unpack[Options]) -> Response:  # type: ignore[misc] # as FastHttpUser has it
        """Sends a POST request."""
        return self.request("POST", url, data=data, json=json, **options)

    def put(self, url: str, data: message.Data = None, **options: Unpack[Options]) -> Response:  # type: ignore[misc] # as above
        """Sends a PUT request."""
        return self.request("PUT", url, data=data, **options)

    def patch(self, url: str, data: message.Data = None, **options: Unpack[Options]) -> Response:  # type: ignore[misc] # as above
        """Sends a PATCH request."""
        return self.request("PATCH", url, data=data, **options)

    def delete(self, url: str, **options: Unpack[Options]) -> Response:
        """Sends a DELETE request."""
        return self.request("DELETE", url, **options)

    def head(self, url: str, **options: Unpack[Options]) -> Response:
        """Sends a HEAD request."""
        return self.request("HEAD", url, **options)

    def options(self, url: str, **options: Unpack[Options]) -> Response:
        """Sends an OPTIONS request."""
        return self.request("OPTIONS", url, **options)

    def iter_lines(self, *_: Any, **__: Any) -> Never:
        """Not supported: answers are read whole."""
        raise UnsupportedOption("iter_lines()")

    @contextmanager
    def rename_request(self, name: str) -> Iterator[None]:
        """Counts all requests of the block under this name."""
        self.request_name = name
        try:
            yield
        finally:
            self.request_name = None


def _refuse(options: Mapping[str, Any]) -> None:
    for option, value in options.items():
        if value not in (None, False):
            raise UnsupportedOption(f"{option}=")


def _authorized(headers: Mapping[str, Any] | None, auth: message.Credentials) -> dict[str, Any]:
    return {**(headers or {}), "Authorization": message.basic_authorization(auth)}


def _patience(timeout: float | tuple[float, float]) -> Patience:
    return Patience(*timeout) if isinstance(timeout, tuple) else Patience(timeout, timeout)
