"""The service's store is full, read-only, locked, corrupt, newer, frozen or killed: what the service answers then.

No swarm is needed here: the service is asked as its users would. What was acknowledged must be there afterwards.
"""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
import threading
import time
from typing import TYPE_CHECKING

from tests.support.faults import Check, Fault, Seen, fact
from tests.support.faults_disk import SmallDisk
from tests.support.postgres_server import running_postgres
from tests.support.running_service import wait_until
from tests.support.store_trials import Writers

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.faults_lab import Lab

KILLS = int(os.environ.get("FAULTS_KILLS", "5"))
"""How often the service is killed under writes; `make long-faults` has a hundred."""


def _ask(lab: Lab) -> None:
    """Finds out what a write, a read and /ready are answered with, and how long the slowest of them took."""
    began, slowest = time.monotonic(), 0.0
    for name, method, path in (("write", "POST", "/tests"), ("read", "GET", "/tests"), ("ready", "GET", "/ready")):
        body = json.dumps({"name": f"asked {began}", "description": "by a test"}).encode() if method == "POST" else None
        answer = lab.service.ask(method, path, body, {"Content-Type": "application/json"}, seconds=15)
        lab.facts[name] = answer.status
        slowest = max(slowest, time.monotonic() - began)
        began = time.monotonic()
    lab.facts["slowest"] = slowest


def _time_to_recover(lab: Lab) -> None:
    """Waits until writes are acknowledged again, by themselves."""
    lab.recovered_after = lab.time(lambda: lab.service.add("after").status == 204, 20, "a write again")
    lab.time(lambda: lab.service.get("/ready").status == 200, 5, "ready again")


def _keep(lab: Lab, names: list[str]) -> None:
    held = lab.service.names()
    lab.facts["lost"] = len(set(names) - set(held))
    lab.facts["doubled"] = len(held) - len(set(held) | {"after"}) if "after" in held else len(held) - len(set(held))


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
    _ask(lab)
    disk.free()
    _time_to_recover(lab)
    _keep(lab, names)


def sqlite_read_only(lab: Lab) -> None:
    """A database that is there, on a disk that cannot be written from the start."""
    inside = lab.folder / "data"
    inside.mkdir()
    first = lab.serve(API_DATABASE_URL=f"sqlite:///{inside}/lab.db")
    assert first.add("before").status == 204
    first.stop()
    disk = lab.closing.enter_context(SmallDisk(inside, "1m", read_only=True))
    lab.serve(prefix=disk.prefix, ready="/health", API_DATABASE_URL=f"sqlite:///{inside}/lab.db")
    _ask(lab)


def sqlite_lock_held(lab: Lab) -> None:
    """Somebody keeps the file on which writers wait in line."""
    lab.serve()
    with (lab.folder / "lab.db-writers").open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        wait_until(lambda: lab.service.add("locked out").status != 204, 20, "a write that waits in vain")
        _ask(lab)
    _time_to_recover(lab)


