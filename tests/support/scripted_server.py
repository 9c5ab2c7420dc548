"""A server that does what a test tells it, byte by byte: what no honest server would do included."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable
    from ssl import SSLContext

GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nX-Good: yes\r\n\r\ngood"


def answer(body: bytes = b"", status: str = "200 OK", *headers: str) -> bytes:
    """A plain answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


class Talk:
    """One connection, on the server's side."""

    def __init__(self, server: ScriptedServer, connection: socket.socket) -> None:
        self._server, self._connection = server, connection
        self._received = b""

    def request(self) -> bytes:
        """The next request, whole; empty where there is none any more."""
        while b"\r\n\r\n" not in self._received:
            if not (more := self._connection.recv(65536)):
                return b""
            self._received += more
        head, _, rest = self._received.partition(b"\r\n\r\n")
        lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        length = int(lengths[0].partition(b":")[2]) if lengths else 0
        while len(rest) < length:
            rest += self._connection.recv(65536)
        self._received = rest[length:]
        whole = head + b"\r\n\r\n" + rest[:length]
        self._server.requests.append(whole)
        return whole

    def send(self, *parts: bytes, pause: float = 0.0) -> None:
        """Send these, a segment each."""
        for part in parts:
            self._connection.sendall(part)
            time.sleep(pause)

    def secure(self, context: SSLContext) -> None:
        """Go on with TLS, as behind a proxy."""
        self._connection = context.wrap_socket(self._connection, server_side=True)
        self._server.keep(self._connection)

    def stay(self) -> None:
        """Do nothing more until the client goes."""
        with contextlib.suppress(OSError):
            while self._connection.recv(65536):
                pass

    def reset(self) -> None:
        """End it with a RST."""
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._connection.close()


def good(talk: Talk) -> None:
    """Answer whatever is asked."""
    while talk.request():
        talk.send(GOOD)


class ScriptedServer:
    """Listens on a port of its own; the first connection is served by the first script and so on, the rest are good."""

    def __init__(
        self, *scripts: Callable[[Talk], Any], host: str = "127.0.0.1", port: int = 0, tls: SSLContext | None = None
    ) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self._scripts, self._tls = list(scripts), tls
        self._listener = socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=64
        )
        self.port = self._listener.getsockname()[1]
        name = f"[{host}]" if ":" in host else host
        self.url = f"{'https' if tls else 'http'}://{name}:{self.port}"
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        self._thread.join(5)

    def keep(self, connection: socket.socket) -> None:
        """Has it closed with the server."""
        self._open.append(connection)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                script = self._scripts[self.connections] if self.connections < len(self._scripts) else good
                self.connections += 1
                threading.Thread(target=self._serve, args=(connection, script), daemon=True).start()

    def _serve(self, connection: socket.socket, script: Callable[[Talk], Any]) -> None:
        with contextlib.suppress(OSError):
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
            self.keep(connection)
            script(Talk(self, connection))
        connection.close()


def replies(*parts: bytes) -> Callable[[Talk], None]:
    """A reply to each request, and then good ones."""

    def script(talk: Talk) -> None:
        for part in parts:
            talk.request()
            talk.send(part)
        good(talk)

    return script


def only(server: ScriptedServer) -> tuple[str, dict[str, str], bytes]:
    """The one request: its first line, its headers in lower case, and its body."""
    (request,) = server.requests
    head, _, body = request.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    return first, {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}, body
