"""Both ends of the wire on loopback: a real swarm, and two services that it reads the metrics of."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from lab.commands.judge import judge_again
from lab.limits import parse
from tests.support.running_service import ROOT, wait_until
from tests.support.swarm import Swarm, plan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.running_service import RunningService


@pytest.fixture
def swarm(swarm: Callable[..., Swarm]) -> Callable[..., Swarm]:
    """Starts a steady run."""
    return lambda target, **knobs: swarm(target, **plan("steady", **knobs))


def test_every_replica_is_read_and_both_ends_count_the_same(
    swarm: Callable[..., Swarm], service: Callable[..., RunningService]
) -> None:
    loaded, idle = service(API_REPLICA="a", WEB_CONCURRENCY="1"), service(API_REPLICA="b", WEB_CONCURRENCY="1")
    nobody = "http://127.0.0.1:1/metrics"
    urls = f"{loaded.url}/metrics {idle.url}/metrics {nobody} {loaded.url}/health"
    running = swarm(loaded.url, LAB_METRICS_URLS=urls, LAB_RUN_TIME="6s", LOCUST_USERS="20")
    assert running.await_exit() == 0, running.log()
    verdict = running.verdict
    _both_ends_count_the_same(verdict)
    _all_was_answered_by_the_first(verdict)
    assert verdict["littles_law"]["swarm"]["agrees"], verdict["littles_law"]
    # tests run side by side, so this machine's own CPU may be all used
    assert verdict["binding"]["gives"] is (verdict["binding"]["resource"] == "machine cpu" and _is_busy(verdict))
    assert (" gives first: " if verdict["binding"]["gives"] else "Nearest to its limit: ") in verdict["sentence"]
    folder = running.results / "latest"
    with (folder / "samples.csv").open(newline="") as file:
        served = [row["served"] for row in csv.DictReader(file) if row["step"]]
    assert len([figure for figure in served if figure]) >= 4, served
    assert judge_again(folder, None).document == verdict


def _is_busy(verdict: dict[str, Any]) -> bool:
    """Whether all of the machine's CPU was used."""
    return bool(verdict["binding"]["used"] >= 0.95)


def _both_ends_count_the_same(verdict: dict[str, Any]) -> None:
    entry = verdict["double_entry"]
    assert entry["agree"], entry
    # requests that were in flight when the users stopped are counted by the service alone
    assert 0 <= entry["replicas"] - entry["swarm"] <= 20
    assert entry["swarm"] >= verdict["measured"]["requests"] > 0


def _all_was_answered_by_the_first(verdict: dict[str, Any]) -> None:
    first, second = verdict["replicas"]
    assert (first["name"], first["requests"]) == ("a", verdict["measured"]["requests"])
    assert (second["name"], second["requests"]) == ("b", 0)
    assert verdict["balance"]["because"] == "b answered nothing, and a 100 %, where 50 % is even"
    assert first["p95_ms"] == pytest.approx(verdict["measured"]["p95_ms"], rel=0.01)
    assert first["cpu_cores"] > second["cpu_cores"]


def test_a_replica_that_dies_and_comes_back_is_told_with_what_it_cost(
    swarm: Callable[..., Swarm], service: Callable[..., RunningService]
) -> None:
    target = service(API_REPLICA="a", WEB_CONCURRENCY="1")
    running = swarm(target.url, LAB_RUN_TIME="14s", LOCUST_USERS="10", LAB_LIMITS="fail<=100%")
    running.await_workers(2)
    running.await_users(10)
    wait_until(lambda: _measured_seconds(running) >= 4, 30, "4 seconds")
    target.kill_all()
    target.restart()
    assert running.await_exit() == 0, running.log()
    (outage,) = running.verdict["outages"]
    assert outage["replica"] == "a"
    assert outage["failed"] == sum(running.verdict["failures"].values()) > 0
    assert 0 < outage["moved_after_seconds"] <= 10
    assert 0 < outage["back_after_seconds"] <= outage["moved_after_seconds"]
    assert running.verdict["double_entry"]["agree"], running.verdict["double_entry"]
    assert f"{outage['failed']} requests failed" in running.verdict["sentence"]


def _measured_seconds(running: Swarm) -> int:
    folders = [folder for folder in running.results.iterdir() if folder.is_dir()] if running.results.exists() else []
    if not folders:
        return 0
    with (folders[0] / "replicas.csv").open(newline="") as file:
        return len(list(csv.DictReader(file)))


def test_metrics_are_read_only_where_load_may_go(
    swarm: Callable[..., Swarm], service: Callable[..., RunningService]
) -> None:
    running = swarm(service().url, LAB_METRICS_URLS="http://metrics.example.com/metrics")
    assert running.await_exit() == 1
    assert "metrics.example.com is not allowed" in running.last_line()


def test_a_service_that_says_nothing_of_itself_is_judged_without(
    swarm: Callable[..., Swarm], service: Callable[..., RunningService]
) -> None:
    target = service(WEB_CONCURRENCY="1")
    running = swarm(target.url, LAB_METRICS_URLS=f"{target.url}/nowhere", LAB_RUN_TIME="3s", LOCUST_USERS="4")
    assert running.await_exit() == 0, running.log()
    verdict = running.verdict
    assert verdict["double_entry"]["replicas"] is None
    assert verdict["binding"]["next"]["resource"] in ("machine cpu", "generator cpu")
    assert len(verdict["replicas"]) == 1, json.dumps(verdict["replicas"])


@pytest.fixture
def burning() -> Iterator[None]:
    """Others burn all CPUs of this machine, for a minute at most."""
    command = [sys.executable, str(ROOT / "tests/support/programs/burn.py"), "60"]
    others = [subprocess.Popen(command) for _ in range(3 * (os.cpu_count() or 1))]
    yield
    for other in others:
        other.kill()
        other.wait()


@pytest.mark.alone
@pytest.mark.usefixtures("burning")
@pytest.mark.parametrize("metrics", ["/metrics", "/nowhere"])  # without metrics it is seen by its port
def test_what_breaks_while_others_burn_the_machine_is_not_put_down_to_the_service(
    swarm: Callable[..., Swarm], service: Callable[..., RunningService], metrics: str
) -> None:
    target = service(WEB_CONCURRENCY="1")
    knobs = {"LAB_METRICS_URLS": f"{target.url}{metrics}", "LAB_NEIGHBOURS": "accuse"}
    running = swarm(target.url, LAB_LIMITS="p95<=1ms", LAB_RUN_TIME="8s", LOCUST_USERS="20", **knobs)
    assert running.await_exit() == 4, running.log()
    assert "Other work used " in str(running.verdict["generator"]["reasons"]), running.verdict["sentence"]
    machine = running.verdict["machine"]
    assert machine["crowded_seconds"] >= 2, machine
    assert 0.25 < machine["others"] < machine["used"] <= 1.05, machine
    folder = running.results / "latest"
    assert judge_again(folder, None).document == running.verdict
    assert judge_again(folder, parse("fail<=100%")).document["verdict"] == "PASS"
