"""What the faults of every store have in common: how the service is asked meanwhile, and what each row checks."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING

from tests.support.faults import Check, fact
from tests.support.store_trials import Writers

if TYPE_CHECKING:
    from tests.support.faults_lab import Lab

KILLS = int(os.environ.get("FAULTS_KILLS", "5"))
"""How often the service is killed under writes; `make long-faults` has a hundred."""


def ask_all(lab: Lab) -> None:
    """Finds out what a write, a read and /ready are answered with, and how long the slowest of them took."""
    began, slowest = time.monotonic(), 0.0
    for name, method, path in (("write", "POST", "/tests"), ("read", "GET", "/tests"), ("ready", "GET", "/ready")):
        body = json.dumps({"name": f"asked {began}", "description": "by a test"}).encode() if method == "POST" else None
        answer = lab.service.ask(method, path, body, {"Content-Type": "application/json"}, seconds=15)
        lab.facts[name] = answer.status
        slowest = max(slowest, time.monotonic() - began)
        began = time.monotonic()
    lab.facts["slowest"] = slowest


def time_to_recover(lab: Lab) -> None:
    """Waits until writes are acknowledged again, by themselves."""
    lab.recovered_after = lab.time(lambda: lab.service.add("after").status == 204, 20, "a write again")
    lab.time(lambda: lab.service.get("/ready").status == 200, 5, "ready again")


def keep(lab: Lab, names: list[str]) -> None:
    held = lab.service.names()
    lab.facts["lost"] = len(set(names) - set(held))
    lab.facts["doubled"] = len(held) - len(set(held) | {"after"}) if "after" in held else len(held) - len(set(held))


def kill_often(lab: Lab) -> None:
    """The service is killed so many times while eight clients write."""
    acknowledged: list[str] = []
    for turn in range(KILLS):
        writers = Writers(lab.service, 8, f"turn {turn}")
        lab.time(lambda: len(writers.acknowledged) > 200, 30, "200 acknowledged writes")  # noqa: B023 - at once
        lab.service.kill_all()
        writers.stop()
        acknowledged += writers.acknowledged
        began = time.monotonic()
        lab.service.restart()
        lab.recovered_after = max(lab.recovered_after or 0, time.monotonic() - began)
    keep(lab, acknowledged)
    lab.facts["acknowledged"] = len(acknowledged)


KEPT = (fact("lost", lambda count: count == 0, "{} lost"),)
QUICK = fact("slowest", lambda seconds: seconds <= 3, "answered within {:.1f} s")
UNREADY = fact("ready", lambda status: status == 503, "/ready {}")
READS = fact("read", lambda status: status == 200, "reads {}")


def writes(*wanted: int) -> Check:
    return fact("write", lambda status: status in wanted, "writes {}")


OFTEN_SECONDS = 60 + 10 * KILLS
OFTEN = (
    *KEPT,
    fact("doubled", lambda count: count == 0, "{} doubled"),
    fact("acknowledged", bool, "of {} acknowledged"),
)
