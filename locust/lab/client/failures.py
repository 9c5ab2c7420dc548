"""The ways in which a request can fail: each has a fixed name, by which it is counted.

Locust counts failures by their repr, so the repr is the message.
"""

from __future__ import annotations

import errno
import os
import socket
import ssl

from lab.printable import printable
from lab.reach import HostRefused

MOST_LETTERS = 300

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


class RequestFailed(Exception):  # noqa: N818 - its name is what the report shows
    """A request without an answer, or with one that cannot be used; the message says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(printable(reason, MOST_LETTERS))

    def __repr__(self) -> str:
        return str(self)


class ConnectionEnded(RequestFailed):
    """The connection ended before the first byte of an answer: an idempotent request may be sent again."""


class BadStatus(RequestFailed):
    """An answer whose status means failure."""

    def __init__(self, status: int) -> None:
        super().__init__(f"BadStatus {status}")
        self.status = status


def host_not_found(host: str) -> RequestFailed:
    """The name has no address."""
    return RequestFailed(f"HostNotFound: {host}")


def connect_timeout(seconds: float) -> RequestFailed:
    """The connection took too long."""
    return RequestFailed(f"ConnectTimeout after {seconds:g} s")


def read_timeout(seconds: float) -> RequestFailed:
    """The complete answer took too long."""
    return RequestFailed(f"ReadTimeout after {seconds:g} s")


def of(error: OSError, host: str) -> RequestFailed:
    """The failure for an error of the network or of TLS."""
    if isinstance(error, HostRefused):
        return RequestFailed(f"HostRefused: {error}")
    if isinstance(error, socket.gaierror):
        return host_not_found(host)
    if isinstance(error, ssl.SSLCertVerificationError):
        return RequestFailed(f"CertificateRefused: {error.verify_message}")
    if isinstance(error, ssl.SSLError):
        return RequestFailed(f"TlsFailed: {(error.reason or 'no reason given').lower().replace('_', ' ')}")
    if error.errno in {errno.ECONNRESET, errno.EPIPE}:
        return ConnectionEnded(NAMES[error.errno])
    return RequestFailed(NAMES.get(error.errno or 0) or f"ConnectionFailed: {os.strerror(error.errno or 0)}")
