"""A real soak of a service whose one failure is known: it stands still at a known time for a known time."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from tests.support.calibrated import running
from tests.support.swarm import Swarm

STALL_SECONDS = 6
KNOBS = {
    "LAB_PLAN": "soak",
    "LAB_RUN_TIME": "22s",
    "LAB_FAILURE_TIME": "2s",
    "LAB_READ_BACK": "0%",
    "LOCUST_USERS": "4",
    "LOCUST_AUTOQUIT": "0",
}


def test_a_service_that_stands_still_has_failed_for_that_long(tmp_path: Path) -> None:
    with running("--service-time", "5ms", "--stall-at", "10s", "--stall-for", f"{STALL_SECONDS}s") as service:
        swarm = Swarm(tmp_path, service.url, KNOBS)
        try:
            swarm.add_workers(2)
            swarm.await_exit()
            verdict = swarm.verdict
        finally:
            swarm.end()
    part = verdict["soak"]
    assert part["count"] == 1, verdict
    (failure,) = part["failures"]
    # what waited is answered in the second after; a busy machine may take another
    assert STALL_SECONDS - 1 <= failure["seconds"] <= STALL_SECONDS + 3
    began = datetime.fromisoformat(failure["from"]) - datetime.fromisoformat(verdict["started"])
    assert 7 <= began.total_seconds() <= 13
    low, high = part["mttr_seconds"]["interval"]
    assert low < STALL_SECONDS < high
    assert part["availability"]["value"] == pytest.approx(1 - failure["seconds"] / part["observed_seconds"], abs=1e-5)
    assert "1 failure in " in verdict["sentence"]
    assert verdict["exit_code"] == 3
    outage = {row["text"]: row for row in verdict["limits"]}["outage<=2s"]
    assert (outage["implied"], outage["kept"]) == (True, False)
    assert STALL_SECONDS - 1 <= outage["measured"] <= STALL_SECONDS + 1
    assert (
        f"no answer for {outage['measured']} s where answers were due (outage<=2s); it failed once"
        in verdict["sentence"]
    )
