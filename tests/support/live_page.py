"""The pages of the lab on a small Flask app in place of Locust's web UI, with a conductor that a test leads."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, Response, jsonify
from werkzeug.serving import BaseWSGIServer, make_server

from lab.pages.live import add_pages

POLL_SECONDS = 0.01
"""How often the server looks whether it shall end."""


@dataclass
class StubRun:
    """A run that says of itself what it is told to."""

    folder: Path
    said: dict[str, Any]

    def snapshot(self) -> dict[str, Any]:
        return self.said


@dataclass
class StubConductor:
    """A conductor whose run can be exchanged."""

    run: StubRun | None = None


@dataclass
class StubWebUI:
    """What add_pages sees of Locust's web UI: an app with Locust's own page and statistics."""

    app: Flask | None = field(default_factory=lambda: Flask("stub"))
    template_args: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        assert self.app
        locust = Blueprint("locust", "stub")
        cached: list[Response] = []

        @locust.route("/")
        def index() -> str:
            return "<html><body><h1>Locust</h1></body></html>"

        @locust.route("/stats/requests")
        def request_stats() -> Response:
            # one response for many requests, as Locust keeps it for two seconds
            if not cached:
                cached.append(jsonify({"stats": [], "state": "ready"}))
            return cached[0]

        self.app.register_blueprint(locust)

    def auth_required_if_enabled(self, view_func: Callable[..., Any]) -> Callable[..., Any]:
        return view_func


class LivePage:
    """The pages, served on loopback until they are stopped."""

    def __init__(self, results: Path) -> None:
        self.conductor = StubConductor()
        self.web_ui = StubWebUI()
        add_pages(self.web_ui, self.conductor, results)
        assert self.web_ui.app
        self.app = self.web_ui.app
        self._server: BaseWSGIServer | None = None
        self._port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> LivePage:
        self._server = make_server("127.0.0.1", self._port, self.app, threaded=True)
        self._port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(POLL_SECONDS,), daemon=True).start()
        return self

    def stop(self) -> None:
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
