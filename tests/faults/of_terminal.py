"""Ctrl-C in the terminal of ./local.sh: once, twice within a second, and before anything runs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import psutil

from tests.support.faults import Fault, fact
from tests.support.local import Local
from tests.support.running_service import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.faults_lab import Lab

KNOBS = {"LAB_PLAN": "steady", "LAB_SETTLE": "1s", "LOCUST_USERS": "8", "LOCUST_AUTOQUIT": "0"}


def _pressed(lab: Lab, when: Callable[[Local], None], times: int) -> None:
    """Starts ./local.sh, waits for the moment, and presses Ctrl-C so many times within a second."""
    local = Local(lab.folder)
    lab.closing.callback(local.end)
    local.start("./local.sh", **KNOBS)
    when(local)
    family, began = local.family(), time.monotonic()
    for _ in range(times):
        local.press_ctrl_c()
        time.sleep(0.4)
    assert local.process
    lab.exit_code = local.process.wait(40)
    lab.recovered_after = time.monotonic() - began
    _, alive = psutil.wait_procs(family, timeout=3)
    lab.facts["alive"] = len([process for process in alive if process.status() != psutil.STATUS_ZOMBIE])
    lab.facts["log"] = local.log.read_text()
    lab.note_folders()


def once(lab: Lab) -> None:
    _pressed(lab, lambda local: wait_until(lambda: local.users() == 8, 40, "8 users"), 1)


def twice(lab: Lab) -> None:
    _pressed(lab, lambda local: wait_until(lambda: local.users() == 8, 40, "8 users"), 2)


def at_once(lab: Lab) -> None:
    """As soon as it starts its processes."""

    def started(local: Local) -> bool:
        try:
            return any("honcho" in " ".join(process.cmdline()) for process in local.family())
        except psutil.Error:  # one that has just ended
            return False

    _pressed(lab, lambda local: wait_until(lambda: started(local), 30, "processes"), 1)


def when_a_run_begins(lab: Lab) -> None:
    _pressed(lab, lambda _: wait_until(lambda: any(lab.results.glob("20*")), 40, "a folder"), 1)


CHECKS = (
    fact("torn", lambda torn: not torn, "nothing torn"),
    fact("folders", lambda folders: not any(folders.values()), "no folder says complete"),
    fact("alive", lambda count: count == 0, "{} processes left"),
    fact("log", lambda log: "Traceback" not in log, ""),
)

FAULTS = tuple(
    Fault(name, trial, ("none 5",), CHECKS, within_seconds=10, red=red)
    for name, trial, red in (
        ("./local.sh: Ctrl-C", once, ""),
        ("./local.sh: Ctrl-C twice within a second", twice, ""),
        ("./local.sh: Ctrl-C as soon as it starts its processes", at_once, ""),
        ("./local.sh: Ctrl-C in the first second of a run", when_a_run_begins, ""),
    )
)
