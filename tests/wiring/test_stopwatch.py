"""The stopwatch, from the worker's count to the verdict: every percentile against a log of every single request."""

from __future__ import annotations

import json
import math
import shutil
from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from lab import limits
from lab.rejudge import rejudge
from tests.support.calibrated import running
from tests.support.running_service import ROOT
from tests.support.swarm import Swarm

if TYPE_CHECKING:
    from pathlib import Path

PERCENTS = ("p1", "p50", "p90", "p95", "p99", "p99.9")
USERS = """
import os, random, time
from locust import User, constant, events, task
from visitors import Reader

log = open(f"../requests-{os.getpid()}.log", "a")

class Timer(User):
    '''Times from a hundredth of a millisecond to a minute, as if something had taken them.'''
    wait_time = constant(0.02)

    @task
    def take(self):
        for _ in range(10):
            for name, middle_ms in {"short": 0.05, "long": 20.0}.items():
                self.environment.events.request.fire(
                    request_type="TIME", name=name, response_time=middle_ms * random.lognormvariate(0, 1.5),
                    response_length=0, response=None, context={}, exception=None, start_time=time.time(), url=None)

@events.request.add_listener
def write_down(request_type, name, response_time, **_):
    log.write(f"{int(time.time())} {response_time!r} {request_type} {name}\\n")
    log.flush()
"""


def test_any_percentile_is_within_a_hundredth_of_that_of_all_requests(tmp_path: Path) -> None:
    home = tmp_path / "locust"
    shutil.copytree(ROOT / "locust", home)
    (home / "users.py").rename(home / "visitors.py")
    (home / "users.py").write_text(USERS)
    knobs = {"LAB_PLAN": "steady", "LAB_RUN_TIME": "5s", "LOCUST_USERS": "12", "LOCUST_AUTOQUIT": "0"}
    with running("--slots", "50", "--service-time", "2ms") as target:
        swarm = Swarm(tmp_path, target.url, {**knobs, "LAB_LIMITS": "max<=3600s"}, home)
        try:
            swarm.add_workers(2)
            assert swarm.await_exit() in (0, 4), swarm.log()
        finally:
            swarm.end()
    folder = swarm.results / "latest"
    truths = logged(tmp_path, folder)
    assert {name: len(times) > 100 for name, times in truths.items()} == {
        "TIME short": True,
        "TIME long": True,
        "GET /tests": True,
    }
    for name, times in truths.items():
        accepted = limits.parse(" ".join(f"{name}:{percent}<=1s" for percent in PERCENTS))
        told = {row["text"]: row["measured"] for row in rejudge(folder, accepted).document["limits"]}
        for text, measured in told.items():
            percent = float(text.partition(":p")[2].partition("<")[0])
            truth = sorted(times)[max(0, math.ceil(len(times) * percent / 100) - 1)]
            assert measured == pytest.approx(truth, rel=0.01), text


def logged(where: Path, folder: Path) -> dict[str, list[float]]:
    """The times of every request in the measured seconds, by endpoint, as the log of each worker has them."""
    steps = json.loads((folder / "steps.json").read_text())["steps"]
    measured = {second for step in steps for second in seconds_of(step["started"], step["seconds"])}
    times: dict[str, list[float]] = {}
    for log in where.glob("requests-*.log"):
        for line in log.read_text().splitlines():
            second, time_ms, endpoint = line.split(" ", 2)
            if int(second) in measured:
                times.setdefault(endpoint, []).append(float(time_ms))
    return times


def seconds_of(started: str, seconds: int) -> range:
    """The seconds of a step, since the epoch."""
    first = int(datetime.fromisoformat(started).timestamp())
    return range(first, first + seconds)
