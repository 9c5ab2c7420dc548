"""Half requests at the UI's port: who does not say in time, or in a bounded length, what he wants is sent away."""

from __future__ import annotations

import time
from contextlib import suppress
from io import BytesIO
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
    """The greenlets of connections whose request is not whole, the oldest first."""

    def __init__(self) -> None:
        self._since: dict[Any, float] = {}
        self._looks: gevent.Greenlet[..., None] | None = None

    def begin(self) -> None:
        """This greenlet waits for a request."""
        self._looks = self._looks or gevent.spawn(self._look)
        if len(self._since) >= MOST_WAITING:
            self._close(next(iter(self._since)))
        self._since[gevent.getcurrent()] = time.monotonic()

    def end(self) -> None:
        """This greenlet has its request whole, or has given it up."""
        self._since.pop(gevent.getcurrent(), None)

    def _look(self) -> None:
        while True:
            gevent.sleep(LOOKS_EVERY_SECONDS)
            late = time.monotonic() - WHOLE_WITHIN_SECONDS
            for greenlet in [greenlet for greenlet, since in self._since.items() if since < late]:
                self._close(greenlet)

    def _close(self, greenlet: Any) -> None:
        del self._since[greenlet]
        greenlet.kill(block=False)  # its connection is closed with it, without a word in the log


WAITING = Waiting()


class CarefulHandler(pywsgi.WSGIHandler):
    """A connection to the UI. gevent 26.9 itself waits for ever, for as many as come."""

    def handle(self) -> None:
        """Requests and answers, until one side has enough."""
        with suppress(ConnectionError):  # who asked is gone
            super().handle()

    def handle_one_request(self) -> Any:
        """One request and its answer, as gevent does it."""
        WAITING.begin()
        try:
            return super().handle_one_request()
        finally:
            WAITING.end()

    def run_application(self) -> None:
        """Reads the body, and has Locust answer."""
        assert self.environ is not None
        try:
            body = self.environ["wsgi.input"].read(MOST_BODY + 1)
        except OSError:  # half a request, and then nobody to answer
            self.close_connection = True
            return
        WAITING.end()
        self.environ["wsgi.input"] = BytesIO(body)
        if len(body) > MOST_BODY:
            self.application, self.close_connection = _too_long, True
        super().run_application()


def _too_long(_: Any, start_response: Any) -> list[bytes]:
    start_response("413 Content Too Large", [("Content-Type", "text/plain"), ("Connection", "close")])
    return [b"the body is too long\n"]
