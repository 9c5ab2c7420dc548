"""How a request can fail: every failure has a name that is the same each time, and is counted by it.

Locust counts failures by their repr, so the repr is the message.
"""

from __future__ import annotations

import errno
import os
import socket
import ssl

NAMES = {
    errno.ECONNREFUSED: "ConnectionRefused",
    errno.ECONNRESET: "ConnectionReset",
    errno.EPIPE: "ConnectionReset",
    errno.ECONNABORTED: "ConnectionReset",
    errno.ETIMEDOUT: "ConnectionLost: the host answers no more",
    errno.EHOSTUNREACH: "HostUnreachable",
    errno.ENETUNREACH: "NetworkUnreachable",
    errno.EADDRNOTAVAIL: "NoFreePort: all ports towards this address are in use",
    errno.EMFILE: "TooManyOpenFiles",
    errno.ENFILE: "TooManyOpenFiles",
}


class RequestFailed(Exception):  # noqa: N818 - it is told as it is named
    """A request that came to no answer, or to one that cannot be taken; the message says why."""

    def __repr__(self) -> str:
        return str(self)


class ConnectionEnded(RequestFailed):
    """The connection ended before the first byte of an answer: whoever may ask again, may do so."""


class BadStatus(RequestFailed):
    """An answer with a status that says that the request failed."""

    def __init__(self, status: int) -> None:
        super().__init__(f"BadStatus {status}")
        self.status = status


def host_not_found(host: str) -> RequestFailed:
    """No address is known for the name."""
    return RequestFailed(f"HostNotFound: {host}")


def connect_timeout(seconds: float) -> RequestFailed:
    """The connection was not there in time."""
    return RequestFailed(f"ConnectTimeout after {seconds:g} s")


def read_timeout(seconds: float) -> RequestFailed:
    """The whole answer was not there in time."""
    return RequestFailed(f"ReadTimeout after {seconds:g} s")


def of(error: OSError, host: str) -> RequestFailed:
    """The failure that this error of the network or of TLS is."""
    if isinstance(error, socket.gaierror):
        return host_not_found(host)
    if isinstance(error, ssl.SSLCertVerificationError):
        return RequestFailed(f"CertificateRefused: {error.verify_message}")
    if isinstance(error, ssl.SSLError):
        return RequestFailed(f"TlsFailed: {(error.reason or 'no reason given').lower().replace('_', ' ')}")
    if error.errno in {errno.ECONNRESET, errno.EPIPE}:
        return ConnectionEnded(NAMES[error.errno])
    return RequestFailed(NAMES.get(error.errno or 0) or f"ConnectionFailed: {os.strerror(error.errno or 0)}")
