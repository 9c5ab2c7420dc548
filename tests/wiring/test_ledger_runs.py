"""The ledger in real runs: stores that keep every write are believed, those that do not are caught exactly.

`make long-ledger` has more writes than CI has time for.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.broken_store import APP
from tests.support.running_service import RunningService, wait_until
from tests.support.swarm import Swarm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

WRITES = int(os.environ.get("LEDGER_WRITES", "3000"))
"""How many acknowledged writes a store must keep."""
SECONDS = 60 + WRITES / 100
WRITING = {"LAB_READER_WEIGHT": "0", "LAB_THINK_TIME": "0s", "LAB_LIMITS": "fail<=100%", "LOCUST_USERS": "20"}
PLAN = {"LAB_PLAN": "steady", "LOCUST_AUTOQUIT": "0"}


@pytest.fixture
def swarm(swarm: Callable[..., Swarm]) -> Callable[..., Swarm]:
    """Starts a swarm whose users do nothing but write."""
    return lambda target, workers=2, **knobs: swarm(target, workers, **{**WRITING, **knobs})


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Swarm]:
    """One swarm for all runs that the test starts and stops itself, each at a service of its own."""
    running = Swarm(tmp_path_factory.mktemp("shared"), "http://127.0.0.1:1", WRITING)
    running.add_workers(2)
    running.await_workers(2)
    yield running
    running.end()


def swarm_at(target: RunningService, running: Swarm, users: int) -> None:
    """Starts a run, as a person does in the UI."""
    status, answer = running.post("/swarm", user_count=users, spawn_rate=50, host=target.url)
    assert (status, answer["success"]) == (200, True), answer
    wait_until(lambda: running.users() == users, 20, f"{users} users")


@pytest.fixture
def broken(tmp_path: Path) -> Iterator[Callable[..., RunningService]]:
    started: list[RunningService] = []

    def start(**how: str) -> RunningService:
        running = RunningService(tmp_path, {"API_ALLOW_RESET": "true", "WEB_CONCURRENCY": "1", **how}, APP)
        started.append(running)
        running.await_status("/ready", 200)
        return running

    yield start
    for running in started:
        running.stop()


def acknowledged(running: Swarm) -> int:
    """How many writes the workers have told of as acknowledged."""
    rows: list[dict[str, Any]] = running.get("/stats/requests")["stats"]
    return sum(row["num_requests"] - row["num_failures"] for row in rows if row["method"] == "POST")


def test_a_broken_store_is_caught_exactly(broken: Callable[..., RunningService], swarm: Callable[..., Swarm]) -> None:
    """It loses one in a thousand, doubles one in a thousand, and answers one in twenty too early."""
    service = broken(BROKEN_EARLY_EVERY="20")
    running = swarm(service.url, **PLAN, LAB_RUN_TIME="6s", LAB_READ_BACK="20%")
    # on a machine that is short of CPU the swarm at full speed is not believed: what is lost is lost all the same
    assert running.await_exit() in (3, 4), running.log()
    told, truth = running.verdict["ledger"], service.get("/truth").json()
    assert (told["lost"], told["doubled"]) == (len(truth["lost"]), len(truth["doubled"]))
    assert told["lost"] >= 1 <= told["doubled"]
    assert told["stale"] == truth["missed"] > 0
    assert (told["phantom"], told["unanswered"], told["unknown"], told["remarks"]) == (0, 0, 0, [])
    assert f"{told['lost']} of {told['acknowledged']:,} acknowledged writes" in running.verdict["sentence"]
    assert all(example["time"] and example["replica"] for example in told["examples"])
    for what in ("lost", "doubled"):
        named = _named(told["examples"], what)
        assert named <= set(truth[what])
        assert named


def _named(examples: list[dict[str, Any]], what: str) -> set[str]:
    """The descriptions of the writes that are named as lost, or as doubled."""
    return {f"load testing {example['id']}" for example in examples if example["what"] == what}


@pytest.mark.parametrize("gunicorn_workers", [4, 1])
def test_a_list_in_memory_is_caught_where_it_is_four_lists_and_not_where_it_is_one(
    service: Callable[..., RunningService], shared: Swarm, gunicorn_workers: int
) -> None:
    target = service(API_DATABASE_URL="memory://", WEB_CONCURRENCY=str(gunicorn_workers))
    swarm_at(target, shared, 20)
    wait_until(lambda: acknowledged(shared) > 500, 20, "some writes")
    assert shared.post("/stop")[1]["success"] is True
    told = shared.verdict["ledger"]
    assert (told["lost"] > 0) is (gunicorn_workers > 1)
    assert told["doubled"] == told["phantom"] == 0
    assert ("acknowledged writes are lost (for example lab-" in shared.verdict["sentence"]) is (gunicorn_workers > 1)
    assert shared.verdict["seconds"] < 20


def keep_every_write(service: RunningService, running: Swarm) -> None:
    """All that is acknowledged is found, once, though all of the service is killed in the middle of it."""
    swarm_at(service, running, 20)
    wait_until(lambda: acknowledged(running) > WRITES / 2, SECONDS, f"half of {WRITES} writes; {running.log()}")
    service.kill_all()
    service.restart()
    wait_until(lambda: acknowledged(running) > WRITES, SECONDS, f"{WRITES} writes; {running.log()}")
    assert running.post("/stop")[1]["success"] is True
    told = running.verdict["ledger"]
    assert told["not_audited"] is None
    assert told["found"] == told["acknowledged"] > WRITES
    assert (told["lost"], told["doubled"], told["phantom"], told["unknown"]) == (0, 0, 0, 0)
    assert 0 < told["unanswered"] == told["unanswered_found"] + told["unanswered_not_found"]


def test_a_sqlite_file_keeps_every_acknowledged_write_through_kill_9(
    service: Callable[..., RunningService], shared: Swarm
) -> None:
    keep_every_write(service(), shared)


@pytest.mark.docker
def test_postgresql_keeps_every_acknowledged_write_through_kill_9(
    service: Callable[..., RunningService], shared: Swarm, database: str
) -> None:
    keep_every_write(service(API_DATABASE_URL=database), shared)


def test_a_service_that_is_dead_after_the_run_is_not_audited_and_not_accused(
    service: Callable[..., RunningService], shared: Swarm
) -> None:
    target = service()
    swarm_at(target, shared, 5)
    wait_until(lambda: acknowledged(shared) > 20, 30, "some writes")
    target.kill_all()
    assert shared.post("/stop")[1]["success"] is True
    told = shared.verdict["ledger"]
    assert told["not_audited"] == "the service does not answer: Connection refused"
    assert told["acknowledged"] > 20
    assert [told[name] for name in ("audited", "found", "lost", "doubled", "phantom", "unknown")] == [None] * 6
    assert "acknowledged writes were not audited: the service does not answer" in shared.verdict["sentence"]


def test_a_worker_that_is_lost_leaves_unknown_writes_and_no_phantoms(
    service: Callable[..., RunningService], swarm: Callable[..., Swarm]
) -> None:
    target = service()
    running = swarm(target.url, **PLAN, LAB_RUN_TIME="8s")
    running.await_users(20, 30)
    wait_until(lambda: acknowledged(running) > 200, 30, "some writes")
    running.workers[0].kill()
    assert running.master.wait(60) in (0, 4), running.log()
    told = running.verdict["ledger"]
    assert (told["lost"], told["doubled"], told["phantom"]) == (0, 0, 0)
    assert told["unknown"] > 0, "what it wrote after its last report, at hundreds a second"
    (remark,) = told["remarks"]
    assert "was lost before it handed in its last writes" in remark
    assert remark in running.verdict["sentence"]
    assert len(target.names()) - 1 == told["found"] + told["unknown"] + told["unanswered_found"]


@pytest.mark.alone
def test_a_signal_leaves_an_audit_only_the_time_there_is(
    service: Callable[..., RunningService], swarm: Callable[..., Swarm]
) -> None:
    target = service(WEB_CONCURRENCY="1")
    running = swarm(target.url, **PLAN, LAB_RUN_TIME="60s")
    running.await_users(20, 30)
    wait_until(lambda: acknowledged(running) > 20, 30, "some writes")
    for process in target.workers():
        process.suspend()
    code = running.stop()
    for process in target.workers():
        process.resume()
    assert code == 5
    told = running.verdict["ledger"]
    assert told["acknowledged"] > 20
    assert told["lost"] is None
    assert told["not_audited"].startswith("the time was up")


@pytest.mark.alone
def test_a_stop_of_the_whole_stack_audits_once(
    service: Callable[..., RunningService], swarm: Callable[..., Swarm]
) -> None:
    """Workers leave first; that the last one is gone, and the master's own signal, both end the run."""
    target = service()
    running = swarm(target.url, 4, **PLAN, LAB_RUN_TIME="60s", LAB_THINK_TIME="0.5s-1.5s")
    running.await_users(20, 30)
    wait_until(lambda: acknowledged(running) > 10, 30, "some writes")
    for worker in running.workers:
        worker.terminate()
    wait_until(lambda: " quit. " in running.log(), 20, "a worker that is gone")
    assert running.stop() == 5
    told = running.verdict["ledger"]
    assert (told["lost"], told["doubled"]) == (0, 0)
    assert told["found"] == told["acknowledged"] > 10
    assert running.log().count("acknowledged writes") == 0


def test_no_run_begins_while_the_last_one_is_audited(broken: Callable[..., RunningService], shared: Swarm) -> None:
    """It would put the store back under the audit."""
    service = broken(BROKEN_PAGE_SECONDS="1")
    runs = len(list(shared.results.glob("*Z-*")))
    swarm_at(service, shared, 4)
    wait_until(lambda: acknowledged(shared) > 3000, 60, "four pages of writes")
    stopping = threading.Thread(target=shared.post, args=("/stop",))
    stopping.start()
    wait_until(lambda: shared.get("/stats/requests")["user_count"] == 0, 20, "no user left")
    status, answer = shared.post("/swarm", user_count=4, spawn_rate=50)
    assert (status, answer["success"]) == (200, False), answer
    assert "the last run is being judged" in answer["message"]
    stopping.join(30)
    assert shared.verdict["ledger"]["audited"] > 3000
    assert len(list(shared.results.glob("*Z-*"))) == runs + 1
