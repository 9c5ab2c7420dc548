"""Many workers that make no load: they speak Locust's protocol, and report each second what a real worker reported.

python -m bench.light_workers <port of the master> <how many> <file with a report> <seconds between reports>
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import msgpack
import zmq

from lab.engine import secret
from tests.support.swarm import SECRET

VERSION = -1  # Locust's own word for a worker whose version need not be checked
BEAT_SECONDS = 1.0
PART = 15_000  # bytes (lab/engine/frames.py)


class Light:
    """One worker: a socket, and the users it is said to have."""

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], port: int, number: int) -> None:
        self.id = f"light-{number}_{number:032x}"
        self.users: dict[str, int] = {}
        self.last_users: dict[str, int] = {}  # whom a stop has ended, and who are yet to be reported
        self.told = 0  # the last second that it gave account of
        self._socket = context.socket(zmq.DEALER)
        self._socket.setsockopt(zmq.IDENTITY, self.id.encode())
        self._socket.setsockopt(zmq.LINGER, 0)
        master, own = secret.keys(SECRET)
        self._socket.curve_serverkey = master.public
        self._socket.curve_publickey, self._socket.curve_secretkey = own
        self._socket.connect(f"tcp://127.0.0.1:{port}")
        self.run = ""
        self.send("client_ready", msgpack.packb(VERSION))

    def greet(self, report: dict[str, Any]) -> None:
        """Shows the master what it runs, which lets it in."""
        self.send("stats", msgpack.packb({**report, "lab": {**report["lab"], "run": "", "batches": []}}))

    def send(self, kind: str, packed: bytes) -> None:
        # a message is [type, data, id]: the data is packed once for all
        frame = b"\x93" + msgpack.packb(kind) + packed + msgpack.packb(self.id)
        self._socket.send_multipart([frame[at : at + PART] for at in range(0, len(frame), PART)], zmq.NOBLOCK)

    def counted(self) -> tuple[tuple[str, int], ...]:
        """Its users by their class, also of those that were ended just now."""
        return tuple(sorted((self.users or self.last_users).items()))

    def tell(self, second: int, packed: bytes) -> None:
        """Reports, and says after the last report that its users have stopped."""
        self.send("stats", packed)
        self.told = second
        if self.last_users:
            self.last_users = {}
            self.send("client_stopped", b"\xc0")
            self.send("client_ready", msgpack.packb(VERSION))

    def listen(self) -> bool:
        """Does what the master says; false where that was to leave."""
        while self._socket.poll(0):
            frame = b"".join(self._socket.recv_multipart())
            kind, data, _ = msgpack.unpackb(frame, strict_map_key=False)
            if kind == "spawn":
                self.users, self.run = data["user_classes_count"], data["parsed_options"]["lab_run"]
                self.send("spawning", b"\xc0")
                count = {"user_classes_count": self.users, "user_count": sum(self.users.values())}
                self.send("spawning_complete", msgpack.packb(count))
            elif kind == "stop":
                self.users, self.last_users = {}, self.users
            elif kind == "quit":
                return False
        return True


def report_of(report: dict[str, Any], second: int, run: str, seconds: int = 1) -> dict[str, Any]:
    """The report as if it had been made in the second, in this run, on so many seconds that were all alike."""
    now = float(second)
    for entry in (*report["stats"], report["stats_total"]):
        entry["last_request_timestamp"] = now
        entry["num_reqs_per_sec"] = {second: sum(entry["num_reqs_per_sec"].values())}
    ((_, batch), *_) = report["lab"]["batches"]
    _, vitals = max(batch["health"], key=lambda row: row[1].get("cpu_seconds", 0.0))
    since = range(second - seconds + 1, second + 1)
    told = {
        **batch,
        "answers": [[at, *row[1:]] for at in since for row in batch["answers"]],
        "health": [[at, {**vitals, "seconds": 1.0}] for at in since],
        "writes": None,  # each is of its own worker
    }
    return {**report, "lab": {**report["lab"], "run": run, "until": second, "batches": [[second, told]]}}


def main(port: int, count: int, report: dict[str, Any], every: int) -> None:
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context.instance()
    context.set(zmq.MAX_SOCKETS, count + 10)  # of its own accord it has a thousand
    workers = [Light(context, port, number) for number in range(count)]
    for worker in workers:
        worker.greet(report)
    beat = msgpack.packb({"state": "running", "current_cpu_usage": 30.0, "current_memory_usage": 90_000_000})
    idle = msgpack.packb({"state": "ready", "current_cpu_usage": 1.0, "current_memory_usage": 90_000_000})
    packed: dict[tuple[int, tuple[tuple[str, int], ...]], bytes] = {}
    began, first, packed_at = time.monotonic(), int(time.time()), 0
    for turn in range(10**9):
        worker = workers[turn % count]
        if not worker.listen():
            return
        # each worker gives account of each second once, in its own moment within the second
        second = first + turn // count
        if packed_at != second:
            packed, packed_at = {}, second
        is_due = bool(worker.last_users) or (turn // count + turn % count) % every == 0
        if (users := worker.counted()) and is_due:
            key = min(every, second - worker.told), users
            if key not in packed:
                whole = {"user_classes_count": dict(users), "user_count": sum(number for _, number in users)}
                told = report_of(report, second, worker.run, key[0])
                packed[key] = msgpack.packb({**told, **whole}, use_bin_type=True)
            worker.tell(second, packed[key])
        worker.send("heartbeat", beat if users else idle)
        time.sleep(max(0.0, began + (turn + 1) * BEAT_SECONDS / count - time.monotonic()))


if __name__ == "__main__":
    main(
        int(sys.argv[1]),
        int(sys.argv[2]),
        msgpack.unpackb(Path(sys.argv[3]).read_bytes(), strict_map_key=False),
        int(sys.argv[4]),
    )
