"""What can a service take? Found the slow and plain way, to hold the lab's answer against where no formula knows it.

    python -m bench.closed_loop http://127.0.0.1:1234 --limit 60ms --think 0.3s-0.5s --between 50-200

Users on bare sockets, not the lab's; each load is held for a long window, and the load is halved between what keeps the
limit and what breaks it until one user parts them. Whatever else happens on a machine makes answers late, never early:
so a load is taken to break the limit only when it does so twice. It shares no code with the lab. Prints a line of JSON.
"""

from __future__ import annotations

import argparse
import json
import random
import socket
import time
from dataclasses import asdict, dataclass
from math import ceil
from urllib.parse import urlsplit

import gevent
from gevent import socket as gsocket

from tests.support.calibrated import seconds_of

# What the lab's users ask, as they ask it: three read for one who adds.
HEADERS = b"Host: 127.0.0.1:40000\r\nUser-Agent: python/gevent-http-client-2.3.5\r\nAccept-Encoding: gzip, deflate\r\n"
GET = b"GET /tests HTTP/1.1\r\n" + HEADERS + b"\r\n"
BODY = b'{"name": "load testing 00000000-0000-0000-0000-000000000000", "description": "checking"}'
POST = b"POST /tests HTTP/1.1\r\n%bContent-Length: %d\r\nContent-Type: application/json\r\n\r\n%b" % (
    HEADERS,
    len(BODY),
    BODY,
)
SETTLE_SECONDS = 1.5


@dataclass(frozen=True)
class Seen:
    """What a window at so many users showed."""

    users: int
    rps: float
    p95_seconds: float


class Window:
    """Users that ask, wait and think, and the times of what was answered within a stretch of time."""

    def __init__(self, address: tuple[str, int], think_seconds: tuple[float, float]) -> None:
        self._address, self._think = address, think_seconds

    def hold(self, users: int, seconds: float) -> Seen:
        """Keep so many users at it, and measure once they have settled."""
        begins = time.perf_counter() + SETTLE_SECONDS
        ends, times = begins + seconds, list[float]()
        visits = [gevent.spawn(self._visit, GET if n % 4 else POST, begins, ends, times) for n in range(users)]
        gevent.joinall(visits, raise_error=True)
        times.sort()
        return Seen(users, len(times) / seconds, times[ceil(len(times) * 0.95 - 1e-9) - 1])

    def _visit(self, request: bytes, begins: float, ends: float, times: list[float]) -> None:
        with gsocket.create_connection(self._address) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            gevent.sleep(random.uniform(0, self._think[1]))
            while (asked := time.perf_counter()) < ends:
                connection.sendall(request)
                answer = connection.recv(65536)
                now = time.perf_counter()
                assert answer.startswith(b"HTTP/1.1 20"), answer
                if begins <= now < ends:
                    times.append(now - asked)
                gevent.sleep(random.uniform(*self._think))


def bisect(window: Window, limit_seconds: float, between: tuple[int, int], seconds: float) -> Seen | None:
    """The most users that keep the limit; None where the least of the two does not.

    `between` is where it is looked for first: where that is wrong, the search moves on to lower or higher loads.
    """

    def hold(users: int) -> Seen:
        seen = window.hold(users, seconds)
        return seen if seen.p95_seconds <= limit_seconds else window.hold(users, seconds)

    kept, broken = between
    best = hold(kept)
    while best.p95_seconds > limit_seconds:
        if kept == 1:
            return None
        kept, broken = kept // 2, kept
        best = hold(kept)
    while (seen := hold(broken)).p95_seconds <= limit_seconds:
        best, kept, broken = seen, broken, ceil(broken * 1.3)
    while broken - kept > 1:
        seen = hold((kept + broken) // 2)
        if seen.p95_seconds <= limit_seconds:
            best, kept = seen, seen.users
        else:
            broken = seen.users
    return best


def main() -> None:
    """Find it, and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("--limit", type=seconds_of, required=True, help="of the p95")
    parser.add_argument("--think", required=True, help="such as 0.3s-0.5s")
    parser.add_argument("--between", required=True, help="users that surely keep and surely break it, such as 50-100")
    parser.add_argument("--window", type=seconds_of, default=6.0)
    told = parser.parse_args()
    url = urlsplit(told.url)
    shortest, longest = (seconds_of(text) for text in told.think.split("-"))
    low, high = (int(text) for text in told.between.split("-"))
    window = Window((url.hostname or "", url.port or 80), (shortest, longest))
    found = bisect(window, told.limit, (low, high), told.window)
    print(json.dumps(asdict(found) if found else None))  # noqa: T201 - whoever starts it reads this


if __name__ == "__main__":
    main()
