"""How far is the target? The round trip that TCP itself measures, so that a far worker is not taken for a slow service.

It is read from connections that users have made anyway, so that nothing is asked for it, and nobody counts it. The
kernel times its own packets and the answers of the other kernel to them; the shortest is that of the handshake, in
which neither this event loop nor the service's has a part (`tcpi_min_rtt` of Linux' struct tcp_info, tcp(7)).
"""

from __future__ import annotations

import os
import socket as sockets
import struct
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from lab.reach import parse

MOST_CONNECTIONS = 8
"""The newest, which are looked at in each report."""
_SHORTEST = struct.Struct("@148xI")
"""Where it is, in microseconds."""
_UNKNOWN = 2**32 - 1


class Distance:
    """Remembers users' newest connections to the targets, and reads from them how far these are."""

    def __init__(self) -> None:
        self._ports: frozenset[int] = frozenset()
        self._connections: deque[tuple[int, Any]] = deque(maxlen=MOST_CONNECTIONS)
        self._trips: dict[str, float] = {}

    def begin(self, urls: Iterable[str]) -> None:
        """From now on the targets are these."""
        self._ports = frozenset(parse(url).origin[2] for url in urls)
        self._connections.clear()
        self._trips.clear()

    def connects(self, connection: Any, address: tuple[Any, ...]) -> None:
        """Notes that a connection is begun, to a host and port."""
        if address[1] in self._ports:
            with suppress(OSError):
                self._connections.append((connection.fileno(), address[:2]))

    def round_trip_ms(self) -> float | None:
        """There and back (ms), the shortest seen in the run so far, to the farthest address; None where none was."""
        for number, (host, port) in self._connections:
            trip = _shortest_ms(number, (host, port))
            if trip is not None:
                self._trips[host] = min(trip, self._trips.get(host, trip))
        return max(self._trips.values(), default=None)


def _shortest_ms(number: int, address: tuple[str, int]) -> float | None:
    """Of the connection with this descriptor; None where it is closed, or the descriptor is now something else."""
    try:
        with sockets.socket(fileno=os.dup(number)) as connection:
            if connection.type != sockets.SOCK_STREAM or connection.getpeername()[:2] != address:
                return None
            shortest = _SHORTEST.unpack(connection.getsockopt(sockets.IPPROTO_TCP, sockets.TCP_INFO, _SHORTEST.size))[0]
    except (OSError, struct.error):
        return None
    return None if shortest == _UNKNOWN else shortest / 1000
