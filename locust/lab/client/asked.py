"""The request of a response, for tasks that look at what was sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.client.headers import Headers

if TYPE_CHECKING:
    from lab.client.exchange import Prepared


class Request:
    """`response.request`: method, URL, headers (cookies of the jar left out) and body, as they were sent."""

    def __init__(self, prepared: Prepared, body: bytes | None) -> None:
        self.method, self.url = prepared.method, prepared.url
        self.headers = Headers(prepared.head.rstrip(b"\r\n"))
        self.body = self.payload = body
