"""A door before a service: TLS by a private certificate, and a login for whatever only the lab itself asks."""

from __future__ import annotations

import http.client
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from pathlib import Path

HOP_BY_HOP = {"connection", "content-length", "keep-alive", "transfer-encoding"}


def make_certificate(folder: Path, host: str = "localhost") -> Path:
    """A file with a self-signed certificate for a host and its key; `.crt` beside it is the certificate alone."""
    file = folder / "private.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    command += ["-keyout", str(file), "-out", str(file.with_suffix(".crt")), "-subj", f"/CN={host}"]
    subprocess.run([*command, "-addext", f"subjectAltName=DNS:{host}"], check=True, capture_output=True)
    file.write_text(file.read_text() + file.with_suffix(".crt").read_text())
    return file


class GuardedDoor(ThreadingHTTPServer):
    """Hands requests on to a service. `own` are those that only the lab asks, `others` the rest: (request, login)."""

    daemon_threads, block_on_close = True, False

    def __init__(self, service: str, certificate: Path, login: str, at: str = "127.0.0.1") -> None:
        super().__init__((at, 0), _Handler)
        self.upstream, self.login = urlsplit(service).netloc, login
        self.own: set[tuple[str, str]] = set()
        self.others: set[tuple[str, str]] = set()
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate)
        self.url = f"https://localhost:{self.server_port}"

    def get_request(self) -> tuple[ssl.SSLSocket, object]:
        """A connection, whose handshake is made by the thread that reads first."""
        plain, address = self.socket.accept()
        plain.settimeout(10)
        return self._context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False), address

    def handle_error(self, *_: object) -> None:
        """A client that went away, or that does not trust the certificate."""

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: GuardedDoor

    def handle_one_request(self) -> None:
        self.close_connection = True
        self.raw_requestline = self.rfile.readline(65537)
        if self.raw_requestline and self.parse_request():
            self._pass_on()

    def _pass_on(self) -> None:
        door = self.server
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        given = self.headers.get("Authorization") or ""
        path = urlsplit(self.path).path
        # readers ask for /tests as it is, and read back by Location
        is_own = self.command == "DELETE" or not path.startswith("/tests") or "limit=" in self.path
        (door.own if is_own else door.others).add((f"{self.command} {path}", given))
        if is_own and given != door.login:
            self._answer(401, {}, b"who are you?")
            return
        connection = http.client.HTTPConnection(door.upstream, timeout=10)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
        connection.request(self.command, self.path, body or None, headers)
        answer = connection.getresponse()
        self._answer(answer.status, dict(answer.headers.items()), answer.read())
        connection.close()

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = False

    def log_message(self, *_: object) -> None:
        """Nothing: a test asks `own` and `others`."""
