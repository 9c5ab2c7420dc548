"""Somebody else works on the machine, or asks the same service."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import TYPE_CHECKING

from tests.support.faults import Fault, Seen, fact, part, says
from tests.support.running_service import wait_until

if TYPE_CHECKING:
    from tests.support.faults_lab import Lab

BURN = "import time\nuntil = time.monotonic() + 45\nwhile time.monotonic() < until: pass"
BURNERS = 4


def _burn(lab: Lab) -> None:
    """Four processes that compute, for 45 s at most."""
    for _ in range(BURNERS):
        burner = subprocess.Popen([sys.executable, "-c", BURN])
        lab.closing.callback(burner.wait, 10)
        lab.closing.callback(burner.kill)


def burns_in_a_search(lab: Lab) -> None:
    """From the second step on; the limit is one that the calm machine keeps up to LAB_MAX_USERS."""
    search = {"LAB_PLAN": "capacity", "LAB_START_USERS": "10", "LAB_MAX_USERS": "40", "LAB_STEP_TIME": "3s-4s"}
    lab.serve()
    lab.begin(knobs={**search, "LAB_LIMITS": "p95<=40ms fail<=1%", "LAB_DEADLINE": "45s"})
    wait_until(lambda: "step 2:" in lab.swarm.log(), 40, "a second step")
    _burn(lab)
    lab.finish(90)


def burns_at_a_held_load(lab: Lab) -> None:
    lab.go(measured=1, LAB_LIMITS="p95<=20ms fail<=1%")
    _burn(lab)
    lab.finish()


def somebody_else_asks(lab: Lab) -> None:
    """300 requests of nobody of the swarm, in the middle of the run."""
    lab.go(measured=3)
    threads = [threading.Thread(target=lambda: [lab.service.get("/tests") for _ in range(75)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    lab.finish()
    lab.facts["of_others"] = 300
    lab.count_both_sides()


def _tells_no_capacity(seen: Seen) -> str:
    """A pass says at most that limits were kept, in spite of others, as far as was tried."""
    assert seen.outcome != "PASS 0" or "the capacity was not reached" in seen.sentence, seen.sentence
    return "no capacity"


NAMED = says(r"other work|others|neighbour|outside the lab", "the other work")

FAULTS = (
    Fault(
        "a neighbour burns the machine during a search",
        burns_in_a_search,
        ("INVALID 4", "PASS 0"),
        (NAMED, _tells_no_capacity),
        alone=True,
    ),
    Fault(
        "a neighbour burns the machine at a held load",
        burns_at_a_held_load,
        ("INVALID 4", "PASS 0"),  # limits that were kept in spite of others are kept
        (NAMED,),
        alone=True,
    ),
    Fault(
        "somebody else asks the same service",
        somebody_else_asks,
        ("INVALID 4",),
        (
            fact("missing", lambda missing: missing == 300, "{} requests of others"),
            part("double_entry.agree", lambda agree: agree is False, "both ends do not agree"),
            says("300 more than the swarm", "how many"),
        ),
    ),
)
