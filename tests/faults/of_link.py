"""The link between a worker and the master is slow, stalled, cut, or spoken to by strangers."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from tests.support.faults import Check, Fault, fact, never_says, says, says_number
from tests.support.faults_link import DOWN, UP, Link, Weather
from tests.support.running_service import ROOT
from tests.support.swarm import SECRET

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.faults_lab import Lab

USERS, RPS = 20, 200


def _linked(lab: Lab, break_it: Callable[[Link], None], seconds: float, run_time: str = "20s") -> None:
    """One of two workers reaches the master over a link that is broken for so many seconds."""
    lab.serve()
    lab.begin(workers=1, users=USERS, knobs={"LAB_RUN_TIME": run_time})
    link = lab.closing.enter_context(Link(lab.swarm.port))
    lab.swarm.add_workers(1, port=link.port)
    lab.await_measured(4)
    break_it(link)
    began, most = time.monotonic(), 0.0
    while time.monotonic() - began < seconds:
        most = max(most, lab.load())
    link.mend()
    for _ in range(3):
        most = max(most, lab.load())
    lab.facts["most_load"] = most
    lab.finish()
    lab.count_both_sides()


def stalled_2(lab: Lab) -> None:
    _linked(lab, Link.stall, 2, "12s")


def stalled_6(lab: Lab) -> None:
    _linked(lab, Link.stall, 6)


def stalled_14(lab: Lab) -> None:
    _linked(lab, Link.stall, 14, "25s")


def stalled_up(lab: Lab) -> None:
    """What the worker says is held up; it hears its master."""
    _linked(lab, lambda link: link.stall(UP), 6)


def stalled_down(lab: Lab) -> None:
    """The worker does not hear its master, who hears it."""
    _linked(lab, lambda link: link.stall(DOWN), 14, "25s")


def cut_14(lab: Lab) -> None:
    _linked(lab, Link.cut, 14, "25s")


def cut_1(lab: Lab) -> None:
    _linked(lab, Link.cut, 1, "12s")


def slow(lab: Lab) -> None:
    _linked(lab, lambda link: link.set(Weather(delay_seconds=0.3)), 6, "14s")


def _spoken_to(lab: Lab, what: str) -> None:
    """Somebody else speaks to the master's port in the middle of the plan."""
    lab.go(measured=4)
    command = [sys.executable, "-m", "tests.support.faults_stranger", str(lab.swarm.port), what, SECRET]
    environ = {**os.environ, "PYTHONPATH": f"{ROOT / 'locust'}:{ROOT}", "LOCUST_SKIP_MONKEY_PATCH": "1"}
    subprocess.run(command, check=True, timeout=30, env=environ)
    lab.finish()
    lab.count_both_sides()


def empty_frame(lab: Lab) -> None:
    _spoken_to(lab, "empty")


def torn_frame(lab: Lab) -> None:
    _spoken_to(lab, "torn")


def unreadable(lab: Lab) -> None:
    _spoken_to(lab, "unreadable")


def forged_statistics(lab: Lab) -> None:
    _spoken_to(lab, "statistics")


def forged_quit(lab: Lab) -> None:
    _spoken_to(lab, "quit")


def silent_worker(lab: Lab) -> None:
    _spoken_to(lab, "silent")


STEADY = fact("most_load", lambda load: load <= RPS * 1.12, "{:.0f} req/s at most")
NOT_THE_CLOCK: Check = never_says(r"\bclock|NTP")
NOTHING_LOST = fact("missing", lambda missing: missing == 0, "both ends count the same")
BOUNDED = fact("missing", lambda missing: 0 <= missing <= 1.2 * RPS / 2 + USERS / 2, "{} answers missing")
TOLD = says_number("missing", within=USERS // 2)
LINK = says("link|connection|cut off|did not hear|out of reach", "the link")
BELIEVED_OR_NOT = ("PASS 0", "INVALID 4")

FAULTS = (
    Fault("a control link is stalled for 2 s", stalled_2, BELIEVED_OR_NOT, (STEADY, NOT_THE_CLOCK, NOTHING_LOST)),
    Fault(
        "a control link is stalled for 6 s",
        stalled_6,
        BELIEVED_OR_NOT,
        (STEADY, NOT_THE_CLOCK, BOUNDED, TOLD, LINK),
    ),
    Fault(
        "a control link is stalled for 14 s",
        stalled_14,
        BELIEVED_OR_NOT,
        (STEADY, NOT_THE_CLOCK, BOUNDED, TOLD, LINK),
    ),
    Fault(
        "a control link is stalled for 6 s, up alone",
        stalled_up,
        BELIEVED_OR_NOT,
        (STEADY, NOT_THE_CLOCK, BOUNDED, LINK),
    ),
    Fault(
        "a control link is stalled for 14 s, down alone",
        stalled_down,
        BELIEVED_OR_NOT,
        (STEADY, NOT_THE_CLOCK, BOUNDED, LINK),
    ),
    Fault("a control link is cut for 1 s", cut_1, BELIEVED_OR_NOT, (STEADY, NOT_THE_CLOCK, BOUNDED)),
    Fault(
        "a control link is cut for 14 s",
        cut_14,
        BELIEVED_OR_NOT,
        (STEADY, NOT_THE_CLOCK, BOUNDED, TOLD, LINK),
    ),
    Fault("a control link delays each message by 300 ms", slow, BELIEVED_OR_NOT, (STEADY, NOTHING_LOST)),
    Fault(
        "an empty frame is sent to the master's port",
        empty_frame,
        ("PASS 0",),
        (NOTHING_LOST,),
    ),
    Fault(
        "torn frames are sent to the master's port",
        torn_frame,
        ("PASS 0",),
        (NOTHING_LOST,),
    ),
    Fault("messages without their contents are sent to the master", unreadable, BELIEVED_OR_NOT, (NOTHING_LOST,)),
    Fault(
        "forged statistics are sent to the master",
        forged_statistics,
        BELIEVED_OR_NOT,
        (NOTHING_LOST,),
    ),
    Fault("a forged farewell of a worker is sent to the master", forged_quit, BELIEVED_OR_NOT, (NOTHING_LOST,)),
    Fault("a stranger takes a worker's part and does nothing", silent_worker, BELIEVED_OR_NOT, (NOTHING_LOST,)),
)
