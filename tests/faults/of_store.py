"""The service's store is full, read-only, locked, corrupt, newer, frozen or killed: what the service answers then.

No swarm is needed here: the service is asked as its users would. What was acknowledged must be there afterwards.
"""

from __future__ import annotations

import fcntl
import sqlite3
import time
from typing import TYPE_CHECKING

from tests.support.faults import Fault, Seen, fact
from tests.support.faults_disk import SmallDisk
from tests.support.running_service import wait_until
from tests.support.store_faults import (
    KEPT,
    OFTEN,
    OFTEN_SECONDS,
    QUICK,
    READS,
    UNREADY,
    ask_all,
    keep,
    kill_often,
    time_to_recover,
    writes,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.faults_lab import Lab


def _on_small_disk(lab: Lab) -> SmallDisk:
    disk = lab.closing.enter_context(SmallDisk(lab.folder / "data", "1m"))
    lab.serve(prefix=disk.prefix, API_DATABASE_URL=f"sqlite:///{disk.inside}/lab.db")
    return disk


def sqlite_full(lab: Lab) -> None:
    disk = _on_small_disk(lab)
    names = [f"before {number}" for number in range(20)]
    assert all(lab.service.add(name).status == 204 for name in names)
    disk.fill()
    wait_until(lambda: lab.service.add("filled").status != 204, 20, "a write that finds no room")
    ask_all(lab)
    disk.free()
    time_to_recover(lab)
    keep(lab, names)


def sqlite_read_only(lab: Lab) -> None:
    """A database that is there, on a disk that cannot be written from the start."""
    inside = lab.folder / "data"
    inside.mkdir()
    first = lab.serve(API_DATABASE_URL=f"sqlite:///{inside}/lab.db")
    assert first.add("before").status == 204
    first.stop()
    disk = lab.closing.enter_context(SmallDisk(inside, "1m", read_only=True))
    lab.serve(prefix=disk.prefix, ready="/health", API_DATABASE_URL=f"sqlite:///{inside}/lab.db")
    ask_all(lab)


def sqlite_lock_held(lab: Lab) -> None:
    """Somebody keeps the file on which writers wait in line."""
    lab.serve()
    with (lab.folder / "lab.db-writers").open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        wait_until(lambda: lab.service.add("locked out").status != 204, 20, "a write that waits in vain")
        ask_all(lab)
    time_to_recover(lab)


def sqlite_locked(lab: Lab) -> None:
    """Another program holds SQLite's own lock."""
    lab.serve()
    other = sqlite3.connect(lab.folder / "lab.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        wait_until(lambda: lab.service.add("locked out").status != 204, 20, "a write that waits in vain")
        ask_all(lab)
    finally:
        other.execute("ROLLBACK")
        other.close()
    time_to_recover(lab)


def _with_file(lab: Lab, path: Path) -> None:
    """Starts the service on a file that it cannot use: it does not start, or is never ready."""
    service = lab.serve(ready="", API_DATABASE_URL=f"sqlite:///{path}")
    until = time.monotonic() + 6
    answers: set[int] = set()
    while time.monotonic() < until and service.process.poll() is None:
        for method in ("ready", "write"):
            try:
                answers.add(service.get("/ready").status if method == "ready" else service.add("x").status)
            except OSError:
                continue
        time.sleep(0.2)
    lab.facts["answers"] = answers
    lab.facts["ended"] = service.process.poll() is not None


def sqlite_newer(lab: Lab) -> None:
    path = lab.folder / "newer.db"
    database = sqlite3.connect(path)
    database.execute("PRAGMA user_version = 7")
    database.execute("CREATE TABLE testing_types (id INTEGER PRIMARY KEY, item TEXT NOT NULL)")
    item = '{"description": "of the future", "name": "unit testing"}'
    database.execute("INSERT INTO testing_types (item) VALUES (?)", (item,))
    database.commit()
    database.close()
    before = path.read_bytes()
    _with_file(lab, path)
    lab.facts["untouched"] = path.read_bytes() == before


def sqlite_corrupt(lab: Lab) -> None:
    path = lab.folder / "corrupt.db"
    path.write_bytes(b"SQLite format 3\x00" + bytes(range(256)) * 64)
    before = path.read_bytes()
    _with_file(lab, path)
    lab.facts["untouched"] = path.read_bytes() == before


def sqlite_taken_away(lab: Lab) -> None:
    """The file is deleted under the service: what it acknowledges then must be in the file that is there."""
    lab.serve()
    assert lab.service.add("before").status == 204
    for path in lab.folder.glob("lab.db*"):
        path.unlink()
    time_to_recover(lab)
    held = sqlite3.connect(lab.folder / "lab.db")
    lab.facts["lost"] = int("after" not in str(held.execute("SELECT item FROM testing_types").fetchall()))
    held.close()


def sqlite_killed_often(lab: Lab) -> None:
    lab.serve(WEB_CONCURRENCY="2")
    kill_often(lab)


def _no_start(seen: Seen) -> str:
    refused = seen.facts["ended"] or (seen.facts["answers"] and all(status >= 500 for status in seen.facts["answers"]))
    assert refused, f"it was answered: {sorted(seen.facts['answers'])}"
    return "no start" if seen.facts["ended"] else "never ready"


UNTOUCHED = fact("untouched", bool, "the file is as it was")

FAULTS: tuple[Fault, ...] = (
    Fault(
        "SQLite: the disk is full",
        sqlite_full,
        (),
        (writes(507), UNREADY, READS, QUICK, *KEPT),
        2,
    ),
    Fault("SQLite: read-only from the start", sqlite_read_only, (), (writes(503, 507), UNREADY, QUICK)),
    Fault(
        "SQLite: the lock file is held",
        sqlite_lock_held,
        (),
        (writes(503), UNREADY, READS, QUICK),
        3,
    ),
    Fault("SQLite: another program holds the lock", sqlite_locked, (), (writes(503), UNREADY, READS, QUICK), 3),
    Fault("SQLite: the schema is newer", sqlite_newer, (), (_no_start, UNTOUCHED)),
    Fault("SQLite: the file is corrupt", sqlite_corrupt, (), (_no_start, UNTOUCHED)),
    Fault("SQLite: the file is deleted under the service", sqlite_taken_away, (), KEPT, 3),
    Fault(
        "SQLite: the service is killed again and again under writes",
        sqlite_killed_often,
        (),
        OFTEN,
        10,
        timeout_seconds=OFTEN_SECONDS,
    ),
)
