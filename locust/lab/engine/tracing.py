"""A share of the requests carries a trace id (W3C Trace Context, level 1), so that the slow ones can be looked up.

What the service and those behind it did for such a request is then in the tracing system under the same id. Without
LAB_TRACE nothing of this is in the way of a request.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from locust.clients import HttpSession
from locust.contrib.fasthttp import FastHttpSession
from locust.event import EventHook

from lab.client.session import LeanHttpSession
from lab.engine.answers import describe
from lab.exchanges.keeping import Keeping

HEADER = "traceparent"
CONTEXT = "lab_trace_id"
"""Where in a request's context its trace id travels to the listeners."""
CLIENTS = (LeanHttpSession, FastHttpSession, HttpSession)


class Tracing:
    """Marks requests of users, and keeps those of the marked that failed or were slow."""

    def __init__(self, share: float, exchanges: Keeping, chance: random.Random | None = None) -> None:
        """`share` of the requests are marked."""
        self._share, self._exchanges = share, exchanges
        self._chance = chance or random.SystemRandom()

    def join(self, request: EventHook) -> None:
        """From now on, in this process, where any requests are to be marked."""
        if self._share:
            for client in CLIENTS:
                client.request = self._marking(client.request)  # type: ignore[method-assign]
            request.add_listener(self._on_request)

    def _marking(self, request: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(request)
        def marked(*arguments: Any, **options: Any) -> Any:
            headers: Mapping[str, Any] = options.get("headers") or {}
            is_marked = self._chance.random() < self._share and HEADER not in {name.lower() for name in headers}
            return request(*arguments, **(self._with_id(options, headers) if is_marked else options))

        return marked

    def _with_id(self, options: Mapping[str, Any], headers: Mapping[str, Any]) -> dict[str, Any]:
        trace, span = (f"{self._chance.getrandbits(bits) or 1:0{bits // 4}x}" for bits in (128, 64))
        return {
            **options,
            "headers": {**headers, HEADER: f"00-{trace}-{span}-01"},
            "context": {**(options.get("context") or {}), CONTEXT: trace},
        }

    def _on_request(  # noqa: PLR0913, PLR0917 - what Locust says of a request, by its names
        self,
        request_type: str,
        name: str,
        response_time: float | None = None,
        exception: Any = None,
        response: Any = None,
        context: Mapping[str, Any] | None = None,
        url: str | None = None,
        **_: Any,
    ) -> None:
        if context and (trace := context.get(CONTEXT)):
            failure = self._exchanges.known.shown(describe(exception)) if exception else ""
            self._exchanges.take_traced((request_type, name), response_time, failure, response, url, trace)
