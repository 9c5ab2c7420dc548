"""The stopwatch, from the worker's count to the verdict: every percentile against a log of every single request."""

from __future__ import annotations

import json
import math
from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from lab import limits
from lab.commands.judge import judge_again
from tests.support.calibrated import running
from tests.support.swarm import Swarm

if TYPE_CHECKING:
    from pathlib import Path

PERCENTS = ("p1", "p50", "p90", "p95", "p99", "p99.9")


def test_any_percentile_is_within_a_hundredth_of_that_of_all_requests(tmp_path: Path) -> None:
    knobs = {"LAB_PLAN": "steady", "LAB_RUN_TIME": "5s", "LOCUST_USERS": "12", "LOCUST_AUTOQUIT": "0"}
    knobs |= {"LAB_LIMITS": "max<=3600s", "LAB_CONTRIBUTOR_WEIGHT": "0", "REQUESTS_LOGGED_IN": str(tmp_path)}
    with running("--slots", "50", "--service-time", "2ms") as target:
        swarm = Swarm(tmp_path, target.url, knobs, "timed")
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
        rows = [row for row in judge_again(folder, accepted).document["limits"] if not row.get("implied")]
        told = {row["text"]: row["measured"] for row in rows}
        assert len(told) == len(PERCENTS)
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
