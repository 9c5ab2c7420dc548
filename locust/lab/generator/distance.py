"""How far is the target? The round trip that TCP itself measures, so that a far worker is not taken for a slow service.

The kernel times its own packet and the answer of the other kernel to it (`tcpi_rtt` of Linux' struct tcp_info, tcp(7)):
neither this event loop nor the service's has a part in it.
"""

from __future__ import annotations

import socket as sockets
import struct
from collections.abc import Iterable
from urllib.parse import urlsplit

import gevent
from gevent.socket import create_connection

TIMES = 3
WITHIN_SECONDS = 0.5
"""All of it: users wait for it, and a target that is so far away is known to be far."""
_RTT = struct.Struct("@68xI")
"""Eight bytes and fifteen words before it; in microseconds."""


def round_trip_ms(urls: Iterable[str], within_seconds: float = WITHIN_SECONDS) -> float | None:
    """The round trip (ms) to the farthest of the targets, each the shortest of some; None where none can be had."""
    found = []
    with gevent.Timeout(within_seconds, False):  # type: ignore[arg-type] # False: it is silent
        for url in urls:
            parts = urlsplit(url)
            place = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
            measured = [each for _ in range(TIMES) if (each := _once(place)) is not None]
            if measured:
                found.append(min(measured))
    return max(found, default=None)


def _once(place: tuple[str, int]) -> float | None:
    try:
        with create_connection(place) as connected:
            microseconds: int = _RTT.unpack(connected.getsockopt(sockets.IPPROTO_TCP, sockets.TCP_INFO, _RTT.size))[0]
    except (OSError, ValueError, struct.error):
        return None
    return microseconds / 1000
