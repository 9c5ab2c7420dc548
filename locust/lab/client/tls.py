"""TLS over a non-blocking socket, with the same interface."""

from __future__ import annotations

import ssl
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _socket import socket

CHUNK_BYTES = 64 * 1024


@cache
def context(insecure: bool) -> ssl.SSLContext:
    """The context of TLS connections where a user has none of its own; made once, because that is slow."""
    made = ssl.create_default_context()
    if insecure:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    return made


class TlsSocket:
    """Sends and receives like its socket, once the handshake is done: BlockingIOError where it would have to wait."""

    def __init__(self, sock: socket, secured_by: ssl.SSLContext, host: str) -> None:
        self._socket = sock
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._unsent = b""
        self._tls = secured_by.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self.close, self.fileno = sock.close, sock.fileno

    def handshake(self) -> bool:
        """Continues the handshake as far as possible without waiting; returns whether it is done."""
        done = False
        with suppress(BlockingIOError):
            while not done:
                try:
                    self._tls.do_handshake()
                    done = True
                except ssl.SSLWantReadError:
                    self._flush()
                    self._fill()
                finally:
                    self._flush(patient=True)  # where it failed, the alert goes to the server
        return done

    def recv(self, size: int) -> bytes:
        """All data that has arrived; empty where the server closed."""
        parts: list[bytes] = []
        while True:
            try:
                part = self._tls.read(size)
            except ssl.SSLWantReadError:
                if parts:
                    break
                self._flush()
                self._fill()
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                break
            else:
                if not part:
                    break
                parts.append(part)
        return b"".join(parts)

    def send(self, data: bytes | memoryview) -> int:
        """Sends as much as possible and returns how much; raises BlockingIOError where that is nothing."""
        self._flush()
        sent = self._tls.write(data[:CHUNK_BYTES]) if data else 0
        self._flush(patient=True)
        return sent

    def _fill(self) -> None:
        data = self._socket.recv(CHUNK_BYTES)
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()

    def _flush(self, *, patient: bool = False) -> None:
        self._unsent += self._outgoing.read()
        try:
            while self._unsent:
                self._unsent = self._unsent[self._socket.send(self._unsent) :]
        except BlockingIOError:
            if not patient:
                raise
