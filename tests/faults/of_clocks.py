"""Clocks that are wrong from the start, or are set in the middle of a run."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tests.support.faults import Fault, Seen, fact, says, says_number
from tests.support.faults_clock import Clock
from tests.support.swarm import Process

if TYPE_CHECKING:
    from tests.support.faults_lab import Lab

SECONDS = 10


def _run(lab: Lab, begins: float = 0, becomes: float | None = None, *, master: bool = False, workers: int = 1) -> None:
    """A plan whose master, workers or both have a clock that begins so far off, and is set in the middle."""
    clock = Clock(lab.folder / "clock", begins)
    how, plain = Process(environ=clock.environ), Process()
    lab.serve()
    lab.begin(workers=2 - workers, master=how if master else plain, knobs={"LAB_RUN_TIME": f"{SECONDS}s"})
    lab.swarm.add_workers(workers, how)
    lab.await_measured(4)
    if becomes is not None:
        clock.set(becomes)
    time.sleep(1)
    lab.finish(90)
    lab.count_both_sides()


def worker_behind(lab: Lab) -> None:
    _run(lab, begins=-60)


def worker_ahead(lab: Lab) -> None:
    _run(lab, begins=60)


def worker_set_forward(lab: Lab) -> None:
    _run(lab, becomes=60)


def worker_set_back(lab: Lab) -> None:
    _run(lab, becomes=-60)


def master_set_forward(lab: Lab) -> None:
    _run(lab, becomes=60, master=True, workers=0)


def master_set_back(lab: Lab) -> None:
    _run(lab, becomes=-60, master=True, workers=0)


def master_set_back_and_worker_lost(lab: Lab) -> None:
    """What it says after that is dated before what it said already."""
    clock = Clock(lab.folder / "clock", 0)
    lab.serve()
    lab.begin(master=Process(environ=clock.environ), knobs={"LAB_RUN_TIME": "12s"})
    lab.await_measured(2)
    clock.set(-60)
    time.sleep(1)
    lab.swarm.workers[0].kill()
    lab.swarm.await_workers(1)
    lab.recovered_after = lab.swarm.await_users(20)
    lab.finish(90)
    lab.count_both_sides()


def all_set_forward(lab: Lab) -> None:
    _run(lab, becomes=60, master=True, workers=2)


def all_set_back(lab: Lab) -> None:
    _run(lab, becomes=-60, master=True, workers=2)


def all_set_a_little(lab: Lab) -> None:
    _run(lab, becomes=1.5, master=True, workers=2)


def _whole(seen: Seen) -> str:
    """All seconds are measured, and hold their share of all that was asked, however fast the machine is."""
    measured, asked = seen.document["measured"], seen.facts["counted"]
    assert measured["seconds"] == SECONDS, f"{measured['seconds']} of {SECONDS} s are measured"
    share = measured["requests"] / asked
    assert 0.7 <= share <= 1, f"{share:.0%} of all requests are in the seconds that were measured"
    return f"{measured['seconds']} s measured, with {share:.0%} of all requests"


NOTHING_LOST = fact("missing", lambda missing: missing == 0, "both ends count the same")
FIGURES = (_whole, NOTHING_LOST, says("clock", "the clock"))

FAULTS = (
    *(
        Fault(name, trial, ("PASS 0",), FIGURES)
        for name, trial in (
            ("a worker's clock is a minute behind", worker_behind),
            ("a worker's clock is a minute ahead", worker_ahead),
            ("a worker's clock is set a minute forward in the run", worker_set_forward),
            ("a worker's clock is set a minute back in the run", worker_set_back),
            ("the master's clock is set a minute forward in the run", master_set_forward),
            ("the master's clock is set a minute back in the run", master_set_back),
            ("all clocks are set a minute forward in the run", all_set_forward),
            ("all clocks are set a minute back in the run", all_set_back),
            ("all clocks are set forward by 1.5 s in the run", all_set_a_little),
        )
    ),
    Fault(
        "the master's clock is set a minute back, and a worker is killed",
        master_set_back_and_worker_lost,
        ("PASS 0",),
        (says("clock", "the clock"), says_number("missing", within=10)),
        within_seconds=8,
    ),
)
