"""A line to a server that can be made deaf: what the client says still arrives, what the server answers does not."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class DeafLine:
    """A TCP proxy to a port on loopback; after a request with `falls_deaf_at` in it no answer comes."""

    def __init__(self, port: int) -> None:
        self.falls_deaf_at: bytes | None = None
        self._to = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):  # closed
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._to))
                is_deaf = threading.Event()
                for each in ((client, server, is_deaf, True), (server, client, is_deaf, False)):
                    threading.Thread(target=self._pass_on, args=each, daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket, is_deaf: threading.Event, is_request: bool) -> None:
        with source:
            with suppress(OSError):
                while data := source.recv(65536):
                    if is_request and self.falls_deaf_at is not None and self.falls_deaf_at in data:
                        is_deaf.set()
                    if is_request or not is_deaf.is_set():
                        sink.sendall(data)
            with suppress(OSError):
                sink.shutdown(socket.SHUT_RDWR)  # so that the other direction ends as well

    def close(self) -> None:
        """Accept no more."""
        self._listener.close()


@contextmanager
def deaf_line(port: int) -> Iterator[DeafLine]:
    """A line that hears, until the test makes it deaf."""
    line = DeafLine(port)
    try:
        yield line
    finally:
        line.close()
