"""The stack over three machines: runs that come back with their verdict, and machines that are lost on the way.

The order counts: the last test kills an engine, and nothing brings it back.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.support.nodes import Nodes, Run, nodes_of_environment
from tests.support.running_service import PATIENT, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = [pytest.mark.docker, pytest.mark.timeout(420)]

STEADY = {"LAB_PLAN": "steady", "LOCUST_USERS": "24", "LAB_SETTLE": "2s", "LAB_RUN_TIME": "60s", "LAB_LIMITS": PATIENT}


@pytest.fixture(scope="module")
def nodes() -> Iterator[Nodes]:
    yield from nodes_of_environment()


@pytest.fixture
def run(nodes: Nodes, tmp_path: Path) -> Iterator[Callable[..., Run]]:
    """Starts a run, and leaves nothing of it on any node."""
    started: list[Run] = []

    def start(workers: int, **knobs: str) -> Run:
        started.append(Run(nodes, tmp_path, workers, **knobs))
        return started[-1]

    yield start
    for each in started:
        each.end()


def test_smoke_brings_its_verdict_and_its_code_back_and_leaves_nothing(nodes: Nodes, run: Callable[..., Run]) -> None:
    passed = run(6, LAB_PLAN="smoke", LAB_RUN_TIME="5s", LAB_SETTLE="1s", LAB_LIMITS=PATIENT)
    wait_until(lambda: passed.workers() == 6, 120, f"6 workers; {passed.printed}")
    where = [len(node.containers(service)) for service in ("worker", "api", "master") for node in nodes.all]
    assert where == [3, 3, 0, 0, 0, 1, 1, 0, 0]
    assert passed.await_exit(120) == 0, passed.printed
    assert (passed.verdict["verdict"], passed.verdict["generator"]["workers"]) == ("PASS", 6)
    assert (passed.results / "latest" / "report.html").stat().st_size
    assert nodes.left() == {}


def test_a_broken_limit_comes_back_as_3_and_is_not_run_again(nodes: Nodes, run: Callable[..., Run]) -> None:
    failed = run(2, LAB_PLAN="smoke", LAB_RUN_TIME="3s", LAB_SETTLE="1s", LAB_LIMITS="p95<=1us")
    assert failed.await_exit(180) == 3, failed.printed
    assert [path.name for path in failed.results.iterdir() if path.name != "latest"] == [
        (failed.results / "latest").resolve().name
    ], "one run, and no second"
    assert nodes.left() == {}


def test_a_signal_ends_the_run_with_5_and_a_verdict_on_what_there_is(nodes: Nodes, run: Callable[..., Run]) -> None:
    steady = run(2, **STEADY)
    steady.await_users(24, 2, 120)
    time.sleep(5)
    steady.process.terminate()
    assert steady.await_exit(60) == 5, steady.printed
    assert steady.verdict["complete"] is False
    assert nodes.left() == {}


def test_capacity_is_found_over_six_workers_on_two_nodes(run: Callable[..., Run]) -> None:
    search = run(
        6, LAB_PLAN="capacity", LAB_DEADLINE="70s", LAB_STEP_TIME="3s-6s", LAB_SETTLE="1s", LAB_RESOLUTION="25%"
    )
    code = search.await_exit(300)
    assert code in (0, 4), search.printed
    verdict = search.verdict
    assert verdict["generator"]["workers"] == 6
    assert verdict["capacity"]["users"] >= 10
    assert verdict["replicas"], "their metrics are read over the network of the stack"


def test_workers_that_are_added_in_a_run_take_their_share(nodes: Nodes, run: Callable[..., Run]) -> None:
    steady = run(2, **STEADY)
    steady.await_users(24, 2, 120)
    nodes.manager.docker("service", "scale", "--detach", "labnodes_worker=6")
    steady.await_users(24, 6, 50)
    assert steady.await_exit(120) == 0, steady.printed
    assert steady.verdict["verdict"] == "PASS"


def test_a_node_that_is_cut_off_for_20_seconds_and_back(nodes: Nodes, run: Callable[..., Run]) -> None:
    steady = run(4, **STEADY)
    steady.await_users(24, 4, 120)
    time.sleep(5)  # seconds that are measured before
    nodes.cut(nodes.all[1])
    try:
        steady.await_users(24, None, 15)
        time.sleep(20)
    finally:
        nodes.heal(nodes.all[1])
    steady.await_users(24, None, 20)
    code = steady.await_exit(180)
    verdict = steady.verdict
    assert code == verdict["exit_code"], steady.printed
    assert verdict["complete"]
    assert "worker" in verdict["sentence"], verdict["sentence"]
    assert (verdict["ledger"]["lost"], verdict["ledger"]["doubled"]) == (0, 0)
    wait_until(lambda: nodes.is_ready(nodes.all[1]), 60, "the node is back")


def test_the_node_of_the_service_is_drained(nodes: Nodes, run: Callable[..., Run]) -> None:
    steady = run(4, **STEADY | {"LAB_RUN_TIME": "30s"})
    steady.await_users(24, 4, 120)
    time.sleep(5)
    nodes.label(nodes.all[1], "target")
    nodes.drain(nodes.all[2])
    try:
        wait_until(lambda: bool(nodes.all[1].containers("api")), 60, "the service on another node")
        code = steady.await_exit(180)
    finally:
        nodes.drain(nodes.all[2], on=False)
        nodes.label(nodes.all[1], "target", on=False)
    verdict = steady.verdict
    # what it had stored was on the node that is gone: acknowledged writes are lost, and that is said
    assert (code, verdict["verdict"]) == (3, "FAIL"), verdict["sentence"]
    assert verdict["ledger"]["lost"] > 0
    assert verdict["ledger"]["doubled"] == 0


def test_an_engine_that_is_killed(nodes: Nodes, run: Callable[..., Run]) -> None:
    steady = run(4, **STEADY)
    steady.await_users(24, 4, 120)
    time.sleep(5)
    nodes.kill(nodes.all[1])
    wait_until(lambda: len(nodes.all[0].containers("worker")) == 4, 60, "its workers on the other node")
    steady.await_users(24, None, 30)
    code = steady.await_exit(180)
    verdict = steady.verdict
    assert code == verdict["exit_code"], steady.printed
    assert verdict["complete"]
    assert (verdict["ledger"]["lost"], verdict["ledger"]["doubled"]) == (0, 0)
