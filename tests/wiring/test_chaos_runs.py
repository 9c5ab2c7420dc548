"""A plan with faults from start to end without Docker: done, seen by its users, and in the verdict with its figures."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.local import Local
from tests.support.running_service import wait_until
from tests.support.swarm import SCHEMA

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KNOBS = {
    "LAB_PLAN": "steady",
    "LAB_SETTLE": "1s",
    "LAB_WORKERS_SETTLE": "1s",
    "LAB_FAILURE_TIME": "2s",
    "LAB_THINK_TIME": "0.05s-0.15s",
    "LAB_NEIGHBOURS": "accept",  # other tests run beside these
    "LOCUST_USERS": "20",
    "LOCUST_SPAWN_RATE": "50",
    "LOCUST_AUTOQUIT": "0",
}
PATIENT = "p95<=5s fail<=60% outage<=20s lost<=0 recovery<=20s"


@pytest.fixture
def local(tmp_path: Path) -> Iterator[Local]:
    started = Local(tmp_path)
    yield started
    started.end()


def verdict_of(local: Local) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((local.results / "latest" / "verdict.json").read_text())
    SCHEMA.validate(document)
    return document


@pytest.mark.xdist_group("chaos")
def test_faults_are_done_recovered_from_and_lose_no_write(local: Local) -> None:
    faults = "kill api at 2s, pause api for 1s at 10s, cut for 1s at 16s"
    code, output = local.run(**KNOBS, LAB_RUN_TIME="22s", LAB_LIMITS=PATIENT, LAB_FAULT=faults)
    assert code == 0, output
    verdict = verdict_of(local)
    rows = verdict["faults"]
    assert [row["text"] for row in rows] == ["kill api at 2s", "pause api for 1s at 10s", "cut for 1s at 16s"]
    assert [(row["problem"], row["recovered"], row["lost"]) for row in rows] == [(None, True, 0)] * 3
    assert all(row["on"] and row["requests"] for row in rows)
    assert rows[0]["failed"]
    assert sum(verdict["failures"].values()) <= sum(row["failed"] for row in rows), "nothing failed but by the faults"
    assert rows[2]["failures"].keys() & {"no answer: ConnectionReset"}
    assert "LAB_FAULT 'kill api at 2s', done at" in verdict["sentence"]
    assert " was gone at " not in verdict["sentence"], "said once, by the fault's own sentence"
    assert "LAB_FAULT: 'cut for 1s at 16s' is over" in output
    assert verdict["ledger"]["acknowledged"] > 20


@pytest.mark.xdist_group("chaos")
def test_a_fault_to_nobody_is_refused_at_the_start_with_2(local: Local) -> None:
    code, output = local.run(**KNOBS, LAB_RUN_TIME="9s", LAB_FAULT="kill postgres at 1s")
    assert code == 2, output
    assert "LAB_FAULT: 'kill postgres at 1s': there is no such service here; there are api" in output


@pytest.mark.xdist_group("chaos")
def test_a_mistake_is_refused_at_the_start_with_2(local: Local) -> None:
    code, output = local.run(**KNOBS, LAB_RUN_TIME="9s", LAB_FAULT="kill api at 8s")
    assert code == 2, output
    assert "LAB_FAULT: 'kill api at 8s': plan steady measures 9 s (LAB_RUN_TIME)" in output


@pytest.mark.xdist_group("chaos")
def test_where_nobody_does_the_faults_the_run_does_not_start(local: Local, tmp_path: Path) -> None:
    nowhere = str(tmp_path / "nobody")
    knobs = {**KNOBS, "LAB_FAULT": "kill api at 1s", "LAB_RUN_TIME": "9s", "LAB_CHAOS": nowhere}
    code, output = local.run("master", "worker", **knobs)
    assert code == 1, output
    assert f"LAB_FAULT is set, and no chaos service answers at {nowhere}" in output
    assert "docker compose --profile chaos up --scale worker=4" in output
    assert not list(local.results.glob("2*"))


@pytest.mark.xdist_group("chaos")
def test_a_standstill_that_was_asked_for_breaks_its_limit_and_is_named_so(local: Local) -> None:
    knobs = {**KNOBS, "LAB_FAULT": "pause api for 8s at 2s", "LAB_RUN_TIME": "14s"}
    code, output = local.run(**knobs, LAB_LIMITS="p95<=60s fail<=99% outage<=5s")
    assert code == 3, output
    said = verdict_of(local)["sentence"]
    assert "(outage<=5s), in the seconds of 'pause api for 8s at 2s', as asked by LAB_FAULT" in said


@pytest.mark.xdist_group("chaos")
def test_ctrl_c_in_the_middle_of_a_fault_ends_it_and_the_run_is_no_pass(local: Local) -> None:
    local.start("./local.sh", **KNOBS, LAB_RUN_TIME="60s", LAB_FAULT="pause api for 40s at 1s", LAB_LIMITS=PATIENT)
    wait_until(lambda: "is done to" in local.log.read_text(), 40, "the pause")
    local.press_ctrl_c()
    assert local.process
    assert local.process.wait(30) == 5, local.log.read_text()
    verdict = verdict_of(local)
    assert (verdict["verdict"], verdict["complete"]) == ("INVALID", False)
    assert "'pause api for 40s at 1s' was not ended: the run ended before" in verdict["sentence"]
    assert verdict["ledger"]["not_audited"] is None, "the service goes on before its writes are audited"
