"""The service's own side in a real stack: what gives first, and a replica that is killed behind the load balancer."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import pytest

from tests.support.running_service import PATIENT, wait_until
from tests.support.stack import Stack, docker, stack

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.docker, pytest.mark.timeout(600)]

TIGHT = {"API_CPUS": "0.2", "LOCUST_SPAWN_RATE": "100", "LAB_SETTLE": "2s"}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with stack(tmp_path_factory.mktemp("lab")) as made:
        yield made


@pytest.mark.alone
def test_a_service_that_is_short_of_cpu_is_told_so(lab: Stack) -> None:
    code, output = lab.run("--scale", "worker=2", **TIGHT, LAB_PLAN="steady", LAB_RUN_TIME="20s", LOCUST_USERS="400")
    assert code == 3, output
    verdict = lab.verdict()
    binding = verdict["binding"]
    assert (binding["resource"], binding["unit"], binding["gives"]) == ("api cpu", "of 0.2 CPU", True), binding
    assert 0.85 <= binding["used"] <= 1.1
    assert "The api's CPU gives first: " in verdict["sentence"]
    assert verdict["double_entry"]["agree"], verdict["double_entry"]
    assert verdict["littles_law"]["service"]["agrees"], verdict["littles_law"]


def test_a_replica_that_is_killed_behind_the_proxy_costs_little_and_is_told(lab: Stack) -> None:
    lab.up(
        *("--scale", "api=3", "--scale", "worker=2"),
        profiles=("proxy",),
        LOCUST_HOST="http://proxy:8080",
        LAB_PLAN="steady",
        LAB_RUN_TIME="24s",
        LOCUST_USERS="30",
        LOCUST_SPAWN_RATE="100",
        LAB_SETTLE="1s",
        LAB_THINK_TIME="0.1s-0.3s",
        LAB_LIMITS=PATIENT,
        LOCUST_AUTOQUIT="0",
    )
    wait_until(lambda: lab.users() == 30, 30, "30 users")
    victim = lab.containers("api")[0]
    wait_until(lambda: _seconds(lab) >= 3, 30, "some seconds on all replicas")
    docker("kill", victim)
    docker("start", victim)
    assert docker("wait", lab.inspect("master")["Id"], seconds=90) == "0"
    verdict = lab.verdict()
    (outage,) = verdict["outages"]
    assert outage["replica"] == victim[:12]
    assert outage["failed"] <= 0.02 * verdict["measured"]["requests"]
    assert 0 < outage["moved_after_seconds"] <= 5
    assert 0 < outage["back_after_seconds"] <= 15
    assert len(verdict["replicas"]) == 3
    entry = verdict["double_entry"]
    assert entry["agree"], entry
    assert entry["proxy"] == pytest.approx(entry["swarm"], abs=outage["failed"] + 5)
    assert f"Replica {victim[:12]} was gone" in verdict["sentence"]


def _seconds(lab: Stack) -> int:
    """How many seconds the newest run has told with all three replicas in them."""
    newest = max(lab.results.glob("2*"))
    with (newest / "samples.csv").open(newline="") as file:
        return sum(row["replicas"] == "3" for row in csv.DictReader(file))
