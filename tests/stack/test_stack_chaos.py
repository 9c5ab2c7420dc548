"""Faults as a plan with the real engine: done to this project's containers, recovered from, and no write lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.stack import Stack, docker, stack

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.docker, pytest.mark.timeout(600)]

FAULTS = "kill api at 4s, pause postgres for 3s at 16s, cut for 1s at 27s"
SERVICES = ("api", "master", "worker", "results", "door", "chaos", "postgres")
KNOBS = {
    "LAB_PLAN": "steady",
    "LAB_RUN_TIME": "34s",
    "LAB_SETTLE": "1s",
    "LAB_FAILURE_TIME": "2s",
    "LAB_LIMITS": "p95<=5s fail<=60% outage<=20s recovery<=15s lost<=0",
    "LOCUST_AUTOQUIT": "0",
    "API_DATABASE_URL": "postgresql://lab:lab@postgres/lab",
}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with stack(tmp_path_factory.mktemp("lab")) as made:
        yield made


def test_without_the_chaos_service_a_run_with_faults_does_not_start(lab: Stack) -> None:
    code, output = lab.run("--scale", "worker=1", LAB_PLAN="steady", LAB_FAULT="kill api at 4s")
    assert code == 1, output
    assert "LAB_FAULT is set, and no chaos service answers" in output
    assert "docker compose --profile chaos up --scale worker=4" in output


def test_faults_are_done_to_containers_and_no_acknowledged_write_is_lost(lab: Stack) -> None:
    lab.up("--scale", "worker=2", profiles=("chaos", "postgres"), LAB_FAULT=FAULTS, **KNOBS)
    hosts = {service: lab.inspect(service)["HostConfig"] for service in SERVICES}
    code = docker("wait", lab.inspect("master")["Id"], seconds=120)
    logs = lab.logs("master", "chaos")
    assert code == "0", logs
    verdict = lab.verdict()
    assert [(row["text"], row["problem"], row["recovered"], row["lost"]) for row in verdict["faults"]] == [
        (text, None, True, 0) for text in FAULTS.split(", ")
    ]
    assert verdict["ledger"]["lost"] == 0
    assert verdict["ledger"]["acknowledged"] > 20
    assert verdict["faults"][0]["failed"]
    assert verdict["faults"][0]["on"] == [lab.inspect("api")["Id"][:12]]
    assert " was gone at " not in verdict["sentence"], "said once, by the fault's own sentence"
    # what was killed and paused is there again
    assert {lab.inspect(service)["State"]["Status"] for service in ("api", "postgres")} == {"running"}
    assert [service for service, host in hosts.items() if "docker.sock" in str(host["Binds"])] == ["chaos"]
    assert (hosts["chaos"]["CapDrop"], hosts["chaos"]["ReadonlyRootfs"]) == (["ALL"], True)
