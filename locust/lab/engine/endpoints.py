"""Where the master listens and where a worker finds it, as ZeroMQ has it: names, IPv4 and IPv6."""

from __future__ import annotations

import socket as sockets
import time
from collections.abc import Callable

import gevent

NAMED_WITHIN_SECONDS = 15.0
"""So soon a network knows the name of a container that has just been started; Swarm tells it a moment later."""
ANSWERS_WITHIN_SECONDS = 2.0


def bare(host: str) -> str:
    """The host without the brackets that IPv6 has in a URL."""
    return host[1:-1] if host.startswith("[") and host.endswith("]") else host


def endpoint(host: str, port: int) -> str:
    """The two in one, for ZeroMQ."""
    return f"tcp://[{host}]:{port}" if ":" in host else f"tcp://{host}:{port}"


def addresses(host: str, port: int) -> list[str]:
    """All addresses of a host, each once, in the resolver's order. Raises OSError where it is not known."""
    found = sockets.getaddrinfo(host, port, type=sockets.SOCK_STREAM)
    return list(dict.fromkeys(str(place[0]) for *_, place in found))


def own_address(host: str, within_seconds: float = NAMED_WITHIN_SECONDS) -> str:
    """The address behind a name of one's own, because ZeroMQ binds to no name.

    Raises OSError where it stays unknown.
    """
    if host == "*":
        return host
    deadline = time.monotonic() + within_seconds
    while True:
        try:
            return addresses(host, 0)[0]
        except sockets.gaierror:
            if time.monotonic() > deadline:
                raise
            gevent.sleep(0.2)


def masters_address(host: str, port: int, answers: Callable[[str, int], bool] | None = None) -> str:
    """Where a worker goes: the name itself, which is looked up anew at each try, unless it has several addresses.

    Of several it is the first that takes a connection: ZeroMQ would try one alone, for ever.
    """
    try:
        found = addresses(host, port)
    except OSError:
        return host  # not known yet
    if len(found) == 1:
        return host
    return next((each for each in found if (answers or _answers)(each, port)), found[0])


def _answers(address: str, port: int) -> bool:
    try:
        sockets.create_connection((address, port), ANSWERS_WITHIN_SECONDS).close()
    except OSError:
        return False
    return True
