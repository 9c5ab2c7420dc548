# ruff: noqa: T201 - a program that prints its table
"""What does the service cost beside the tutorial's app? `python bench/cost.py` prints a table of CPU a request.

Both run under the same gunicorn with one gevent worker on one core, and the client runs on the other cores. Rounds go
A B A B, so that a machine that grows slower meets both; the ratio is the median of the pairs' ratios.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import psutil

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
ITEMS = 100
CONNECTIONS = 20
CORE = 0  # the server's; the client takes the others
MOST_RATIO = {"GET": 1.3, "POST": 2.0}
MOST_RESIDENT_MB = 70.0
MOST_READING_SHARE = 0.01  # of a replica's CPU, where the lab reads /metrics once a second
REPLICA_CPUS = 0.5
BODY = b'{"name": "load testing", "description": "checking if a software can handle the expected load"}'
GET = b"GET /tests HTTP/1.1\r\nHost: bench\r\n\r\n"
METRICS = b"GET /metrics HTTP/1.1\r\nHost: bench\r\n\r\n"
POST = b"POST /tests HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (
    len(BODY),
    BODY,
)

# The tutorial's app: a list in memory, and Flask's own JSON both ways.
TUTORIAL = """
from flask import Flask, jsonify, request
app = Flask(__name__)
tests = [{"name": "unit testing", "description": "testing individual units of source code"}]
@app.route("/tests")
def list_tests():
    return jsonify(tests)
@app.route("/tests", methods=["POST"])
def add_test():
    tests.append(request.get_json())
    return "", 204
"""


class Server(NamedTuple):
    """A gunicorn with one worker, and where it listens."""

    name: str
    port: int
    worker: psutil.Process


@contextmanager
def gunicorn(name: str, folder: Path, arguments: list[str], environ: dict[str, str]) -> Iterator[Server]:
    """Run gunicorn with one worker on one core, in `folder`, until the block ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"127.0.0.1:{port}"
    command = [sys.executable, "-m", "gunicorn", *arguments, "--bind", address, "--log-level", "warning"]
    process = subprocess.Popen(command, cwd=folder, env={**os.environ, "WEB_CONCURRENCY": "1", **environ})
    try:
        arbiter = psutil.Process(process.pid)
        arbiter.cpu_affinity([CORE])  # the worker inherits it
        _await_answer(process, port)
        yield Server(name, port, arbiter.children()[0])
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def _await_answer(process: subprocess.Popen[bytes], port: int) -> None:
    for _ in range(200):
        if process.poll() is not None:
            sys.exit(f"gunicorn ended with {process.returncode}")
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
                exchange(connection, GET)
                return
        except ConnectionRefusedError:
            time.sleep(0.05)
    sys.exit("gunicorn does not answer")


def exchange(connection: socket.socket, request: bytes) -> bytes:
    """Send one request and read its whole answer."""
    connection.sendall(request)
    data = b""
    while b"\r\n\r\n" not in data:
        data += _receive(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    missing = int(lengths[0].split(b":")[1]) - len(body) if lengths else 0
    while missing > 0:
        missing -= len(_receive(connection))
    if head[9:12] not in {b"200", b"204"}:
        sys.exit(f"unexpected answer: {head!r}")
    return head


def _receive(connection: socket.socket) -> bytes:
    data = connection.recv(65536)
    if not data:
        sys.exit("the server closed the connection")
    return data


def load(port: int, request: bytes, count: int) -> None:
    """Send the request `count` times over CONNECTIONS connections at once."""

    def one(share: int) -> None:
        with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
            for _ in range(share):
                exchange(connection, request)

    threads = [threading.Thread(target=one, args=(count // CONNECTIONS,)) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def cpu_us_per_request(server: Server, request: bytes, count: int) -> float:
    """CPU microseconds of the worker, all its threads, for each of `count` requests."""
    before = server.worker.cpu_times()
    load(server.port, request, count)
    after = server.worker.cpu_times()
    return (after.user + after.system - before.user - before.system) / (count // CONNECTIONS * CONNECTIONS) * 1e6


def compare(method: str, request: bytes, pair: tuple[Server, Server], rounds: int, count: int) -> float:
    """Print the line of one method, and return the median ratio of the rounds."""
    for server in pair:
        load(server.port, request, CONNECTIONS * 10)
    costs = [[cpu_us_per_request(server, request, count) for server in pair] for _ in range(rounds)]
    tutorial, service = (statistics.median(column) for column in zip(*costs, strict=True))
    ratios = [ours / theirs for theirs, ours in costs]
    ratio = statistics.median(ratios)
    spread = f"{min(ratios):.2f}-{max(ratios):.2f}"
    print(f"{method:<6}{tutorial:>12.0f}{service:>12.0f}{ratio:>8.2f}{spread:>12}{MOST_RATIO[method]:>8.1f}")
    return ratio


def measure(folder: Path, rounds: int, count: int, soak: int) -> bool:
    """Print the table and say whether everything is within its bounds."""
    (folder / "tutorial.py").write_text(TUTORIAL)
    tutorial_arguments = ["--worker-class", "gevent", "--keep-alive", "75", "--no-control-socket", "tutorial:app"]
    service_environ = {"API_DATABASE_URL": f"sqlite:///{folder}/bench.db", "API_PAGE_LIMIT": str(ITEMS)}
    with (
        gunicorn("tutorial", folder, tutorial_arguments, {}) as tutorial,
        gunicorn("service", ROOT, ["-c", "api/gunicorn.conf.py"], service_environ) as service,
    ):
        pair = (tutorial, service)
        for server in pair:
            with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
                for _ in range(ITEMS - 1):
                    exchange(connection, POST)
        print(f"CPU of one gunicorn gevent worker, us a request; {rounds} rounds of {count}, {CONNECTIONS} connections")
        print(f"{'':<6}{'tutorial':>12}{'service':>12}{'ratio':>8}{'min-max':>12}{'at most':>8}")
        kept = [
            compare(method, request, pair, rounds, count) <= MOST_RATIO[method]
            for method, request in (("GET", GET), ("POST", POST))
        ]
        share = cpu_us_per_request(service, METRICS, count) / 1e6 / REPLICA_CPUS
        kept.append(share <= MOST_READING_SHARE)
        print(
            f"reading /metrics each second: {share * REPLICA_CPUS * 1e3:.2f} ms of CPU = {share:.2%} "
            f"of {REPLICA_CPUS} CPU, at most {MOST_READING_SHARE:.0%}"
        )
        load(service.port, GET, soak // 2)
        load(service.port, POST, soak // 2)
        resident = service.worker.memory_info().rss / 1e6
        print(
            f"resident after {soak} more requests, half GET, half POST: {resident:.1f} MB, at most {MOST_RESIDENT_MB:g}"
        )
    return all(kept) and resident <= MOST_RESIDENT_MB


def main() -> int:
    """Run the bench; 1 when something costs too much."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--requests", type=int, default=4000, help="of each round")
    parser.add_argument("--soak", type=int, default=100_000, help="requests before the memory is read")
    parser.add_argument("--folder", type=Path, help="where the SQLite file goes: on a real disk (default: %(default)s)")
    options = parser.parse_args()
    cores = os.sched_getaffinity(0) - {CORE}
    if cores:
        os.sched_setaffinity(0, cores)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=options.folder or ROOT / "results") as folder:
        return 0 if measure(Path(folder), options.rounds, options.requests, options.soak) else 1


if __name__ == "__main__":
    sys.exit(main())
