"""The UI served on loopback for a browser, with a conductor that a test leads."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from werkzeug.serving import BaseWSGIServer, make_server

from tests.support.ui import BuiltUI, Led, StubRun, built

__all__ = ["LivePage", "StubRun", "live_page"]

POLL_SECONDS = 0.01
"""How often the server looks whether it shall end."""


class LivePage:
    """The UI, served from `start` to `stop`, at the same port each time."""

    def __init__(self, ui: BuiltUI) -> None:
        self._ui = ui
        self.app = ui.app
        self._server: BaseWSGIServer | None = None
        self._port = 0

    @property
    def conductor(self) -> Led:
        return self._ui.conductor

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


@contextmanager
def live_page(results: Path, **knobs: Any) -> Iterator[LivePage]:
    """The UI, served until the block ends; past runs are those in `results`."""
    with built(results.parent, LAB_RESULTS=str(results), **knobs) as ui:
        page = LivePage(ui).start()
        yield page
        page.stop()
