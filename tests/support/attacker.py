"""Somebody at a master's two ports without the swarm's secret: python -m … PORT UI_PORT SHARE.

SHARE is how much of the whole attack is made, above 0 and up to 1: of its sockets, and of its half requests. Everything
goes to loopback, and each part is bounded. In the end it prints what it has done.
"""

from __future__ import annotations

import contextlib
import resource
import signal
import socket
import sys
import time
from collections.abc import Iterator

import msgpack
import zmq

from lab.engine import secret
from tests.support.sample_messages import entry, packed, report

ROGUES, RAW_SOCKETS, HALF_REQUESTS = 300, 3000, 6000
MOST_SECONDS = 120
GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x00" + b"NULL".ljust(20, b"\0") + bytes(32)
FORGED = "host_ffffffffffffffffffffffffffffffff"


def frames() -> Iterator[list[bytes]]:
    """What a worker never sends, and what one would send that is none of this swarm's."""
    yield [b""]
    yield [b"\xc1\xc1\xc1"]
    yield [msgpack.dumps(5)]
    yield [msgpack.dumps(["stats", {}])]
    yield [packed("quit", None, FORGED), b"two", b"three"]
    yield [packed("client_ready", {"__datetime__": True, "as_str": "yesterday"}, FORGED)]
    yield [packed("heartbeat", {"state": 5}, FORGED)]
    yield [b"\x93\xa4mine" + b"\x91" * 5_000_000]
    yield [bytes(100_000_000)]
    yield [packed("client_ready", "2.47.0", FORGED)]
    wide = report()
    rows = [[1, f"e{number}", {1.0: 9}, {}, 1.0, 1.0, "", {}] for number in range(300_000)]
    wide["lab"]["batches"] = [[1, {"answers": rows}]]
    yield [packed("stats", wide, FORGED)]
    yield [packed("stats", {**report(), "stats": [{**entry(), "num_requests": -1_000_000}]}, FORGED)]
    yield [packed("quit", None, FORGED)]
    yield [packed("quit", None, FORGED)]


def rogue(context: zmq.Context[zmq.Socket[bytes]], port: int, name: str, of: str | None) -> zmq.Socket[bytes]:
    """A worker without a secret, or with another one."""
    made = context.socket(zmq.DEALER)
    made.setsockopt(zmq.IDENTITY, name.encode())
    made.setsockopt(zmq.LINGER, 0)
    made.setsockopt(zmq.RECONNECT_IVL, 300)
    if of:
        keys = secret.keys(of)
        made.curve_serverkey, (made.curve_publickey, made.curve_secretkey) = keys.master.public, keys.worker
    made.connect(f"tcp://127.0.0.1:{port}")
    return made


def many(port: int, count: int, first: bytes) -> list[socket.socket]:
    """So many connections that say the first bytes, and nothing more."""
    made = []
    for _ in range(count):
        try:
            made.append(socket.create_connection(("127.0.0.1", port), 5))
            made[-1].sendall(first)
        except OSError as error:
            print(len(made), repr(error), file=sys.stderr)  # noqa: T201 - for the test
    return made


def main(port: int, ui: int, share: float) -> None:
    """All of it, one after the other; whatever hangs ends with the process."""
    signal.alarm(MOST_SECONDS)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 20_000), most))
    context = zmq.Context()
    context.set(zmq.MAX_SOCKETS, 2000)
    first = [rogue(context, port, FORGED, of) for of in (None, "a secret that somebody has guessed")]
    for parts in frames():
        for sender in first:
            with contextlib.suppress(zmq.Again):  # it was turned away for good
                sender.send_multipart(parts, zmq.NOBLOCK)
    rogues = [rogue(context, port, f"rogue_{number}", None) for number in range(ROGUES)]
    for sender in rogues:
        with contextlib.suppress(zmq.Again):
            sender.send(packed("client_ready", -1, "rogue"), zmq.NOBLOCK)
    time.sleep(1.5)
    for sender in (*first, *rogues):
        sender.close()
    third = round(share * RAW_SOCKETS / 3)
    raw = [*many(port, third, b""), *many(port, third, GREETING)]
    raw += many(port, third, GREETING + b"\x06" + (15_000).to_bytes(8, "big") + bytes(14_000))
    half = many(
        ui, round(share * HALF_REQUESTS), b"POST /swarm HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\nX-Slow: "
    )
    time.sleep(1)
    print(len(raw), len(half))  # noqa: T201 - for the test
    context.destroy(linger=0)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
