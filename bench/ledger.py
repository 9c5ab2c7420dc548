# ruff: noqa: T201 - a program that prints its figures
"""What does the ledger cost? `python -m bench.ledger` prints what a million writes take of master and worker.

A real gunicorn on a SQLite file that holds them is audited over HTTP, page by page. The exit code is 1 where the audit
takes more than a minute or 200 MB, or where a worker's account takes more than 2 % of what a request costs it.
"""

from __future__ import annotations

import argparse
import json
import resource
import sqlite3
import sys
import tempfile
import time
from pathlib import Path

from lab.ledger import audit
from lab.ledger.books import Books
from lab.ledger.findings import Found
from lab.ledger.writes import ALL_UNTIL, Writes, write_id
from tests.support.running_service import RunningService

RUN = "5f3a9c21"
DESCRIPTION = "checking if it handles the expected load"
MOST_SECONDS, MOST_MB, MOST_SHARE = 60.0, 200.0, 0.02
REQUEST_US = 330.0
"""CPU that a request costs a worker with Locust's FastHttpUser, as `make bench-generator` finds it."""


def main() -> int:
    """Prints the figures; says by its exit code whether they are within their bounds."""
    parser = argparse.ArgumentParser(prog="python -m bench.ledger", description=__doc__)
    parser.add_argument("--writes", type=int, default=4 * ALL_UNTIL, help="how many, of four workers")
    each = parser.parse_args().writes // 4
    before = _peak_mb()
    workers = []
    began = time.process_time()
    for number in range(4):
        writes = Writes()
        writes.begin(RUN, number)
        for _ in range(each):
            writes.note({"write": writes.new_id()}, 204, "api-1", is_wrong=False)
        writes.hand_in()
        workers.append(writes)
    worker_us = (time.process_time() - began) / (4 * each) * 1e6
    with tempfile.TemporaryDirectory() as folder:
        found, seconds, mb = _audit(Path(folder), workers, each)
    share = worker_us / REQUEST_US
    print(f"{4 * each:,} writes: audited in {seconds:.1f} s, {mb:.0f} MB more on the master, which has {before:.0f} MB")
    print(f"a write costs its worker {worker_us:.2f} us = {share:.1%} of a request")
    exact = (found.found, found.lost, found.doubled) == (4 * each - 1, 1, 0)
    return int(not exact or seconds > MOST_SECONDS or mb > MOST_MB or share > MOST_SHARE)


def _audit(folder: Path, workers: list[Writes], each: int) -> tuple[Found, float, float]:
    """What an audit finds where all but the last write are stored; how long it takes, and how much memory."""
    service = RunningService(folder, {"API_DATABASE_URL": f"sqlite:///{folder}/lab.db", "WEB_CONCURRENCY": "1"})
    try:
        service.await_status("/ready", 200)
        with sqlite3.connect(folder / "lab.db") as database:
            ids = (write_id(RUN, number % 4, number // 4) for number in range(4 * each - 1))
            items = ((json.dumps({"description": DESCRIPTION, "name": f"load testing {sent}"}),) for sent in ids)
            database.executemany("INSERT INTO testing_types (item) VALUES (?)", items)
        reports = [writes.drain() for writes in workers]
        workers.clear()
        before, began = _peak_mb(), time.monotonic()
        books = Books(RUN)
        while reports:
            books.hear(reports.pop())
        told = audit.audit(books, service.url, 10, lambda: 600)
        seconds = time.monotonic() - began
        assert told
        assert told.audit, told.not_audited
        return told.audit, seconds, _peak_mb() - before
    finally:
        service.stop()


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    sys.exit(main())
