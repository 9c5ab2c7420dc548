"""LAB_FAULT: what is broken on purpose, as a plan, must be done, felt, recovered from, and told with its figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.support.faults import Fault, logs, part, says
from tests.support.local import Local

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.support.faults_lab import Lab

ASKED = ("kill api at 3s", "pause api for 1s at 11s", "delay 150ms at 16s for 2s")
KNOBS = {
    "LAB_PLAN": "steady",
    "LAB_RUN_TIME": "22s",
    "LAB_SETTLE": "1s",
    "LAB_WORKERS_SETTLE": "1s",
    "LAB_FAILURE_TIME": "2s",
    "LAB_THINK_TIME": "0.05s-0.15s",
    "LAB_NEIGHBOURS": "accept",
    "LOCUST_USERS": "20",
    "LOCUST_SPAWN_RATE": "50",
    "LOCUST_AUTOQUIT": "0",
}


def _run(lab: Lab, faults: Sequence[str], accepted: str) -> None:
    local = Local(lab.folder)
    lab.closing.callback(local.end)
    lab.exit_code, said = local.run(**KNOBS, LAB_FAULT=", ".join(faults), LAB_LIMITS=accepted)
    lab.take_over(local.results, said)


def as_a_plan(lab: Lab) -> None:
    _run(lab, ASKED, "p95<=5s fail<=60% outage<=20s lost<=0 recovery<=20s")


def beyond_its_limit(lab: Lab) -> None:
    _run(lab, ("pause api for 8s at 3s",), "p95<=60s fail<=99% outage<=5s lost<=0")


def _are_done(rows: Any) -> bool:
    return [row["text"] for row in rows] == list(ASKED) and all(row["on"] and row["problem"] is None for row in rows)


def _are_felt(rows: Any) -> bool:
    killed, paused, delayed = rows
    return bool(killed["failed"] and all(row["requests"] for row in (killed, paused, delayed)))


FAULTS = (
    Fault(
        "LAB_FAULT: the service is killed, paused and slowed down",
        as_a_plan,
        ("PASS 0",),
        (
            part("faults", _are_done, "each was done"),
            part("faults", _are_felt, "requests failed by the kill"),
            part(
                "faults", lambda rows: all(row["recovered"] and row["lost"] == 0 for row in rows), "recovered, 0 lost"
            ),
            part("ledger.audited", lambda audited: audited > 0, "the ledger was audited"),
            logs("'delay 150ms at 16s for 2s' is over", ""),
        ),
    ),
    Fault(
        "LAB_FAULT: the service is paused for longer than is accepted",
        beyond_its_limit,
        ("FAIL 3",),
        (
            says("in the seconds of 'pause api for 8s at 3s', as asked by LAB_FAULT", "who asked for it"),
            part("faults", lambda rows: len(rows) == 1 and rows[0]["recovered"] and rows[0]["lost"] == 0, "0 lost"),
        ),
    ),
)
