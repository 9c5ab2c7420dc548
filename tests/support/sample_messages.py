"""Messages as a worker of this lab sends them, to be read, changed and forged by tests."""

from __future__ import annotations

from array import array
from typing import Any

import msgpack

from lab.counts.marks import Mark
from lab.counts.timeline import Answers

WORKER, RUN, NOW = "host_0123456789abcdef", "5f3a9c21", 1_790_000_000


def entry(name: str = "/tests") -> dict[str, Any]:
    """A row of Locust's own tables."""
    counts: dict[str, Any] = dict.fromkeys(("num_none_requests", "num_failures", "total_content_length"), 0)
    times = {"total_response_time": 12.5, "max_response_time": 7.5, "min_response_time": None}
    seconds = {"last_request_timestamp": float(NOW), "start_time": float(NOW), "num_fail_per_sec": {}}
    whole = {"num_requests": 2, "response_times": {5.0: 1, 7.5: 1}, "num_reqs_per_sec": {NOW: 2}}
    return {"name": name, "method": "GET", **counts, **times, **seconds, **whole}


def batch() -> dict[str, Any]:
    """What was counted in a second."""
    answers: list[list[Any]] = [
        list(Answers(NOW, "GET /tests", {5.0: 1, 7.5: 1}, {"status 500": 1}, 12.5, 7.5, "api-1", {}, {}, "Reader")),
        list(Answers(NOW, "POST /tests", {}, {"refused": 2}, 0.0, 0.0, None, {}, {"KeyError: 1": 2}, "")),
    ]
    for row in answers:
        row[7] = dict(row[7])
    writes = {"run": RUN, "worker": 0, "handed_in": False, "sent": 3, "acknowledged": 2, "refused": 0}
    writes |= {"read_back": 1, "stale": 1, "stale_reads": [[NOW, 1, "api-1"]]}
    writes |= {"answers": [[NOW, 1, "api-1", array("I", [0, 2]).tobytes()]]}
    vitals = {"seconds": 1.0, "machine": "m", "users": 3, "cpu_seconds": 0.05, "lags": {"0": 19, "1.2": 1}, "files": 9}
    marks = [list(Mark(NOW, "JOURNEY checkout", {900.0: 2}, {"POST /tests: refused": 1}, 1800.0, 900.0))]
    silence = {"seconds": 3.5, "cut_off": 1, "is_over": True}
    asked = {"line": "GET http://api/tests", "headers": [["Accept", "*/*"]], "body": "", "size": 0}
    kept = {"kept_as": "failure", "at": NOW + 0.5, "endpoint": "GET /tests", "failure": "status 500", "time_ms": 7.5}
    kept |= {"request": asked, "answer": {**asked, "line": "500", "size": None}, "trace": "", "trace_id": "ab" * 16}
    counted = {"answers": answers, "marks": marks, "writes": writes, "health": [[NOW, vitals]]}
    return {**counted, "silence": silence, "exchanges": [kept]}


def report() -> dict[str, Any]:
    """A worker's report."""
    lab = {
        "run": RUN,
        "build": {"lab": "aa11"},
        "sent": 12.5,
        "until": 1_000_000,
        "wall_offset": -0.01,
        "cut_off": 0,
        "in_tasks": 0,
    }
    error = {"name": "/tests", "method": "GET", "error": "e", "occurrences": 1, "first_seen": 1.0, "last_seen": None}
    locusts = {"stats": [entry()], "stats_total": entry("Aggregated"), "errors": {"key": error}}
    users = {"user_classes_count": {"Reader": 3}, "user_count": 3}
    return {**locusts, **users, "lab": {**lab, "batches": [[1, batch()], [2, {**batch(), "silence": None}]]}}


MESSAGES: dict[str, Any] = {
    "client_ready": "2.47.0",
    "heartbeat": {"state": "running", "current_cpu_usage": 3.5, "current_memory_usage": 90_000_000},
    "spawning": None,
    "spawning_complete": {"user_classes_count": {"Reader": 3}, "user_count": 3},
    "client_stopped": None,
    "stats": report(),
    "exception": {"msg": "m", "traceback": "t"},
    "logs": {"worker_id": WORKER, "logs": ["a line"]},
    "quit": None,
    "a person's own": {"any": ["thing", 1, None]},
}


def packed(kind: str, data: Any, sender: str = WORKER) -> bytes:
    """The message as it travels."""
    frame: bytes = msgpack.dumps((kind, data, sender))
    return frame
