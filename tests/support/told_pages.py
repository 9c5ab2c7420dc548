"""A server whose answers a test lays down: a page for a path, asked for the n-th time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

POLL_SECONDS = 0.01
"""How often a server looks whether it shall end."""
Page = tuple[int, dict[str, str], bytes]
Pages = Callable[[str, int], Page]
"""The answer to a GET of the path, asked for the n-th time."""


class Talking(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Any

    def do_GET(self) -> None:
        """Answers what the test has laid down."""
        asked = self.server.asked
        asked.append(self.path)
        status, headers, body = self.server.pages(self.path, asked.count(self.path))
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Not on the terminal."""


@contextmanager
def servers(handler: type[BaseHTTPRequestHandler] = Talking) -> Iterator[Callable[[Any], Any]]:
    """Starts servers with such `pages`, each with its `url` and what was `asked`; ends them all."""
    running: list[Any] = []

    def start(pages: Any) -> Any:
        listening: Any = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        listening.pages, listening.asked = pages, []
        listening.url = f"http://127.0.0.1:{listening.server_port}"
        Thread(target=listening.serve_forever, args=(POLL_SECONDS,), daemon=True).start()
        running.append(listening)
        return listening

    yield start
    for listening in running:
        listening.shutdown()
        listening.server_close()


def marked(value: Any, method: str = "get") -> Page:
    document = {"paths": {"/orders": {"parameters": [], "post": {}, method: {"x-lab-state": value}}}}
    return 200, {}, json.dumps(document).encode()


def states(*pages: Page) -> Pages:
    """A state of so many pages: /orders, /1, /2 and so on; the description before them."""

    def answer(path: str, _time: int) -> Page:
        if path == "/openapi.json":
            return marked({"limit": 2})
        number = 0 if path.startswith("/orders") else int(path[1:])
        status, headers, body = pages[number]
        following = {"Link": f'</{number + 1}>; rel="next"'} if number + 1 < len(pages) else {}
        return status, {**following, **headers}, body

    return answer
