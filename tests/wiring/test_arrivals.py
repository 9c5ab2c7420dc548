"""Open arrivals in a real swarm on loopback: do they come whatever the answers do, is everyone who waits charged?"""

from __future__ import annotations

import csv
import resource
import signal
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest

from lab.arrivals.schedule import EVEN, intended_times
from lab.counts import histogram
from tests.support.calibrated import Running, running
from tests.support.clockwork import Clockwork, Nature
from tests.support.queueing import Law
from tests.support.running_service import wait_until
from tests.support.swarm import Swarm, assert_complete

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OPEN = {
    "LAB_ARRIVALS": "open",
    "LAB_PLAN": "steady",
    "LOCUST_AUTOQUIT": "0",
    "LOCUST_SPAWN_RATE": "100",
    "LAB_READ_BACK": "0%",
}


@contextmanager
def swarming(folder: Path, target: Running, **knobs: str) -> Iterator[Swarm]:
    """A swarm with one worker."""
    folder.mkdir()
    swarm = Swarm(folder, target.url, {**OPEN, **knobs})
    try:
        swarm.add_workers(1)
        yield swarm
    finally:
        swarm.end()


def patient(service_time: str, *more: str) -> list[str]:
    """The flags of a service that always takes so long, however many come."""
    return ["--slots", "5000", "--law", "even", "--service-time", service_time, *more]


def counted(swarm: Swarm) -> int:
    """How many requests there were in all, by Locust's table."""
    with (swarm.results / "latest" / "locust_stats.csv").open(newline="") as file:
        (total,) = (int(row["Request Count"]) for row in csv.DictReader(file) if row["Name"] == "Aggregated")
    return total


def failures(swarm: Swarm) -> set[str]:
    """The failures of the whole run, by Locust's table."""
    with (swarm.results / "latest" / "locust_failures.csv").open(newline="") as file:
        return {row["Error"] for row in csv.DictReader(file)}


def sampled(swarm: Swarm) -> int:
    """How many requests there were in all, by the lab's samples."""
    with (swarm.results / "latest" / "samples.csv").open(newline="") as file:
        return sum(int(row["requests"]) for row in csv.DictReader(file))


def test_so_many_come_a_second_whatever_the_service_takes(tmp_path: Path) -> None:
    """Poisson within 4 standard deviations, even within what the ends of the time cut off."""
    cases = [("5ms", "poisson"), ("600ms", "poisson"), ("600ms", "even")]
    with ExitStack() as stack:
        swarms = []
        for service_time, spacing in cases:
            target = stack.enter_context(running(*patient(service_time)))
            folder = tmp_path / f"{service_time}-{spacing}"
            knobs = {"LOCUST_USERS": "50", "LAB_RUN_TIME": "10s", "LAB_ARRIVAL_SPACING": spacing}
            swarms.append(stack.enter_context(swarming(folder, target, LAB_LIMITS="fail<=0.1%", **knobs)))
        for (_, spacing), swarm in zip(cases, swarms, strict=True):
            assert swarm.await_exit() == 0, swarm.log()
            measured = swarm.verdict["measured"]
            expected = 50 * measured["seconds"]
            assert measured["requests"] == pytest.approx(expected, abs=4 * expected**0.5 if spacing == "poisson" else 5)


def test_a_frozen_service_is_charged_for_everyone_who_waited(tmp_path: Path) -> None:
    """At the same rate, users who wait for their answers ask no more while it is frozen, and tell that all is well."""
    frozen = patient("5ms", "--stall-at", "9s", "--stall-for", "4s")
    closed_loop = {"LAB_ARRIVALS": "closed", "LOCUST_USERS": "10", "LAB_THINK_TIME": "0.09s"}
    with (
        running(*frozen) as first,
        running(*frozen) as second,
        swarming(
            tmp_path / "open", first, LAB_RUN_TIME="20s", LOCUST_USERS="100", LAB_ARRIVAL_SPACING="even"
        ) as opened,
        swarming(tmp_path / "closed", second, LAB_RUN_TIME="20s", **closed_loop) as closed,
    ):
        assert opened.await_exit() == 3, opened.log()
        assert closed.await_exit() == 0, closed.log()
    told = opened.verdict["measured"]
    assert told["p95_ms"] == pytest.approx(p95_of_the_schedule(told["seconds"]), rel=0.05)
    assert told["closed_p95_ms"] < 50, "the figure of a closed loop is there beside it, under its own name"
    assert closed.verdict["measured"]["p95_ms"] < 50
    assert closed.verdict["measured"]["closed_p95_ms"] is None
    assert closed.verdict["measured"]["max_ms"] > 3000


