"""What is optional: the load balancer before several replicas, and PostgreSQL, each alone and both together."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.support.running_service import PATIENT, wait_until
from tests.support.stack import ROOT, Stack, docker, get, needs_engine, stack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.docker, pytest.mark.timeout(600)]

POSTGRES = "postgresql://lab:lab@postgres/lab"
SHORT = {"LAB_PLAN": "smoke", "LAB_RUN_TIME": "3s", "LAB_SETTLE": "1s", "LAB_LIMITS": PATIENT}


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Stack]:
    with stack(tmp_path) as made:
        # as in a clone that was made with umask 077
        (made.folder / "proxy" / "haproxy.cfg").chmod(0o600)
        yield made


def replicas_seen(url: str, requests: int) -> set[str]:
    """The replicas that answered a number of requests."""
    return {get(f"{url}/tests")[1]["x-replica"] for _ in range(requests)}


def has_replicas(url: str, count: int) -> bool:
    """Whether so many replicas, and no more, answer behind a URL."""
    return len(replicas_seen(url, 12)) == count


def reaches_postgres(lab: Stack, service: str) -> bool:
    """Whether the service's containers can connect to the database, by its name or by its address."""
    networks = lab.inspect("postgres")["NetworkSettings"]["Networks"].values()
    places = ["postgres:5432", *(f"{network['IPAddress']}:5432" for network in networks)]
    return lab.inside(service, "reaches", *places) != "[]"


@pytest.mark.parametrize("profiles", [("proxy",), ("proxy", "postgres")])
def test_every_replica_behind_the_proxy_serves_its_share(lab: Stack, profiles: tuple[str, ...]) -> None:
    knobs = {"API_DATABASE_URL": POSTGRES} if "postgres" in profiles else {}
    lab.up(
        *("--scale", "api=3", "--scale", "worker=2"),
        profiles=profiles,
        **knobs,
        **SHORT,
        LOCUST_HOST="http://proxy:8080",
        LAB_THINK_TIME="10ms-30ms",
    )
    wait_until(partial(has_replicas, lab.proxy, 3), 20, "answers of three replicas through the proxy")
    assert len(replicas_seen(lab.api, 30)) == 3

    if "postgres" in profiles:
        assert reaches_postgres(lab, "api")
        assert not reaches_postgres(lab, "worker")
        assert not reaches_postgres(lab, "master")

    verdict = lab.await_verdict(40)
    assert (verdict["verdict"], verdict["target"]) == ("PASS", "http://proxy:8080")
    assert len(verdict["replicas"]) == 3
    assert verdict["balance"]["balanced"], verdict["balance"]
    entry = verdict["double_entry"]
    assert (entry["agree"], entry["proxy"], entry["replicas"]) == (True, entry["swarm"], entry["swarm"]), entry


def test_the_proxy_finds_replicas_that_come_and_forgets_those_that_go(lab: Stack) -> None:
    for count in (1, 3, 2):
        lab.up("api", "proxy", "--scale", f"api={count}", profiles=("proxy",))
        wait_until(partial(has_replicas, lab.proxy, count), 20, f"answers of {count} replicas")


def test_a_run_on_postgresql_passes_and_what_was_added_outlives_the_service(lab: Stack) -> None:
    lab.up("--scale", "worker=1", profiles=("postgres",), API_DATABASE_URL=POSTGRES, **SHORT)
    assert lab.await_verdict(40)["verdict"] == "PASS"
    before = get(f"{lab.api}/tests")[2]
    docker("kill", *lab.containers("api"))
    lab.up("api", "door", profiles=("postgres",), API_DATABASE_URL=POSTGRES, **SHORT)
    wait_until(lambda: get(f"{lab.api}/tests")[2] == before, 20, "the same list as before")


def test_haproxy_finds_nothing_wrong_with_its_configuration() -> None:
    needs_engine()
    mount = f"{ROOT}/proxy/haproxy.cfg:/haproxy.cfg:ro"
    said = docker(
        "run",
        "--rm",
        "--network=none",
        "--user=root",
        "--volume",
        mount,
        "--entrypoint=haproxy",
        "haproxy:3.0",
        "-c",
        "-f",
        "/haproxy.cfg",
    )
    assert "WARNING" not in said
