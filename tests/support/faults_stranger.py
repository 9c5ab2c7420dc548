"""Somebody with the secret of the swarm who is none of its workers speaks to a master: python -m … PORT WHAT SECRET.

What comes without the secret is tried in tests/wiring/test_swarm_attacked.py.
"""

from __future__ import annotations

import sys
import time

import msgpack
import zmq

from lab.engine import secret

STRANGER = "stranger_0123456789abcdef"
ROW = {
    "name": "/tests",
    "method": "GET",
    "last_request_timestamp": time.time(),
    "start_time": time.time(),
    "num_requests": 1_000_000,
    "num_none_requests": 0,
    "num_failures": 0,
    "total_response_time": 1.0,
    "max_response_time": 1,
    "min_response_time": 1,
    "total_content_length": 0,
    "response_times": {1: 1_000_000},
    "num_reqs_per_sec": {int(time.time()): 1_000_000},
    "num_fail_per_sec": {},
}
ANSWERS = [[int(time.time()) - 1, "GET", "/tests", {1.0: 1_000_000}, {}, None]]
STATISTICS = {
    "stats": [ROW],
    "stats_total": {**ROW, "name": "Aggregated"},
    "errors": {},
    "user_classes_count": {},
    "user_count": 0,
    "lab": {"answers": ANSWERS},
}


def message(kind: str, data: object) -> bytes:
    """A message as Locust's workers send them."""
    packed: bytes = msgpack.dumps((kind, data, STRANGER))
    return packed


FRAMES = {
    "empty": [b""],
    "torn": [b"\xc1\xc1", msgpack.dumps(5), msgpack.dumps([1]), msgpack.dumps((1, 2, 3, 4)), b"\x93\xa5stats"],
    "unreadable": [
        message("client_ready", "2.47.0"),
        message("heartbeat", None),
        message("spawning_complete", []),
        message("stats", 7),
        message("client_stopped", None),
    ],
    "statistics": [message("stats", STATISTICS)] * 2,
    "quit": [message("quit", None), message("client_stopped", None)],
    "silent": [message("client_ready", "2.47.0"), message("spawning", None)],
}


def main(port: str, what: str, of: str) -> None:
    """Sends the frames, each time as the same stranger."""
    context = zmq.Context()
    socket = context.socket(zmq.DEALER)
    socket.setsockopt(zmq.IDENTITY, STRANGER.encode())
    socket.setsockopt(zmq.LINGER, 1000)
    socket.setsockopt(zmq.SNDTIMEO, 5000)
    keys = secret.keys(of)
    socket.curve_serverkey, (socket.curve_publickey, socket.curve_secretkey) = keys.master.public, keys.worker
    socket.connect(f"tcp://127.0.0.1:{port}")
    for frame in FRAMES[what]:
        socket.send_multipart([frame])
        time.sleep(0.2)
    if what == "silent":
        time.sleep(3)
    socket.close()
    context.term()


if __name__ == "__main__":
    main(*sys.argv[1:])
