"""Two masters make one load of a real service, and `lab merge` makes one run of it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.running_service import ROOT, wait_until
from tests.support.swarm import SCHEMA, Swarm, plan, rows

if TYPE_CHECKING:
    from tests.support.running_service import RunningService


def measured(folder: Path) -> dict[str, int]:
    """The requests of each measured second, by its time."""
    found = [row for row in rows(folder / "samples.csv") if row["step"]]
    return {row["time"]: int(row["requests"]) for row in found}


def begun(swarm: Swarm) -> bool:
    return any(swarm.results.glob("*-steady/seconds.jsonl"))


def test_two_masters_make_one_run(tmp_path: Path, swarm: Callable[..., Swarm], target: RunningService) -> None:
    knobs = plan("steady", LAB_RUN_TIME="12s", LOCUST_USERS="6", LAB_PART="1/2")
    first = swarm(target.url, **knobs)
    (tmp_path / "second").mkdir()
    second = Swarm(tmp_path / "second", target.url, {**knobs, "LAB_PART": "2/2", "LOCUST_USERS": "4"})
    try:
        wait_until(lambda: begun(first), 60, f"the first part's seconds; {first.log()}")
        second.add_workers(1)
        assert (first.await_exit(), second.await_exit()) == (0, 0), first.log() + second.log()
        merge = [sys.executable, "-m", "lab", "merge", *(str(each.results / "latest") for each in (first, second))]
        environ = {**first.environ, "LAB_RESULTS": str(tmp_path / "whole")}
        done = subprocess.run(
            merge, cwd=ROOT / "locust", env=environ, capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 0, done.stderr + done.stdout
        check(tmp_path / "whole" / "latest", first, second)
    finally:
        second.end()


def check(folder: Path, first: Swarm, second: Swarm) -> None:
    """The merged run is the sum of both, in the seconds that both measured."""
    whole: dict[str, Any] = json.loads((folder / "verdict.json").read_text())
    SCHEMA.validate(whole)
    assert whole["verdict"] == "PASS"
    assert {row["users"] for row in rows(folder / "steps.csv")} == {"10"}
    one, other = measured(first.results / "latest"), measured(second.results / "latest")
    both = one.keys() & other.keys()
    assert measured(folder) == {second: one[second] + other[second] for second in both}
    assert whole["measured"]["requests"] == sum(measured(folder).values())
    assert whole["merged"]["left_out_seconds"] == len(one.keys() ^ other.keys())
    assert (whole["generator"]["workers"], len(whole["generator"]["figures"])) == (3, 3)
    check_books(whole, first.verdict, second.verdict)


def check_books(whole: dict[str, Any], ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    """Writes add up, and both ends agree on the requests of all, which neither master knows alone."""
    acknowledged = ours["ledger"]["acknowledged"] + theirs["ledger"]["acknowledged"]
    assert [whole["ledger"][name] for name in ("acknowledged", "found", "lost")] == [acknowledged, acknowledged, 0]
    assert ours["double_entry"] is None
    assert whole["double_entry"]["agree"] is True
