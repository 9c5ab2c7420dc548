"""A stack that is up: who is there, what each container may do, and what happens to users when workers come and go."""

from __future__ import annotations

import json
import time
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.support.running_service import wait_until
from tests.support.stack import PROJECT, Stack, docker, get, seconds_since, stack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.docker, pytest.mark.timeout(600)]

SERVICES = ("api", "master", "worker", "results", "door")
MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with stack(tmp_path_factory.mktemp("lab")) as made:
        made.up("--scale", "worker=4")
        yield made


def test_the_ui_shows_every_worker(lab: Stack) -> None:
    wait_until(lambda: len(lab.stats()["workers"]) == 4, 20, "4 workers in the UI")


def test_the_service_answers_on_its_port(lab: Stack) -> None:
    status, headers, body = get(f"{lab.api}/tests")
    assert (status, json.loads(body)[0]["name"]) == (200, "unit testing")
    assert headers["x-replica"]


@pytest.mark.parametrize("service", SERVICES)
def test_a_container_may_do_nothing_that_it_does_not_need(lab: Stack, service: str) -> None:
    host = lab.inspect(service)["HostConfig"]
    assert host["ReadonlyRootfs"]
    assert not host["Privileged"]
    assert host["CapDrop"] == ["ALL"]
    assert any(option.startswith("no-new-privileges") for option in host["SecurityOpt"])
    assert host["RestartPolicy"]["Name"] in ("", "no")
    assert 0 < host["PidsLimit"] <= 200
    assert {"noexec", "nosuid"} <= set(host["Tmpfs"]["/tmp"].split(","))
    assert not any("docker.sock" in bind for bind in host["Binds"] or ())


@pytest.mark.parametrize("service", ["api", "master", "worker", "door"])
def test_a_process_has_no_root_no_capability_and_nothing_to_write_to(lab: Stack, service: str) -> None:
    me = json.loads(lab.inside(service, "who_am_i"))
    assert me == {"uid": 10001, "caps": "0" * 16, "no_new": "1", "writes": False}


def test_the_one_with_root_can_give_files_away_and_no_more(lab: Stack) -> None:
    me = json.loads(lab.inside("results", "who_am_i"))
    chown_and_fowner = 1 << 0 | 1 << 3
    assert (me["uid"], int(me["caps"], 16), me["no_new"], me["writes"]) == (0, chown_and_fowner, "1", False)
    assert lab.inspect("results")["HostConfig"]["NetworkMode"] == "none"


def test_ports_are_published_on_loopback_and_the_swarms_own_not_at_all(lab: Stack) -> None:
    published = {
        (port.split("/")[0], binding["HostIp"])
        for service in SERVICES
        for port, bindings in lab.inspect(service)["NetworkSettings"]["Ports"].items()
        for binding in bindings or ()
    }
    assert published == {("8089", "127.0.0.1"), ("5000", "127.0.0.1")}


REACHED = {
    "api": ["api:5000", "door:5000"],
    "door": ["api:5000", "door:5000"],
    "worker": ["api:5000", "door:5000", "master:5557", "master:8089", "swarm-master:5557", "swarm-master:8089"],
}
"""What each part reaches of all the ports of the lab. A worker proves the swarm's secret before the master hears it."""


@pytest.mark.parametrize("service", REACHED)
def test_the_service_reaches_no_port_of_the_master(lab: Stack, service: str) -> None:
    networks = lab.inspect("master")["NetworkSettings"]["Networks"].values()
    masters = ["swarm-master", "master", *(network["IPAddress"] for network in networks)]
    places = [f"{name}:{port}" for name in masters for port in (5557, 8089)]
    reached = json.loads(lab.inside(service, "reaches", *places, "api:5000", "door:5000"))
    assert [place for place in reached if not place[0].isdigit()] == REACHED[service]
    assert service == "worker" or not [place for place in reached if place[0].isdigit()]


def test_what_needs_no_way_out_has_none(lab: Stack) -> None:
    networks = json.loads(docker("network", "inspect", *(f"{PROJECT}_{name}" for name in ("service", "store"))))
    assert [network["Internal"] for network in networks] == [True, True]
    assert set(lab.inspect("api")["NetworkSettings"]["Networks"]) == {f"{PROJECT}_service", f"{PROJECT}_store"}


def test_a_replica_has_the_size_of_its_knobs(lab: Stack) -> None:
    host = lab.inspect("api")["HostConfig"]
    assert (host["NanoCpus"], host["Memory"]) == (500_000_000, 512 * 1024 * 1024)


@pytest.mark.parametrize(("service", "most"), [("api", 60 * MEGABYTE), ("master", 90 * MEGABYTE)])
def test_an_image_adds_little_to_its_base(lab: Stack, service: str, most: int) -> None:
    base, image = (
        int(docker("image", "inspect", "--format", "{{.Size}}", name))
        for name in ("python:3.13-slim", lab.inspect(service)["Image"])
    )
    assert image - base <= most


def test_master_and_worker_are_one_image(lab: Stack) -> None:
    assert len({lab.inspect(service)["Image"] for service in ("master", "worker", "results")}) == 1


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Stack]:
    """A stack that the test may change and stop."""
    with stack(tmp_path) as made:
        made.up("--scale", "worker=4")
        yield made


def test_users_stay_when_workers_come_and_go_and_a_stop_leaves_a_complete_folder(own: Stack) -> None:
    own.swarm(users=12)
    for workers in (2, 1, 3):
        done = own.compose("up", "--detach", "--scale", f"worker={workers}")
        assert done.returncode == 0, done.stdout
        wait_until(partial(_is_shared, own, workers, 12), 25, f"12 users on {workers} workers")
    assert_stop_in_the_middle(own)


def _is_shared(lab: Stack, workers: int, users: int) -> bool:
    stats = lab.stats()
    counts = [worker["user_count"] for worker in stats["workers"] if worker["state"] == "running"]
    return len(counts) == workers and sum(counts) == users == stats["user_count"] and min(counts) > 0


def assert_stop_in_the_middle(lab: Stack) -> None:
    """`docker compose stop` in the middle of a run ends it in time, with a verdict."""
    start = time.monotonic()
    done = lab.compose("stop")
    assert done.returncode == 0, done.stdout
    assert seconds_since(start) < 10
    assert lab.inspect("master")["State"]["ExitCode"] == 5
    assert lab.verdict()["complete"] is False
    kept = {entry.name for entry in (lab.results / "latest").iterdir()}
    assert {"verdict.json", "environment.json", "locust.html", "locust_stats.csv"} <= kept
    assert all(lab.inspect(service)["State"]["ExitCode"] != 137 for service in SERVICES)
