"""The swarm accuses itself: workers that are starved, blocked or stopped make a run INVALID, healthy ones never."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.calibrated import Running, running
from tests.support.commands import run_lab
from tests.support.running_service import wait_until
from tests.support.swarm import Swarm

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STEADY = {
    "LAB_PLAN": "steady",
    "LAB_READ_BACK": "0%",
    "LAB_RUN_TIME": "5s",
    "LOCUST_USERS": "40",
    "LOCUST_AUTOQUIT": "0",
}
FAST = ("--slots", "100", "--law", "even", "--service-time", "5ms")
NEIGHBOURS = 16
"""So many spinning processes leave a worker a seventeenth of its core, which is less than it takes."""


@pytest.fixture(scope="module")
def target() -> Iterator[Running]:
    """The same for all swarms here: the healthy and the others."""
    with running(*FAST) as service:
        yield service


@contextmanager
def swarming(folder: Path, target: Running, workers: int = 1, locustfile: str = "", **knobs: str) -> Iterator[Swarm]:
    swarm = Swarm(folder, target.url, {**STEADY, **knobs}, locustfile)
    try:
        swarm.add_workers(workers)
        yield swarm
    finally:
        swarm.end()


def reason_of(swarm: Swarm) -> str:
    """The reason why the run that ends now is INVALID; judged again from its folder it is, too."""
    assert swarm.await_exit() == 4, swarm.log()
    verdict = swarm.verdict
    (reason,) = verdict["generator"]["reasons"]
    assert verdict["sentence"].startswith(f"INVALID: {reason[0].lower()}{reason[1:]}")
    assert run_lab("judge", str(swarm.results / "latest")) == 4
    return str(reason)


def worker(swarm: Swarm, number: int = 1) -> dict[str, Any]:
    """The figures of a worker."""
    figures: list[dict[str, Any]] = swarm.verdict["generator"]["figures"]
    return next(row for row in figures if row["worker"] == number)


@contextmanager
def busy(core: int) -> Iterator[None]:
    """Spins on the core until the block ends."""
    spin = [sys.executable, "-c", "while True: pass"]
    with ExitStack() as stack:
        for _ in range(NEIGHBOURS):
            process = stack.enter_context(subprocess.Popen(spin))
            stack.callback(process.kill)
            os.sched_setaffinity(process.pid, {core})
        yield


def test_a_healthy_swarm_is_believed(tmp_path: Path, target: Running) -> None:
    with swarming(tmp_path, target) as swarm:
        assert swarm.await_exit() == 0, swarm.log()
    verdict = swarm.verdict["generator"]
    assert (verdict["believable"], verdict["reasons"]) == (True, [])
    assert worker(swarm)["seconds"] == pytest.approx(swarm.verdict["measured"]["seconds"], abs=0.5)
    assert (worker(swarm)["users"], worker(swarm)["throttled"]) == (40, None)


def test_a_slow_service_is_the_services_fault(tmp_path: Path) -> None:
    with running("--slots", "2", "--service-time", "50ms") as slow, swarming(tmp_path, slow) as swarm:
        assert swarm.await_exit() == 3, swarm.log()
    assert swarm.verdict["generator"]["believable"] is True


@pytest.mark.alone
def test_busy_neighbours_starve_the_swarm(tmp_path: Path, target: Running) -> None:
    with swarming(tmp_path, target, LOCUST_USERS="300", LOCUST_SPAWN_RATE="150") as swarm:
        swarm.await_users(300)
        core = min(os.sched_getaffinity(0))
        os.sched_setaffinity(swarm.workers[0].pid, {core})
        with busy(core):
            reason = reason_of(swarm)
    assert reason.startswith("The swarm ran out of CPU before the service did: worker 1 ran in ")
    assert reason.endswith("Add workers or CPUs.")


def test_a_call_that_blocks_makes_the_stopwatch_late(tmp_path: Path, target: Running) -> None:
    with swarming(tmp_path, target, locustfile="blocking", LOCUST_USERS="8") as swarm:
        reason = reason_of(swarm)
    assert reason.startswith("The swarm's stopwatch was late: worker 1 woke ")
    assert "calls that do not give way" in reason
    assert worker(swarm)["cpu"] < 0.5, "it is not short of CPU"


def test_users_who_leave_by_themselves_are_not_the_load_that_was_asked_for(tmp_path: Path, target: Running) -> None:
    with swarming(tmp_path, target, locustfile="leaving", LAB_RUN_TIME="60s") as swarm:
        reason = reason_of(swarm)
    assert reason.startswith("The swarm did not hold its users: ")
    assert " of 40 were there for 3 s. " in reason
    assert swarm.verdict["seconds"] < 40, "the plan is given up: it cannot be carried out"


@pytest.mark.parametrize(("seconds", "says"), [(2, "did nothing for "), (7, "was given up for lost")])
def test_a_worker_that_is_stopped_for_a_while(tmp_path: Path, target: Running, seconds: float, says: str) -> None:
    """Also where the master has given it up meanwhile (after 3 to 4 s), and the others have taken its users."""
    with swarming(tmp_path, target, workers=2, LAB_RUN_TIME="7s") as swarm:
        swarm.await_users(40)
        wait_until(
            lambda: bool(swarm.get("/lab/data")["parts"]["steps"].count("<tr>") > 1), 20, "a step that is measured"
        )
        stopped = swarm.workers[0]
        stopped.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        stopped.send_signal(signal.SIGCONT)
        reason = reason_of(swarm)
    assert reason.startswith("The swarm stood still: worker ")
    assert says in reason


def test_too_few_files_are_the_swarms_own_fault(tmp_path: Path, target: Running) -> None:
    with swarming(tmp_path, target) as swarm:
        swarm.await_workers(1)
        resource.prlimit(swarm.workers[0].pid, resource.RLIMIT_NOFILE, (32, 32))
        reason = reason_of(swarm)
    assert reason.startswith("The swarm ran out of file descriptors: worker 1 had all 32 open in ")
    assert "ulimit -n" in reason
    assert swarm.verdict["failures"], (
        "what the worker could not ask is counted as failed, and not held against the service"
    )
