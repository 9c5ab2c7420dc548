"""A service of known capacity on loopback, to hold the lab's findings against: what can it really take?

    python -m tests.support.calibrated --slots 4 --service-time 20ms

prints its URL, answers GET and POST /tests as users.py wants them answered, and ends by a signal or after its time. It
sleeps as long as a FIFO queue before so many slots would keep each request, to the moment: no timer's lateness adds up.
With --burn it takes that time from the CPU, in one thread: its truth must be measured. GET /served counts its answers.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import gevent
from gevent import socket as gsocket
from gevent.event import Event
from gevent.server import StreamServer

from tests.support.clockwork import Clockwork, Nature
from tests.support.queueing import Law

ROOT = Path(__file__).resolve().parents[2]
LIST = json.dumps([{"description": "testing individual units of source code", "name": "unit testing"}]).encode()
CONTENT_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")


class Burner:
    """Burns CPU for one request after the other, in the order they came."""

    def __init__(self, cpu_seconds: float) -> None:
        self._cpu_seconds = cpu_seconds
        self._waiting: deque[Event] = deque()
        self._some = Event()
        gevent.spawn(self._burn)

    def serve(self, _in_flight: int) -> None:
        """Returns when this request has had its CPU."""
        mine = Event()
        self._waiting.append(mine)
        self._some.set()
        mine.wait()

    def _burn(self) -> None:
        while True:
            self._some.wait()
            while self._waiting:
                burn(self._cpu_seconds)
                self._waiting.popleft().set()
                # lets the answer out, and in what came meanwhile: in its order
                gevent.sleep(0)
            self._some.clear()


def burn(cpu_seconds: float) -> None:
    """Hashes until so much CPU time is gone: on a shared machine the same work takes half as long or twice."""
    until = time.thread_time() + cpu_seconds
    while time.thread_time() < until:
        hashlib.pbkdf2_hmac("sha256", b"load", b"testing", 100)


class Server:
    """HTTP/1.1 with keep-alive, an answer in one segment that is sent at once."""

    def __init__(self, serve: Callable[[int], None], port: int = 0) -> None:
        """`serve` returns when a request has been served; it is told how many others are in flight."""
        self._serve = serve
        self._numbers = count(1)
        self._in_flight = self._served = 0
        self._server = StreamServer(("127.0.0.1", port), self._talk, backlog=4096)

    def run(self, seconds: float) -> None:
        """Serve until a signal comes or the time is over."""
        self._server.start()
        over = Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            gevent.signal_handler(number, over.set)
        print(f"http://127.0.0.1:{self._server.server_port}", flush=True)  # noqa: T201 - whoever starts it reads this
        over.wait(seconds)
        self._server.stop()

    def _talk(self, connection: gsocket.socket, _address: object) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            for request in _requests(connection):
                connection.sendall(self._answer(request))
        except OSError:  # the client is gone
            pass
        finally:
            connection.close()

    def _answer(self, request: bytes) -> bytes:
        if request == b"GET /served":
            return _response("200 OK", body=json.dumps({"served": self._served}).encode())
        if request not in {b"GET /tests", b"POST /tests"}:
            return _response("404 Not Found", body=b"{}")
        self._in_flight += 1
        try:
            self._serve(self._in_flight - 1)
        finally:
            self._in_flight -= 1
        self._served += 1
        if request == b"GET /tests":
            return _response("200 OK", body=LIST)
        return _response("204 No Content", f"Location: /tests/{next(self._numbers)}\r\n")


def _requests(connection: gsocket.socket) -> Iterator[bytes]:
    """The requests that come, as "GET /tests", until the client closes."""
    data = b""
    while True:
        while b"\r\n\r\n" not in data:
            if not (more := connection.recv(65536)):
                return
            data += more
        head, _, data = data.partition(b"\r\n\r\n")
        length = CONTENT_LENGTH.search(head)
        of_body = int(length[1]) if length else 0
        while len(data) < of_body:
            if not (more := connection.recv(65536)):
                return
            data += more
        data = data[of_body:]
        yield head.partition(b" HTTP/")[0]


def _response(status: str, headers: str = "", body: bytes | None = None) -> bytes:
    if body is not None:
        headers += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return f"HTTP/1.1 {status}\r\n{headers}\r\n".encode() + (body or b"")


def sleeping(nature: Nature) -> Callable[[int], None]:
    """Serves a request by letting the time pass that it takes."""
    clockwork = Clockwork(nature)

    def serve(in_flight: int) -> None:
        end = clockwork.answers_at(time.perf_counter(), in_flight)
        while (left := end - time.perf_counter()) > 0:
            gevent.sleep(left)

    return serve


@dataclass(frozen=True)
class Running:
    """A calibrated service that runs in a process of its own."""

    url: str
    process: subprocess.Popen[str]

    def served(self) -> int:
        """How many requests it has answered."""
        with urllib.request.urlopen(self.url + "/served", timeout=10) as answer:
            number: int = json.load(answer)["served"]
        return number


@contextmanager
def running(*flags: str) -> Iterator[Running]:
    """Run the service with these flags until the block ends."""
    command = [sys.executable, "-m", "tests.support.calibrated", *flags]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield Running(process.stdout.readline().strip(), process)
        finally:
            process.terminate()


def seconds_of(text: str) -> float:
    match = re.fullmatch(r"([0-9.]+)(us|ms|s|m)", text)
    if not match:
        raise argparse.ArgumentTypeError("a time such as 20ms, 1.5s or 10m")
    return float(match[1]) * {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}[match[2]]


def main() -> None:
    """Serve as the flags say."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0, help="0: a free one")
    parser.add_argument("--slots", type=int, default=Nature.slots)
    parser.add_argument("--service-time", type=seconds_of, default=Nature.service_seconds)
    parser.add_argument("--law", type=Law, choices=list(Law), default=Nature.law)
    parser.add_argument("--seed", type=int, default=Nature.seed)
    parser.add_argument(
        "--drift", type=float, default=Nature.drift, help="0.001: each request makes the next 0.1 %% slower"
    )
    parser.add_argument("--cliff", type=int, help="more requests in flight than these, and it is ten times as slow")
    parser.add_argument("--stall-at", type=seconds_of, help="so long after the first request nothing moves")
    parser.add_argument("--stall-for", type=seconds_of, default=Nature.stall_seconds, help="for so long")
    parser.add_argument("--stall-every", type=seconds_of, help="and again, so long after the one before began")
    parser.add_argument(
        "--burn", action="store_true", help="burn the service time of CPU in one thread, and do not sleep"
    )
    parser.add_argument("--for", dest="lasts", type=seconds_of, default=1800.0, help="end after so long (30m)")
    told = parser.parse_args()
    nature = Nature(
        told.slots,
        told.service_time,
        told.law,
        told.seed,
        told.drift,
        told.cliff,
        stall_at=told.stall_at,
        stall_seconds=told.stall_for,
        stall_every=told.stall_every,
    )
    serve = Burner(told.service_time).serve if told.burn else sleeping(nature)
    Server(serve, told.port).run(told.lasts)


if __name__ == "__main__":
    main()
