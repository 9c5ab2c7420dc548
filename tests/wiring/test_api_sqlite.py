"""One SQLite file serves many processes, loses nothing that it acknowledged, and says so when it cannot be used."""

from __future__ import annotations

import fcntl
import os
import resource
import shutil
import sqlite3
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.support.running_service import wait_until
from tests.support.store_trials import assert_store_down, lose_nothing_to_kill_9

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


@pytest.mark.parametrize("round_number", range(3))
def test_what_was_acknowledged_survives_kill_9_of_every_process(
    service: Callable[..., RunningService], round_number: int
) -> None:
    lose_nothing_to_kill_9(service())


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


@pytest.mark.parametrize("how", ["our lock", "SQLite's lock"])
def test_a_file_that_is_locked_too_long_is_503_for_writers_only(
    service: Callable[..., RunningService], tmp_path: Path, how: str
) -> None:
    running = service()
    assert running.add("before").status == 204
    other = sqlite3.connect(tmp_path / "lab.db", isolation_level=None)
    with (tmp_path / "lab.db-writers").open("ab") as lock:
        if how == "our lock":
            fcntl.flock(lock, fcntl.LOCK_EX)
        else:
            other.execute("BEGIN IMMEDIATE")
        with ThreadPoolExecutor(4) as pool:
            refused = list(pool.map(running.add, ["a", "b", "c", "d"]))
        for answer in refused:
            assert_store_down(answer)
        assert running.get("/tests").status == 200
        assert running.get("/health").status == 200
    other.close()
    assert running.add("after").status == 204
    # What was refused is not stored later either.
    assert running.names() == ["unit testing", "before", "after"]


def test_a_service_ends_in_time_though_its_file_is_locked(
    service: Callable[..., RunningService], tmp_path: Path
) -> None:
    running = service()
    with (tmp_path / "lab.db-writers").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert_store_down(running.add("never"))
        assert running.stop() == 0


def _fill_the_disk_and_make_room(running: RunningService, make_room: Callable[[], object]) -> None:
    acknowledged = []
    for number in range(2000):
        answer = running.add(f"n{number}")
        if answer.status != 204:
            break
        acknowledged.append(f"n{number}")
    assert_store_down(answer)
    assert_store_down(running.get("/ready"))
    assert running.get("/health").status == 200
    assert running.names() == ["unit testing", *acknowledged]
    make_room()
    assert running.get("/ready").status == 200
    assert running.add("with room again").status == 204
    assert running.names() == ["unit testing", *acknowledged, "with room again"]


def test_a_file_that_may_not_grow_is_503_and_no_acknowledged_write_is_lost(
    service: Callable[..., RunningService],
) -> None:
    running = service(WEB_CONCURRENCY="1")
    worker = running.workers()[0].pid
    _, most = resource.prlimit(worker, resource.RLIMIT_FSIZE, (400_000, resource.RLIM_INFINITY))
    _fill_the_disk_and_make_room(running, lambda: resource.prlimit(worker, resource.RLIMIT_FSIZE, (most, most)))


def test_a_full_disk_is_503_and_no_acknowledged_write_is_lost(
    service: Callable[..., RunningService], tmp_path: Path
) -> None:
    folder = tmp_path / "small"
    folder.mkdir()
    as_root = [] if os.geteuid() == 0 else ["sudo", "-n"]

    def mount(*arguments: str) -> bool:
        return subprocess.run([*as_root, *arguments, str(folder)], capture_output=True, check=False).returncode == 0

    try:
        permitted = mount("mount", "-t", "tmpfs", "-o", "size=512k,mode=1777", "tmpfs")
    except FileNotFoundError:
        permitted = False
    if not permitted:
        pytest.skip("mounting a small tmpfs is not permitted here")
    try:
        running = service(ready="", API_DATABASE_URL=f"sqlite:///{folder}/lab.db", WEB_CONCURRENCY="1")
        try:
            running.await_status("/ready", 200)
            _fill_the_disk_and_make_room(running, lambda: mount("mount", "-o", "remount,size=4m"))
        finally:
            running.stop()
    finally:
        assert mount("umount")


def test_an_acknowledged_write_is_synced_to_the_disk(client: object, tmp_path: Path) -> None:
    from api.stores.sqlite import _open_writer

    connection = _open_writer(str(tmp_path / "lab.db")).connection
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
    connection.close()
