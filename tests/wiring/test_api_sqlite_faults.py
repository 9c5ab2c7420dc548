"""A SQLite file that cannot be used: the service says why within two seconds, serves reads, and is back by itself."""

from __future__ import annotations

import fcntl
import resource
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.support.running_service import RunningService, wait_until
from tests.support.small_disk import SmallDisk
from tests.support.store_trials import assert_store_down, within

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """Unmounted once the service, whose fixture must be asked for after this one, has ended."""
    disk = SmallDisk(tmp_path / "disk")
    if not disk.mount("size=512k"):
        pytest.skip("mounting a small tmpfs is not permitted here")
    yield disk
    disk.unmount()


def change(path: Path, statement: str) -> None:
    """Another program changes the file."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(statement)


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
        with within(), ThreadPoolExecutor(4) as pool:
            refused = list(pool.map(running.add, ["a", "b", "c", "d"]))
        for answer in refused:
            assert_store_down(answer, because="locked")
        with within():
            assert_store_down(running.get("/ready"), because="locked")
        assert running.get("/tests").status == 200
        assert running.get("/health").status == 200
    other.close()
    assert running.get("/ready").status == 200
    assert running.add("after").status == 204
    # What was refused is not stored later either.
    assert running.names() == ["unit testing", "before", "after"]


def test_a_file_that_is_locked_from_the_start_is_used_once_it_is_free(
    service: Callable[..., RunningService], tmp_path: Path
) -> None:
    with (tmp_path / "lab.db-writers").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        running = service(ready="/health")
        with within():
            assert_store_down(running.get("/ready"), because="locked")
        with within():
            assert_store_down(running.add("never"), because="locked")
    running.await_status("/ready", 200, 5)
    assert running.names() == ["unit testing"]


def test_a_service_ends_in_time_though_its_file_is_locked(
    service: Callable[..., RunningService], tmp_path: Path
) -> None:
    running = service()
    with (tmp_path / "lab.db-writers").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert_store_down(running.add("never"))
        assert running.stop() == 0


def _fill_the_disk_and_make_room(running: RunningService, status: int, make_room: Callable[[], object]) -> None:
    acknowledged = []
    for number in range(2000):
        answer = running.add(f"n{number}")
        if answer.status != 204:
            break
        acknowledged.append(f"n{number}")
    assert_store_down(answer, status)
    assert_store_down(running.get("/ready"), because=answer.json()["detail"])
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
    _fill_the_disk_and_make_room(running, 503, lambda: resource.prlimit(worker, resource.RLIMIT_FSIZE, (most, most)))


def test_a_full_disk_is_507_and_no_acknowledged_write_is_lost(
    disk: SmallDisk, service: Callable[..., RunningService]
) -> None:
    running = service(API_DATABASE_URL=disk.url, WEB_CONCURRENCY="1")
    _fill_the_disk_and_make_room(running, 507, lambda: disk.mount("remount", "size=4m"))


def test_a_worker_that_has_not_met_the_full_disk_is_not_ready_either(
    disk: SmallDisk, service: Callable[..., RunningService]
) -> None:
    running = service(API_DATABASE_URL=disk.url, WEB_CONCURRENCY="1")
    with pytest.raises(OSError, match="No space"):
        (disk.folder / "something else").write_bytes(bytes(512 * 1024))
    wait_until(lambda: running.get("/ready").status == 503, 5, "a service that is not ready")
    assert_store_down(running.get("/ready"), because="full")
    assert running.get("/tests").status == 200
    (disk.folder / "something else").unlink()
    assert running.get("/ready").status == 200


def test_a_disk_that_is_full_from_the_start_is_used_once_there_is_room(
    disk: SmallDisk, service: Callable[..., RunningService]
) -> None:
    with pytest.raises(OSError, match="No space"):
        (disk.folder / "something else").write_bytes(bytes(1024 * 1024))
    running = service(ready="/health", API_DATABASE_URL=disk.url)
    for answer in (running.get("/ready"), running.get("/tests")):
        assert_store_down(answer)
    assert_store_down(running.add("never"), 507)
    (disk.folder / "something else").unlink()
    running.await_status("/ready", 200, 5)
    assert running.add("after").status == 204
    assert running.names() == ["unit testing", "after"]


@pytest.mark.parametrize("was", ["killed", "ended"])
def test_a_file_on_a_read_only_disk_is_served_to_readers(
    disk: SmallDisk, service: Callable[..., RunningService], was: str
) -> None:
    running = service(API_DATABASE_URL=disk.url)
    assert running.add("before").status == 204
    running.kill_all()
    if was == "ended":
        change(disk.folder / "lab.db", "PRAGMA wal_checkpoint")  # the last one to close the file removes its log
    assert (disk.folder / "lab.db-wal").exists() is (was == "killed")
    assert disk.mount("remount", "ro")
    running = service(ready="/health", API_DATABASE_URL=disk.url)
    with within():
        assert_store_down(running.get("/ready"), because="Read-only file system")
    with within():
        assert_store_down(running.add("never"), because="Read-only file system")
    assert running.names() == ["unit testing", "before"]
    assert disk.mount("remount", "rw")
    running.await_status("/ready", 200, 5)
    assert running.add("after").status == 204
    assert running.names() == ["unit testing", "before", "after"]


def test_a_file_that_gets_a_newer_schema_is_not_written_to_any_more(
    service: Callable[..., RunningService], tmp_path: Path
) -> None:
    running = service()
    change(tmp_path / "lab.db", "PRAGMA user_version = 7")
    assert_store_down(running.add("never"), because="has schema 7, and this service takes 1")
    running.await_status("/ready", 503, 5)
    with closing(sqlite3.connect(tmp_path / "lab.db")) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (7,)
    change(tmp_path / "lab.db", "PRAGMA user_version = 1")
    running.await_status("/ready", 200, 5)
    assert running.add("after").status == 204
    assert running.names() == ["unit testing", "after"]


def _tear_pages(path: Path) -> None:
    """Writes over all pages but the first two, as a disk does that has lost them."""
    change(path, "PRAGMA wal_checkpoint(TRUNCATE)")
    with path.open("r+b") as file:
        file.seek(2 * 4096)
        file.write(b"\xa5" * (path.stat().st_size - 2 * 4096))


def test_a_file_that_is_torn_while_it_is_served_turns_ready_red(
    service: Callable[..., RunningService], tmp_path: Path
) -> None:
    running = service(WEB_CONCURRENCY="1")
    for number in range(200):
        assert running.add(f"n{number}").status == 204
    _tear_pages(tmp_path / "lab.db")
    assert_store_down(running.get("/tests?limit=1000"), because="corrupt")
    assert_store_down(running.get("/ready"), because="corrupt")
    assert running.get("/health").status == 200


def _make_newer(path: Path) -> None:
    change(path, "PRAGMA user_version = 7")


def _make_torn(path: Path) -> None:
    change(path, "CREATE TABLE testing_types (id INTEGER PRIMARY KEY, item TEXT NOT NULL)")
    change(
        path,
        "WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n LIMIT 1000) "
        "INSERT INTO testing_types (item) SELECT hex(randomblob(20)) FROM n",
    )
    change(path, "PRAGMA user_version = 1")
    _tear_pages(path)


def _make_garbage(path: Path) -> None:
    path.write_bytes(b"no database" * 1000)


@pytest.mark.parametrize(
    ("make", "found"),
    [
        (_make_newer, "the SQLite file has schema 7, and this service takes 1"),
        (_make_torn, "the SQLite file is corrupt: "),
        (_make_garbage, "the SQLite file is corrupt: file is not a database"),
    ],
)
def test_a_file_that_is_not_ours_or_not_sound_stops_the_start_with_one_line(
    tmp_path: Path, make: Callable[[Path], None], found: str
) -> None:
    make(tmp_path / "lab.db")
    before = (tmp_path / "lab.db").read_bytes()
    url = f"sqlite:///{tmp_path}/lab.db"
    running = RunningService(tmp_path, {"API_DATABASE_URL": url})
    assert running.process.wait(30) == 1
    (line,) = running.log.read_text().splitlines()
    assert line.startswith(f"API_DATABASE_URL='{url}' is not possible: {found}")
    assert (tmp_path / "lab.db").read_bytes() == before
