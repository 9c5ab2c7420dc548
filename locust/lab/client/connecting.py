"""Opens connections: name, address, socket, TLS. This is rare, so it uses gevent's own calls."""

from __future__ import annotations

from _socket import IPPROTO_TCP, TCP_NODELAY, socket
from typing import TYPE_CHECKING, NamedTuple

import gevent
from gevent.socket import create_connection, wait_read

from lab.client import failures
from lab.client.failures import RequestFailed
from lab.client.tls import TlsSocket
from lab.reach import check_name

if TYPE_CHECKING:
    from ssl import SSLContext

MOST_PROXY_HEAD_BYTES = 16 * 1024


class Origin(NamedTuple):
    """The server that a connection leads to."""

    tls: bool
    host: str
    port: int

    @property
    def authority(self) -> str:
        """Host and port as in a URL and in the Host header: the port only where it is not the usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.tls else 80) else f"{host}:{self.port}"


class Proxy(NamedTuple):
    """An HTTP proxy, by which all servers are reached."""

    host: str
    port: int


def connect(
    origin: Origin,
    secured_by: SSLContext | None,
    seconds: float,
    too_late: RequestFailed,
    proxy: Proxy | None = None,
) -> socket | TlsSocket:
    """A connected non-blocking socket. Raises `too_late` after these seconds, or else what failed."""
    try:
        with gevent.Timeout(seconds, too_late):
            if proxy:
                check_name(origin.host)
            plain = _connect(proxy or origin)
            if proxy and secured_by:
                _tunnel(plain, origin)
            return _secure(plain, secured_by, origin.host) if secured_by else plain
    except OSError as error:
        raise failures.of(error, (proxy or origin).host) from None
    except UnicodeError:
        # some names, such as one with a label that is too long, fail before they are looked up
        raise failures.host_not_found((proxy or origin).host) from None


def _connect(peer: Origin | Proxy) -> socket:
    waiting = create_connection((peer.host, peer.port))
    plain = socket(waiting.family, waiting.type, waiting.proto, fileno=waiting.detach())
    plain.setblocking(False)
    plain.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
    return plain


def _tunnel(plain: socket, origin: Origin) -> None:
    """Has the proxy connect to the server (RFC 9110, 9.3.6)."""
    host = f"[{origin.host}]" if ":" in origin.host else origin.host
    head = b""
    try:
        plain.send(f"CONNECT {host}:{origin.port} HTTP/1.1\r\nHost: {host}:{origin.port}\r\n\r\n".encode())
        # byte by byte: what follows the head belongs to TLS
        while not head.endswith(b"\r\n\r\n") and len(head) < MOST_PROXY_HEAD_BYTES:
            wait_read(plain.fileno())
            byte = plain.recv(1)
            if not byte:
                break
            head += byte
        status = head.partition(b"\r\n")[0].split(b" ")[1:2]
        if status != [b"200"] or not head.endswith(b"\r\n\r\n"):
            said = b"".join(status).decode("latin-1") or "no answer"
            raise RequestFailed(f"ProxyRefused: {said[:40]}")
    except BaseException:
        plain.close()
        raise


def _secure(plain: socket, secured_by: SSLContext, host: str) -> TlsSocket:
    tls = TlsSocket(plain, secured_by, host)
    try:
        while not tls.handshake():
            wait_read(plain.fileno())
    except BaseException:
        plain.close()
        raise
    return tls