def p95_of_the_schedule(seconds: int) -> float:
    """What p95 (ms) must be over so many seconds of 100 even arrivals a second, 4 s of which the service is frozen."""
    clockwork = Clockwork(Nature(5000, 0.005, Law.EVEN, stall_at=9.0, stall_seconds=4.0))
    sources = [intended_times(EVEN, 0.0, source) for source in range(100)]
    times = sorted(next(source) for source in sources for _ in range(seconds))
    waited = histogram.Histogram()
    for due in times:
        bucket = histogram.bucket((clockwork.answers_at(due, 0) - due) * 1000)
        waited[bucket] = waited.get(bucket, 0) + 1
    p95 = histogram.percentile(waited, 95)
    assert p95 is not None
    return p95


def test_who_cannot_be_let_in_is_a_failure_of_the_swarm(tmp_path: Path) -> None:
    with (
        running(*patient("2s")) as target,
        swarming(tmp_path / "swarm", target, LOCUST_USERS="40", LAB_RUN_TIME="6s", LAB_LIMITS="fail<=1%") as swarm,
    ):
        swarm.await_workers(1)
        # a worker opens half as many connections for visits as it may beside its other files: 20 here
        resource.prlimit(swarm.workers[0].pid, resource.RLIMIT_NOFILE, (140, 140))
        assert swarm.await_exit() == 4, swarm.log()
    assert "worker 1 turned away " in swarm.verdict["sentence"]
    assert "its 140 files are enough for 20 visits in flight" in swarm.verdict["sentence"]
    measured = swarm.verdict["measured"]
    assert set(swarm.verdict["failures"]) == {
        "VISIT Reader: arrival dropped: 20 visits in flight",
        "VISIT Contributor: arrival dropped: 20 visits in flight",
    }
    expected = 40 * measured["seconds"]
    assert measured["requests"] == pytest.approx(expected, abs=4 * expected**0.5), "nobody is skipped"
    assert measured["requests"] - measured["failed"] == pytest.approx(10 * measured["seconds"], rel=0.1)


def test_a_stop_in_the_middle_loses_no_count_and_doubles_none(tmp_path: Path) -> None:
    with running(*patient("400ms")) as target, swarming(tmp_path / "swarm", target, LOCUST_USERS="60") as swarm:
        swarm.await_users(60)
        wait_until(lambda: target.served() > 100, 20, "requests")
        assert swarm.post("/stop")[1]["success"] is True
        assert swarm.await_exit() == 5, swarm.log()
        served = target.served()
    assert_complete(swarm.results / "latest", "service.json")  # the calibrated service says nothing of itself
    assert (counted(swarm), sampled(swarm)) == (served, served)
    assert failures(swarm) == set()


def test_what_a_stop_cannot_wait_for_is_counted_as_cut_off(tmp_path: Path) -> None:
    """A signal leaves a stop few seconds; the service stands still for 16 s, and counts them all after that."""
    frozen = patient("5ms", "--stall-at", "4s", "--stall-for", "16s")
    with running(*frozen) as target, swarming(tmp_path / "swarm", target, LOCUST_USERS="50") as swarm:
        wait_until(lambda: target.served() > 0, 30, "the first request")
        time.sleep(5)
        before = target.served()
        swarm.master.send_signal(signal.SIGTERM)
        assert swarm.await_exit() == 5, swarm.log()
        assert target.served() == before, "it stood still until the stop was over"
        wait_until(lambda: target.served() == counted(swarm), 30, "every request that was sent is counted")
    assert sampled(swarm) == counted(swarm)
    assert {error for error in failures(swarm) if "VisitCutOff" in error} == {
        "VisitCutOff('visit cut off: no answer before the stop')"
    }
