"""The client of a user: requests by method and path, each reported to Locust."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from time import perf_counter, time
from typing import TYPE_CHECKING, Any, Unpack

from locust import User

from lab.client import bodies, message, uploads
from lab.client.agent import Agent
from lab.client.exchange import Exchange, Prepared, Redirected
from lab.client.failures import BadStatus, RequestFailed
from lab.client.headers import Headers
from lab.client.message import UnsupportedOption
from lab.client.options import Options, patience_of, refuse
from lab.client.pool import Patience, Terms
from lab.client.response import Response
from lab.client.streamed import StreamedResponse, lines_of
from lab.client.uploads import Files

if TYPE_CHECKING:
    from http.cookiejar import CookieJar

    from locust.event import EventHook


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
        self.request_event, self.user = request_event, user
        self.request_name: str | None = None
        self._terms = terms or Terms()
        self._exchange = Exchange(base_url, self._terms, headers, max_redirects, cookies)
        self._patience = Patience(self._terms.connect_seconds, self._terms.whole_seconds)
        self._has_context = user is not None and type(user).context is not User.context
        self.close = self._exchange.close
        self.client = Agent(self._exchange)

    @property
    def base_url(self) -> str:
        """What each path is put behind; a change counts from the next request on."""
        return self._exchange.base_url

    @base_url.setter
    def base_url(self, url: str) -> None:
        self._exchange.base_url = url

    @property
    def auth_header(self) -> str | None:
        """The Authorization header of every request without `auth`; a change counts from the next one on."""
        return self._exchange.authorization

    @auth_header.setter
    def auth_header(self, value: str | None) -> None:
        self._exchange.authorization = value

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
        files: Files | None = None,
        **unsupported: Any,
    ) -> Response:
        """Sends a request and reports it; with catch_response=True the response's with-block reports it.

        `data` is text, bytes, a form, or an open file; `json` is used where there is no data. `timeout` is in seconds,
        for the whole request or as (connection, whole). `name` replaces the URL in the statistics. With `stream`, the
        reported time ends with the answer's head, and the body is read later.
        """
        started_at = time()
        if unsupported:
            refuse(unsupported)
        address = message.with_params(url, params) if params else url
        if files:
            request, body = self._upload(method, address, files, data, json, headers, auth)
        else:
            body, kind = (None, None) if data is None and json is None else message.body_of(data, json)
            request = self._exchange.prepare(method, address, kind, headers, auth)
        meta: dict[str, Any] = {
            "request_type": method,
            "name": name or self.request_name or url,
            "context": self._context(context) if context or self._has_context else {},
            "exception": None,
            "start_time": started_at,
            "url": request.url,
            "response_length": 0,
        }
        patience = self._patience if timeout is None else patience_of(timeout)
        response = self._ask(request, body, allow_redirects, patience, meta, catch_response, stream)
        if not catch_response:
            self.request_event.fire(response=response, **meta)
        return response

    def _upload(  # noqa: PLR0913, PLR0917 - the options that a request with files may have
        self,
        method: str,
        url: str,
        files: Files,
        data: Any,
        json: Any,
        headers: Mapping[str, Any] | None,
        auth: message.Credentials | None,
    ) -> tuple[Prepared, bytes | None]:
        if json is not None and not data:
            raise UnsupportedOption("files= with json=")
        body, kind = uploads.encode(files, data)
        return self._exchange.upload(method, url, kind, headers, auth), body

    def _ask(  # noqa: PLR0913, PLR0917 - the parts of a request
        self,
        request: Prepared,
        body: bytes | None,
        redirects: bool,
        patience: Patience,
        meta: dict[str, Any],
        caught: bool,
        streamed: bool,
    ) -> Response:
        """The answer, or its failure; sets time, length and failure in `meta`."""
        error: RequestFailed | None = None
        status, head, content, stream, share = 0, b"", None, None, None
        asked: Prepared = request
        redirected: Sequence[Redirected] = ()
        started = perf_counter()
        try:
            answer, asked, redirected = self._exchange.ask(request, body, redirects, patience, streamed)
            meta["response_time"] = (perf_counter() - started) * 1000
            status, head, content, is_plain, stream, share = answer
            if stream:
                meta["response_length"] = _announced(head)
            else:
                if not is_plain and (encodings := Headers(head).get("Content-Encoding")):
                    content, share = bodies.decode_in_room(content, encodings, self._terms.most_body_bytes, share)
                meta["response_length"] = len(content)
            if not 200 <= status < 400:
                meta["exception"] = error = BadStatus(status)
        except RequestFailed as failed:
            meta.setdefault("response_time", (perf_counter() - started) * 1000)
            meta["exception"] = error = failed
            status, content, share = 0, None, None
        if stream:
            made = StreamedResponse(
                status, head, None, error, asked, body, redirected, self.request_event, meta, caught
            )
            return made.carry(stream, self._terms.most_body_bytes)
        response = Response(status, head, content, error, asked, body, redirected, self.request_event, meta, caught)
        if share:
            response.share = share
        return response

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

    def iter_lines(self, url: str, method: str = "GET", **options: Any) -> Iterator[str]:
        """Sends a request and gives each line of the answer as it arrives. Raises the failure where there is one."""
        response = self.request(method, url, stream=True, **options)
        response.raise_for_status()
        yield from lines_of(response)

    @contextmanager
    def rename_request(self, name: str) -> Iterator[None]:
        """Counts all requests of the block under this name."""
        self.request_name = name
        try:
            yield
        finally:
            self.request_name = None


def _announced(head: bytes) -> int:
    """The length of the body as its head announces it; 0 where it does not."""
    length = Headers(head).get("Content-Length") or ""
    return int(length) if length.isdecimal() else 0
