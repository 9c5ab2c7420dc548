"""One SQLite file serves many processes and loses nothing that it acknowledged."""

from __future__ import annotations

import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from tests.support.running_service import wait_until
from tests.support.store_trials import assert_store_down

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.running_service import RunningService


def test_many_workers_of_many_replicas_start_at_once_on_one_file(service: Callable[..., RunningService]) -> None:
    replicas = [service(ready="", WEB_CONCURRENCY="4") for _ in range(3)]
    for running in replicas:
        running.await_status("/ready", 200)
    with ThreadPoolExecutor(30) as pool:
        answers = list(pool.map(lambda number: replicas[number % 3].add(f"n{number}"), range(120)))
    assert {answer.status for answer in answers} == {204}
    assert len({answer.headers["Location"] for answer in answers}) == 120
    assert replicas[0].names().count("unit testing") == 1
    assert sorted(replicas[1].names()[1:]) == sorted(f"n{number}" for number in range(120))


def test_two_workers_with_lists_of_their_own_lose_writes(service: Callable[..., RunningService]) -> None:
    running = service(API_DATABASE_URL="memory://")
    acknowledged: set[str] = set()

    def a_reader_misses_one() -> bool:
        name = f"n{len(acknowledged)}"
        assert running.add(name).status == 204
        acknowledged.add(name)
        return not acknowledged <= set(running.names())

    wait_until(a_reader_misses_one, 20, "a list that lacks an acknowledged write")


def test_two_workers_with_one_sqlite_file_lose_none(service: Callable[..., RunningService]) -> None:
    running = service()
    wait_until(lambda: len(running.workers()) == 2, 20, "two workers")
    for number in range(60):
        assert running.add(f"n{number}").status == 204
        assert running.names() == ["unit testing", *(f"n{earlier}" for earlier in range(number + 1))]


def test_a_folder_that_is_deleted_is_503_and_one_that_comes_back_is_served(
    service: Callable[..., RunningService], tmp_path: Path
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    running = service(API_DATABASE_URL=f"sqlite:///{folder}/lab.db")
    assert running.add("before").status == 204
    shutil.rmtree(folder)
    for answer in (running.add("in between"), running.get("/tests"), running.get("/tests/1"), running.get("/ready")):
        assert_store_down(answer)
    assert_store_down(running.ask("DELETE", "/tests"))
    assert running.get("/health").status == 200
    folder.mkdir()
    assert running.get("/ready").status == 200
    assert running.add("after").status == 204
    assert running.names() == ["unit testing", "after"]
    # Gone and back between two requests: SQLite would go on writing to the file that is no more.
    shutil.rmtree(folder)
    folder.mkdir()
    assert running.add("anew").status == 204
    running.kill_all()
    running.restart()
    assert running.names() == ["unit testing", "anew"]


def test_a_service_that_is_still_starting_ends_at_once(service: Callable[..., RunningService]) -> None:
    for _ in range(2):
        running = service(WEB_CONCURRENCY="4")
        began = time.monotonic()
        assert running.stop() == 0
        assert time.monotonic() - began < 5


def test_an_acknowledged_write_is_synced_to_the_disk(client: object, tmp_path: Path) -> None:
    from api.stores.sqlite_file import open_writer

    connection = open_writer(str(tmp_path / "lab.db")).connection
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
    connection.close()
