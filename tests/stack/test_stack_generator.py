"""The swarm in containers: starved by a quota it is INVALID, and without one it is believed, on the same target."""

from __future__ import annotations

import csv
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.running_service import wait_until
from tests.support.stack import Stack, docker, get, stack

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.docker, pytest.mark.alone]
USERS = 120
"""As many as take twice the tenth of a CPU that is left to the worker, and less than half of the service's."""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with stack(tmp_path_factory.mktemp("lab")) as made:
        made.up(LAB_THINK_TIME="0.2s-0.4s", API_CPUS="1")
        yield made


def judged(lab: Stack) -> dict[str, Any]:
    """The verdict on some seconds of a test, started and stopped as in the UI."""
    lab.swarm(USERS)
    wait_until(lambda: measured_seconds(lab) >= 6, 60, "six measured seconds")
    urllib.request.urlopen(f"{lab.ui}/stop", data=b"", timeout=60).close()
    return lab.verdict()


def measured_seconds(lab: Stack) -> int:
    """How many seconds the latest step has measured."""
    steps = list(csv.DictReader(get(f"{lab.ui}/lab/steps.csv")[2].decode().splitlines()))
    return int(steps[-1]["seconds"] or 0) if steps else 0


def test_a_swarm_without_a_quota_is_believed(lab: Stack) -> None:
    verdict = judged(lab)
    assert (verdict["verdict"], verdict["generator"]["believable"]) == ("PASS", True), verdict["sentence"]
    assert [row["throttled"] for row in verdict["generator"]["figures"]] == [None]


def test_a_swarm_that_is_starved_by_its_quota_accuses_itself(lab: Stack) -> None:
    (worker,) = lab.containers("worker")
    docker("update", "--cpus", "0.1", worker)
    verdict = judged(lab)
    assert verdict["verdict"] == "INVALID"
    assert verdict["sentence"].startswith("INVALID: the swarm ran out of CPU before the service did: worker ")
    assert " was throttled in " in verdict["sentence"]
    assert "Add workers or CPUs." in verdict["sentence"]
    assert all(row["cpus"] == 0.1 for row in verdict["generator"]["figures"])