def sqlite_locked(lab: Lab) -> None:
    """Another program holds SQLite's own lock."""
    lab.serve()
    other = sqlite3.connect(lab.folder / "lab.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        wait_until(lambda: lab.service.add("locked out").status != 204, 20, "a write that waits in vain")
        _ask(lab)
    finally:
        other.execute("ROLLBACK")
        other.close()
    _time_to_recover(lab)


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
    _time_to_recover(lab)
    held = sqlite3.connect(lab.folder / "lab.db")
    lab.facts["lost"] = int("after" not in str(held.execute("SELECT item FROM testing_types").fetchall()))
    held.close()


def _killed_often(lab: Lab) -> None:
    """The service is killed so many times while eight clients write."""
    acknowledged: list[str] = []
    for turn in range(KILLS):
        writers = Writers(lab.service, 8, f"turn {turn}")
        lab.time(lambda: len(writers.acknowledged) > 200, 30, "200 acknowledged writes")  # noqa: B023 - at once
        lab.service.kill_all()
        writers.stop()
        acknowledged += writers.acknowledged
        began = time.monotonic()
        lab.service.restart()
        lab.recovered_after = max(lab.recovered_after or 0, time.monotonic() - began)
    _keep(lab, acknowledged)
    lab.facts["acknowledged"] = len(acknowledged)


def sqlite_killed_often(lab: Lab) -> None:
    lab.serve(WEB_CONCURRENCY="2")
    _killed_often(lab)


def postgresql_killed_often(lab: Lab) -> None:
    """The service's processes die; its PostgreSQL stays."""
    server = lab.closing.enter_context(running_postgres())
    lab.serve(API_DATABASE_URL=server.url(), WEB_CONCURRENCY="2")
    _killed_often(lab)


def postgresql_paused(lab: Lab) -> None:
    """The database stands still for 5 s in the middle of writes: which were refused (not 504), and are there?"""
    server = lab.closing.enter_context(running_postgres())
    lab.serve(API_DATABASE_URL=server.url())
    outcomes: dict[str, int] = {}
    stopped = threading.Event()

    def write(number: int) -> None:
        turn = 0
        while not stopped.is_set():
            turn += 1
            name = f"writer {number} turn {turn}"
            answer = lab.service.add(name)
            outcomes[name] = answer.status
            time.sleep(0.02)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    time.sleep(2)
    server.docker("pause")
    time.sleep(5)
    _ask(lab)
    server.docker("unpause")
    lab.recovered_after = lab.time(lambda: lab.service.add("after").status == 204, 20, "a write again")
    time.sleep(1)
    stopped.set()
    for thread in threads:
        thread.join(20)
    held = set(lab.service.names())
    lab.facts["lost"] = sum(status == 204 and name not in held for name, status in outcomes.items())
    there = [name for name, status in outcomes.items() if status != 204 and name in held]
    lab.facts["refused"] = sum(status != 204 for status in outcomes.values())
    lab.facts["untold"] = sum(outcomes[name] != 504 for name in there)


def postgresql_restarted(lab: Lab) -> None:
    server = lab.closing.enter_context(running_postgres())
    lab.serve(API_DATABASE_URL=server.url())
    writers = Writers(lab.service, 4)
    wait_until(lambda: len(writers.acknowledged) > 50, 20, "fifty acknowledged writes")
    server.docker("kill")
    _ask(lab)
    server.docker("start")
    wait_until(server.answers, 30, "a PostgreSQL server that takes connections")
    _time_to_recover(lab)
    writers.stop()
    _keep(lab, writers.acknowledged)


def _no_start(seen: Seen) -> str:
    refused = seen.facts["ended"] or (seen.facts["answers"] and all(status >= 500 for status in seen.facts["answers"]))
    assert refused, f"it was answered: {sorted(seen.facts['answers'])}"
    return "no start" if seen.facts["ended"] else "never ready"


KEPT = (fact("lost", lambda count: count == 0, "{} lost"),)
QUICK = fact("slowest", lambda seconds: seconds <= 3, "answered within {:.1f} s")
UNREADY = fact("ready", lambda status: status == 503, "/ready {}")
READS = fact("read", lambda status: status == 200, "reads {}")
UNTOUCHED = fact("untouched", bool, "the file is as it was")


def _writes(*wanted: int) -> Check:
    return fact("write", lambda status: status in wanted, "writes {}")


OFTEN_SECONDS = 60 + 10 * KILLS
OFTEN = (
    *KEPT,
    fact("doubled", lambda count: count == 0, "{} doubled"),
    fact("acknowledged", bool, "of {} acknowledged"),
)
UNTOLD = fact("untold", lambda count: count == 0, "{} stored though refused, and not said so")

FAULTS: tuple[Fault, ...] = (
    Fault(
        "SQLite: the disk is full",
        sqlite_full,
        (),
        (_writes(507), UNREADY, READS, QUICK, *KEPT),
        2,
    ),
    Fault("SQLite: read-only from the start", sqlite_read_only, (), (_writes(503, 507), UNREADY, QUICK)),
    Fault(
        "SQLite: the lock file is held",
        sqlite_lock_held,
        (),
        (_writes(503), UNREADY, READS, QUICK),
        3,
    ),
    Fault("SQLite: another program holds the lock", sqlite_locked, (), (_writes(503), UNREADY, READS, QUICK), 3),
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
    Fault(
        "PostgreSQL: the service is killed again and again under writes",
        postgresql_killed_often,
        (),
        OFTEN,
        10,
        timeout_seconds=OFTEN_SECONDS,
    ),
    Fault(
        "PostgreSQL stands still for 5 s under writes",
        postgresql_paused,
        (),
        (_writes(503, 504), UNREADY, QUICK, *KEPT, UNTOLD),
        3,
    ),
    Fault("PostgreSQL is killed and started again", postgresql_restarted, (), (_writes(503), UNREADY, QUICK, *KEPT), 5),
)
