# ruff: noqa: T201 - a program that prints its table
"""What do slow, silent and greedy clients cost the others? `python -m bench.slow_clients` prints a line for each kind.

A thousand sockets of one kind are held open against the service, and each that is closed is opened again. Beside them
twenty well-behaved connections ask for GET /tests at a fixed rate. Rounds go rest, attack, rest, attack; the ratio is
the median of the pairs' ratios of p99.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import resource
import select
import socket
import statistics
import sys
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from bench.cost import GET, ROOT, exchange, gunicorn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.synchronize import Event

    from bench.cost import Server

CONNECTIONS = 20
ASKED_PER_SECOND = 100
MOST_RATIO = 2.0
DRIP_SECONDS = 1.0
COMING_SECONDS = 5.0  # in which all of them come, and then come again
HEAD = b" HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"


class Kind(NamedTuple):
    """What a client sends at once, and what then each DRIP_SECONDS."""

    first: bytes
    dripping: bytes = b""


KINDS = {
    "silent": Kind(b""),
    "TLS hello": Kind(bytes.fromhex("16030100c8010000c40303") + bytes(range(32, 96))),
    "slow head": Kind(b"GET /tests" + HEAD + b"X: ", b"a"),
    "slow body": Kind(b"POST /tests" + HEAD + b"Content-Length: 47\r\n\r\n{", b" "),
    "slow body of GET": Kind(b"GET /tests" + HEAD + b"Content-Length: 47\r\n\r\n{", b" "),
    "pipelined, not read": Kind(GET * 500),
}


def hold(port: int, count: int, kind: Kind, is_there: Event) -> None:
    """Bring `count` such clients to the port, and keep them there until this process is ended."""
    os.nice(10)  # they come from elsewhere, and take no CPU from those whose time is taken
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, count + 100), most))
    poll = select.epoll()
    # of a client that does not read, only the end is watched
    events = select.EPOLLRDHUP if kind.first.startswith(GET) else select.EPOLLIN
    clients: dict[int, tuple[socket.socket, float]] = {}
    began, came = time.monotonic(), 0
    while True:
        due_by_now = int((time.monotonic() - began) / COMING_SECONDS * count) - came
        for _ in range(min(due_by_now, count - len(clients))):
            came += 1
            client = socket.create_connection(("127.0.0.1", port))
            client.setblocking(False)
            with suppress(OSError):
                client.send(kind.first)
            poll.register(client, events)
            clients[client.fileno()] = client, time.monotonic() + random.uniform(0, DRIP_SECONDS)
        if came >= count:
            is_there.set()
        for number, _ in poll.poll(0.02):
            if events != select.EPOLLIN or _has_ended(clients[number][0]):
                clients.pop(number)[0].close()
        now = time.monotonic()
        for number, (client, due) in clients.items():
            if kind.dripping and due < now:
                clients[number] = client, now + DRIP_SECONDS
                with suppress(OSError):
                    client.send(kind.dripping)


def _has_ended(client: socket.socket) -> bool:
    try:
        return not client.recv(65536)
    except OSError:
        return True


@contextmanager
def attack(port: int, count: int, kind: Kind) -> Iterator[None]:
    """Have the clients there until the block ends."""
    is_there = multiprocessing.Event()
    process = multiprocessing.Process(target=hold, args=(port, count, kind, is_there), daemon=True)
    process.start()
    try:
        if not is_there.wait(60):
            sys.exit("the clients did not come")
        yield
    finally:
        process.kill()
        process.join()


def p99_ms(port: int, seconds: float) -> float:
    """The 99th percentile of the others' response times, from when each request was due."""
    times: list[float] = []

    def one(first: float) -> None:
        with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
            due = first
            while due < first + seconds:
                time.sleep(max(0.0, due - time.monotonic()))
                exchange(connection, GET)
                times.append(time.monotonic() - due)
                due += CONNECTIONS / ASKED_PER_SECOND

    began = time.monotonic() + 0.2
    firsts = [began + number / ASKED_PER_SECOND for number in range(CONNECTIONS)]
    threads = [threading.Thread(target=one, args=(first,)) for first in firsts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return statistics.quantiles(times, n=100)[98] * 1000


def measure(server: Server, options: argparse.Namespace) -> bool:
    """Print the table and say whether every kind is within its bound."""
    print(
        f"p99 of {ASKED_PER_SECOND} GET /tests a second beside {options.sockets} sockets, ms; {options.rounds} rounds"
    )
    print(f"{'':<22}{'at rest':>9}{'beside':>9}{'ratio':>8}{'min-max':>14}{'at most':>9}")
    kept = []
    for name, kind in KINDS.items():
        rows = []
        for _ in range(options.rounds):
            rest = p99_ms(server.port, options.seconds)
            with attack(server.port, options.sockets, kind):
                rows.append((rest, p99_ms(server.port, options.seconds)))
        rest, beside = (statistics.median(column) for column in zip(*rows, strict=True))
        ratios = [theirs / own for own, theirs in rows]
        ratio = statistics.median(ratios)
        spread = f"{min(ratios):.2f}-{max(ratios):.2f}"
        print(f"{name:<22}{rest:>9.1f}{beside:>9.1f}{ratio:>8.2f}{spread:>14}{MOST_RATIO:>9.1f}", flush=True)
        kept.append(ratio <= MOST_RATIO)
    return all(kept)


def main() -> int:
    """Run the bench; 1 when one kind holds up the others too much."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each measurement")
    parser.add_argument("--sockets", type=int, default=1000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-", dir=ROOT / "results") as folder:
        environ = {"API_DATABASE_URL": f"sqlite:///{folder}/bench.db"}
        with gunicorn("service", Path(ROOT), ["-c", "api/gunicorn.conf.py"], environ) as server:
            return 0 if measure(server, options) else 1


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    sys.exit(main())
