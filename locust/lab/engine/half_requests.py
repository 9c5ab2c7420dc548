"""Half requests at the UI's port: who does not say in time, or in a bounded length, what he wants is sent away."""

from __future__ import annotations

import time
from contextlib import suppress
from io import BytesIO
from socket import SHUT_RDWR
from typing import Any

import gevent
from gevent import pywsgi

MOST_WAITING = 200
"""Connections whose request is not whole; of more than these the one that has waited longest is closed."""
WHOLE_WITHIN_SECONDS = 15.0
"""From the connection, or from the answer before, to the last byte of a request."""
MOST_BODY = 1_000_000
"""Bytes: the UI's forms have some hundred."""
LOOKS_EVERY_SECONDS = 1.0


class Waiting:
    """The connections whose request is not whole, the oldest first."""

    def __init__(self) -> None:
        self._since: dict[Any, float] = {}
        self._looks: gevent.Greenlet[..., None] | None = None

    def begin(self, handler: Any) -> None:
        """A request is waited for."""
        self._looks = self._looks or gevent.spawn(self._look)
        if len(self._since) >= MOST_WAITING:
            self._close(next(iter(self._since)))
        self._since[handler] = time.monotonic()

    def end(self, handler: Any) -> None:
        """The request is whole, or its connection is closed."""
        self._since.pop(handler, None)

    def _look(self) -> None:
        while True:
            gevent.sleep(LOOKS_EVERY_SECONDS)
            late = time.monotonic() - WHOLE_WITHIN_SECONDS
            for handler in [handler for handler, since in self._since.items() if since < late]:
                self._close(handler)

    def _close(self, handler: Any) -> None:
        self.end(handler)
        with suppress(OSError, AttributeError):  # it may be gone already
            handler.socket.shutdown(SHUT_RDWR)


WAITING = Waiting()


class CarefulHandler(pywsgi.WSGIHandler):
    """A connection to the UI. gevent 26.9 itself waits for ever, for as many as come."""

    def handle_one_request(self) -> Any:
        """One request and its answer, as gevent does it."""
        WAITING.begin(self)
        try:
            return super().handle_one_request()
        finally:
            WAITING.end(self)

    def run_application(self) -> None:
        """Reads the body, and has Locust answer."""
        assert self.environ is not None
        body = self.environ["wsgi.input"].read(MOST_BODY + 1)
        WAITING.end(self)
        self.environ["wsgi.input"] = BytesIO(body)
        if len(body) > MOST_BODY:
            self.application, self.close_connection = _too_long, True
        super().run_application()


def _too_long(_: Any, start_response: Any) -> list[bytes]:
    start_response("413 Content Too Large", [("Content-Type", "text/plain"), ("Connection", "close")])
    return [b"the body is too long\n"]
