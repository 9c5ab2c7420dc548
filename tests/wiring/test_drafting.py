"""A locustfile that `lab new` wrote is asked for by a real swarm, as it stands."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.support.commands import run_lab
from tests.support.running_service import RunningService
from tests.support.swarm import Swarm, plan

Start = Callable[..., Swarm]


def test_a_draft_of_our_own_contract_asks_every_operation_and_each_write_is_found(
    swarm: Start, target: RunningService, tmp_path: Path
) -> None:
    drafted = tmp_path / "drafted" / "locustfile.py"
    assert run_lab("new", "openapi", f"{target.url}/openapi.json", "--output", str(drafted)) == 0
    knobs = {"LAB_RUN_TIME": "5s", "LOCUST_USERS": "9", "LAB_READ_BACK": "50%", "LAB_SCENARIO": str(drafted)}
    running = swarm(target.url, 2, **plan("steady", **knobs))
    assert running.await_exit() == 0, running.log()
    verdict = running.verdict
    operations = ("GET /tests", "POST /tests", "GET /tests/[id]", "GET /health", "GET /ready", "GET /metrics")
    assert set(verdict["endpoints"]) == {*operations, "GET /openapi.json"}
    assert (verdict["failures"], verdict["exceptions"]) == ({}, {})
    ledger = verdict["ledger"]
    assert ledger["acknowledged"] == ledger["found"] > 10
    assert (ledger["lost"], ledger["doubled"], ledger["stale"]) == (0, 0, 0)
