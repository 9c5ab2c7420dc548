"""One search, one plain ramp, one truth: each on a known service of its own, for the bench to lay side by side."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.calibrated import Running, running, seconds_of
from tests.support.queueing import Model, capacity
from tests.support.running_service import ROOT, free_port
from tests.support.swarm import LOCUST, Swarm

WORKERS = 2
CORES = sorted(os.sched_getaffinity(0))
"""What this machine has; the first is for a service that needs a core of its own."""
RESOLUTION = "5%"
SEARCH = {
    "LAB_PLAN": "capacity",
    "LAB_RESOLUTION": RESOLUTION,
    "LAB_STEP_TIME": "2s-8s",
    "LAB_SETTLE": "1s",
    "LAB_READ_BACK": "0%",  # its truth is of users who think before each request
    "LAB_DEADLINE": "3m",
    "LOCUST_AUTOQUIT": "0",
    "LOCUST_SPAWN_RATE": "100",
}


@dataclass(frozen=True)
class Known:
    """A service, its users and the limit. Where it has a truth, the model knows it, or a client finds it out.

    `between` is where the client looks for the truth first: users that surely keep and that surely break the limit.
    """

    name: str
    flags: tuple[str, ...]
    think: str
    limit: str
    most_users: int
    model: Model | None = None
    between: tuple[int, int] | None = None
    wanted: str = "found"  # or "not reached", or "drifted"
    own_core: bool = False

    @property
    def think_seconds(self) -> tuple[float, float]:
        shortest, longest = (seconds_of(text) for text in self.think.split("-"))
        return shortest, longest


@dataclass(frozen=True)
class Truth:
    """What the service can really take."""

    users: int
    rps: float


@dataclass(frozen=True)
class Outcome:
    """What a search or a ramp said, and what it took."""

    users: int | None
    rps: float | None
    reached: bool
    seconds: float
    requests: int
    word: str = ""  # the lab's verdict
    interval: tuple[float, float] | None = None  # of the rps
    breach_users: int | None = None


def find_truth(known: Known, near: Truth | None = None) -> Truth | None:
    """From the model where it is exact, else from a client that shares nothing with the lab; None: there is none."""
    if known.model:
        found = capacity(known.model, 95, seconds_of(known.limit), known.most_users)
        return Truth(found.users, found.rps) if found else None
    if not known.between:
        return None
    low, high = (round(near.users * 0.95), round(near.users * 1.05)) if near else known.between
    with _serving(known, seed=0) as service:
        command = [sys.executable, "-m", "bench.closed_loop", service.url, "--limit", known.limit]
        flags = ["--think", known.think, "--between", f"{low}-{high}"]
        told = subprocess.run([*command, *flags], cwd=ROOT, stdout=subprocess.PIPE, check=True, timeout=400)
    found = json.loads(told.stdout)
    return Truth(found["users"], found["rps"]) if found else None


def search(known: Known, seed: int, folder: Path) -> Outcome:
    """The lab's own search, by a real swarm."""
    folder.mkdir(parents=True)
    knobs = {
        **SEARCH,
        "LAB_MAX_USERS": str(known.most_users),
        "LAB_LIMITS": f"p95<={known.limit}",
        "LAB_THINK_TIME": known.think,
    }
    with _serving(known, seed) as service:
        began = time.monotonic()
        swarm = Swarm(folder, service.url, knobs)
        try:
            swarm.add_workers(WORKERS)
            swarm.await_exit(300)
            took = time.monotonic() - began
            if not (swarm.results / "latest").exists():
                return Outcome(None, None, True, took, service.served(), "NO VERDICT")
            return _told(swarm.verdict, service.served())
        finally:
            swarm.end()


def _told(verdict: dict[str, Any], requests: int) -> Outcome:
    # what an INVALID run found is no answer
    believed = verdict["verdict"] != "INVALID"
    found, breach = ((believed and verdict[part]) or {} for part in ("capacity", "breach"))
    return Outcome(
        users=found.get("users"),
        rps=found.get("rps"),
        reached=found.get("reached", True),
        seconds=verdict["seconds"],
        requests=requests,
        word=verdict["verdict"],
        interval=tuple(found["rps_interval"]) if found else None,
        breach_users=breach.get("users"),
    )


def ramp(known: Known, seed: int, folder: Path, seconds: float, users: int) -> Outcome:
    """The plain ramp, which is at so many users after so many seconds, and goes on as steeply to the most."""
    folder.mkdir(parents=True)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("LAB_", "LOCUST_"))}
    result, port = folder / "ramp.json", str(free_port())
    with _serving(known, seed) as service:
        environ = {
            **inherited,
            "PYTHONPATH": str(ROOT / "locust"),
            "LAB_THINK_TIME": known.think,
            "LAB_READ_BACK": SEARCH["LAB_READ_BACK"],
            "RAMP_MOST_USERS": str(known.most_users),
            "RAMP_SECONDS": str(seconds * known.most_users / users),
            "RAMP_P95_MS": str(seconds_of(known.limit) * 1000),
            "RAMP_RESULT": str(result),
        }
        command = [*LOCUST, "-f", str(ROOT / "bench" / "plain_ramp.py"), "--host", service.url]
        master = ["--master", "--headless", "--expect-workers", str(WORKERS), "--stop-timeout", "5"]
        ports = ["--master-bind-host", "127.0.0.1", "--master-bind-port", port]
        worker = ["--worker", "--master-host", "127.0.0.1", "--master-port", port]
        with (folder / "locust.log").open("ab") as log:
            processes = [
                subprocess.Popen([*command, *flags], cwd=folder, env=environ, stdout=log, stderr=log)
                for flags in [[*master, *ports], *[worker] * WORKERS]
            ]
            try:
                processes[0].wait(600)
            finally:
                for process in processes:
                    process.kill()
                    process.wait(10)
        told = json.loads(result.read_text())
        return Outcome(told["users"], told["rps"], told["reached"], told["seconds"], service.served())


@contextmanager
def _serving(known: Known, seed: int) -> Iterator[Running]:
    with running(*known.flags, "--seed", str(seed)) as service:
        if known.own_core:
            os.sched_setaffinity(service.process.pid, CORES[:1])
        yield service
