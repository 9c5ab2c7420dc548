"""Workers that come, go, and are lost while a real test runs."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from tests.support.running_service import wait_until
from tests.support.swarm import Process, plan, rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.running_service import RunningService
    from tests.support.swarm import Swarm


def test_users_are_kept_while_workers_come_and_go(swarm: Callable[..., Swarm], target: RunningService) -> None:
    """The second worker that leaves took its users with it in Locust 2.47: lab/engine/dispatch.py."""
    running = swarm(target.url, 4)
    running.await_workers(4)
    running.post("/swarm", user_count=12, spawn_rate=50)
    running.await_users(12)
    for left in (3, 2, 1):
        running.workers[left].send_signal(signal.SIGTERM)
        running.await_workers(left)
        running.await_users(12)
    running.add_workers(2)
    running.await_workers(3)
    running.await_users(12)
    running.post("/stop")
    posted = {row["Type"]: int(row["Request Count"]) for row in rows(running.results / "latest" / "locust_stats.csv")}
    assert posted["POST"] == len(target.names()) - 1, "a worker that leaves hands all its counts in"
    assert len(running.verdict["generator"]["losses"]) == 3


def test_a_worker_with_less_cpu_gets_fewer_users_and_each_says_how_far_the_target_is(
    swarm: Callable[..., Swarm], target: RunningService
) -> None:
    """Both share the machine: one may use all of its CPUs, the other one alone."""
    knobs = plan("steady", LOCUST_USERS="12", LAB_RUN_TIME="5s", LAB_WORKERS="2")
    running = swarm(target.url, 1, **knobs)
    running.add_workers(1, Process(prefix=["taskset", "--cpu-list", "0"]))
    assert running.await_exit() == 0, running.log()
    figures = running.verdict["generator"]["figures"]
    assert sorted(row["users"] for row in figures) == [4, 8]
    assert all(0 < row["round_trip_ms"] < 100 for row in figures), figures


def test_a_worker_that_finds_no_name_any_more_does_not_accuse_the_service(
    swarm: Callable[..., Swarm], target: RunningService
) -> None:
    """As where its engine has died, and it lives on."""
    knobs = plan("steady", LOCUST_USERS="12", LAB_RUN_TIME="8s", LAB_WORKERS="2", LAB_KEEP_ALIVE="false")
    running = swarm(target.url.replace("127.0.0.1", "localhost"), 1, "orphaned", **knobs)
    running.add_workers(1, Process({**running.environ, "ORPHANED": "1"}))
    assert running.await_exit() == 4, running.log()
    assert "part of the swarm was cut off from the target: worker " in running.last_line()
    assert any("HostNotFound: localhost" in failure for failure in running.verdict["failures"])


def test_a_stop_while_users_are_dealt_out_anew_is_a_stop(swarm: Callable[..., Swarm], target: RunningService) -> None:
    """In Locust 2.47 the users that were dealt out went on after it, with nobody to count them (engine/dispatch.py)."""
    running = swarm(target.url, 3)
    running.await_workers(3)
    running.post("/swarm", user_count=12, spawn_rate=50)
    running.await_users(12)
    running.workers[0].send_signal(signal.SIGTERM)
    running.await_workers(2)
    running.post("/stop")
    posted = {row["Type"]: int(row["Request Count"]) for row in rows(running.results / "latest" / "locust_stats.csv")}
    running.await_users(0)
    wait_until(lambda: running.get("/stats/requests")["state"] == "stopped", 20, "the stop")
    assert posted["POST"] == len(target.names()) - 1, "nobody visits after the stop"
    assert running.post("/swarm", user_count=10, spawn_rate=50)[1]["success"]
    running.await_users(10)


def test_users_stay_when_a_lost_worker_is_forgotten(swarm: Callable[..., Swarm], target: RunningService) -> None:
    """A minute after it was lost (here: 4 s), Locust 2.47 began with no users at all again."""
    running = swarm(target.url, 2, "forgetful")
    running.await_workers(2)
    running.post("/swarm", user_count=12, spawn_rate=3)
    running.await_users(12)
    running.workers[0].kill()
    running.await_workers(1)
    running.await_users(12)
    seen: list[int] = []

    def forgotten() -> bool:
        seen.append(running.users())
        return len(running.get("/stats/requests")["workers"]) == 1

    wait_until(forgotten, 40, "the lost worker is forgotten")
    seen.extend(running.users() for _ in range(50))
    assert set(seen) == {12}


def test_a_killed_worker_is_replaced_by_the_others_and_named(
    swarm: Callable[..., Swarm], target: RunningService
) -> None:
    running = swarm(target.url, 4, **plan("steady", LAB_RUN_TIME="8s", LOCUST_USERS="12"))
    running.await_users(12, 30)
    running.workers[0].kill()
    running.await_workers(3)
    assert running.await_users(12) <= 15
    assert running.master.wait(60) == 0, running.log()
    (loss,) = running.verdict["generator"]["losses"]
    assert "stopped answering at" in loss
    assert loss in running.last_line()


def test_a_swarm_that_is_lost_ends_the_run_and_passes_nothing(
    swarm: Callable[..., Swarm], target: RunningService
) -> None:
    running = swarm(target.url, 2, **plan("steady", LAB_RUN_TIME="60s"))
    running.await_users(20, 30)
    for worker in running.workers:
        worker.kill()
    assert running.master.wait(30) == 1
    assert running.last_line().startswith("INVALID: the swarm itself was lost")
