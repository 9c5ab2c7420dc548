"""Opens connections: name, address, socket, TLS. This is rare, so it uses gevent's own calls."""

from __future__ import annotations

from _socket import IPPROTO_TCP, TCP_NODELAY, socket
from typing import TYPE_CHECKING, NamedTuple

import gevent
from gevent.socket import create_connection, wait_read

from lab.client import failures
from lab.client.tls import TlsSocket

if TYPE_CHECKING:
    from ssl import SSLContext

    from lab.client.failures import RequestFailed


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


def connect(
    origin: Origin, secured_by: SSLContext | None, seconds: float, too_late: RequestFailed
) -> socket | TlsSocket:
    """A connected non-blocking socket. Raises `too_late` after these seconds, or else what failed."""
    try:
        with gevent.Timeout(seconds, too_late):
            plain = _connect(origin)
            return _secure(plain, secured_by, origin.host) if secured_by else plain
    except OSError as error:
        raise failures.of(error, origin.host) from None
    except UnicodeError:
        # some names, such as one with a label that is too long, fail before they are looked up
        raise failures.host_not_found(origin.host) from None


def _connect(origin: Origin) -> socket:
    waiting = create_connection((origin.host, origin.port))
    plain = socket(waiting.family, waiting.type, waiting.proto, fileno=waiting.detach())
    plain.setblocking(False)
    plain.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
    return plain


def _secure(plain: socket, secured_by: SSLContext, host: str) -> TlsSocket:
    tls = TlsSocket(plain, secured_by, host)
    try:
        while not tls.handshake():
            wait_read(plain.fileno())
    except BaseException:
        plain.close()
        raise
    return tls
