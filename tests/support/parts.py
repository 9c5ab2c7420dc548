"""Runs of several masters that never were: each hears its own workers, and all of them the same service.

Every figure is a multiple of a quarter, so that sums are the same in whatever order they are made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from lab import limits
from lab.counts.answers import Answers
from lab.counts.health import Health
from lab.counts.marks import Mark
from lab.counts.part import Part
from lab.counts.timeline import Step, Timeline
from lab.figures import sample_row, step_row
from lab.judging.evidence import Evidence
from lab.judging.verdict import judge
from lab.ledger.findings import Ledger
from lab.limits import windows
from lab.results.journal import End, Head, Journal
from lab.results.run_folder import RunFolder
from lab.service.both_ends import Observer
from lab.service.metrics import MACHINE, REPLICA, Scrape

BEGAN = 1795370000
LIMITS = limits.with_implied(limits.parse("p95<=450ms fail<=5% rps>=20 p90<=400ms in 5s JOURNEY buy:p95<=1s"), 5)
STAGES = ((2, 12), (4, 20))  # users of each worker, and measured seconds
SETTLE_SECONDS = 3
SILENT = (BEGAN + 24, BEGAN + 27)
ENDED = BEGAN + sum(SETTLE_SECONDS + seconds for _, seconds in STAGES)
LAST = ENDED + 12
ENVIRONMENT: Mapping[str, Any] = {
    "lab": "0123456789ab",
    "scenario": {"name": "users.py", "digest": "8e5a90fcc2b1"},
    "packages": {"locust": "2.47.0"},
    "knobs": {"LAB_PLAN": "ramp", "LAB_SETTLE": "3s", "LOCUST_USERS": "16"},
}


@dataclass(frozen=True)
class Master:
    """A master with its workers; `late` is by how many seconds it begins after the others."""

    workers: Sequence[int]
    part: Part | None = None
    late: int = 0
    ledger: Ledger | None = None
    environment: Mapping[str, Any] = field(default_factory=lambda: ENVIRONMENT)
    evidence: Mapping[str, Any] = field(default_factory=dict)


def stage(second: int) -> tuple[int, int, bool] | None:
    """Which stage it is in, its users of each worker, and whether it is measured; None after the plan."""
    at = BEGAN
    for number, (users, seconds) in enumerate(STAGES):
        if second < at + SETTLE_SECONDS + seconds:
            return number, users, second >= at + SETTLE_SECONDS
        at += SETTLE_SECONDS + seconds
    return None


@cache
def answers(worker: int, second: int) -> list[Answers]:
    """What a worker counted in a second: some failures, a task that died, and what came after the end."""
    chance, load = Random(f"{worker} {second}"), stage(second)
    if second >= ENDED:
        last = second == ENDED + worker % 3
        return [Answers(second, "GET /tests", {}, {"timed out": 1}, 0.0, 0.0, None)] if last else []
    if load is None or second < BEGAN or SILENT[0] <= second < SILENT[1]:
        return []
    rows = []
    for endpoint, replica in (("GET /tests", "api-1"), ("POST /tests", "api-2")):
        times = {float(chance.randrange(20, 400)): chance.randrange(1, 4) for _ in range(load[1])}
        whole, most = sum(time * count for time, count in times.items()), max(times)
        failures = {"expected status 200, got 503": 1} if chance.random() < 0.1 else {}
        died = {"KeyError: 'total'": 1} if chance.random() < 0.01 else {}
        rows.append(Answers(second, endpoint, times, failures, whole, most, replica, {}, died, "Reader"))
    return rows


def marks(worker: int, second: int) -> list[Mark]:
    """The journeys of a worker in a second."""
    if not answers(worker, second) or second >= ENDED:
        return []
    time = float(Random(f"journey {worker} {second}").randrange(100, 900))
    return [Mark(second, "JOURNEY buy", {time: 1}, {}, time, time)]


def health(second: int) -> Health:
    """A healthy worker's second."""
    load = stage(second)
    users = load[1] if load else 0
    seen = Health(seconds=1.0, users=users, cpu_seconds=0.125, cpus=1.0, machine="m1", files=12, files_limit=1024)
    seen.lag(0.25)
    return seen


@cache
def _served(replica: str, second: int) -> float:
    """How many requests the replica had answered at the second, of all workers."""
    before = _served(replica, second - 1) if second > BEGAN else 0.0
    rows = [row for worker in (1, 2, 3, 4) for row in answers(worker, second - 1)]
    return before + sum(row.requests for row in rows if row.replica == replica)


def readings(second: int, workers: Sequence[int]) -> list[tuple[str, str, Scrape]]:
    """What the service says at the second, whoever asks, and what this master's machine says."""
    found = []
    for name in ("api-1", "api-2"):
        since = second - BEGAN
        counters = {"cpu_seconds": 0.25 * since, "served": _served(name, second), "busy_seconds": 0.5 * since}
        gauges = {"cpu_limit": 0.5, "memory_bytes": 1e8 + since, "memory_limit_bytes": 5e8, "in_flight": 1.0}
        found.append((name, "api", Scrape(REPLICA, float(second), float(BEGAN - 60), counters, gauges, machine="m1")))
    counters = {"cpu_seconds": 1.5 * (second - BEGAN), "master_seconds": 0.0625 * len(workers) * (second - BEGAN)}
    gauges = {"cpu_limit": 4.0}
    return [*found, (MACHINE, MACHINE, Scrape(MACHINE, float(second), None, counters, gauges, machine="m1"))]


def run(folder: Path, master: Master) -> Evidence:
    """Writes the run's folder as a master does, and returns its evidence."""
    folder.mkdir(parents=True)
    hearing = _Hearing(folder, master)
    hearing.listen(BEGAN + master.late)
    for second in range(BEGAN + master.late, LAST + master.late):
        if stage(second - master.late) is None and stage(second - master.late - 1):
            hearing.timeline.end()
        hearing.hear(second)
        hearing.listen(second + 1)
        hearing.watch(second)
        hearing.settle(second - 1)
    return hearing.finish()


class _Hearing:
    """What a master hears, and what it makes of it."""

    def __init__(self, folder: Path, master: Master) -> None:
        began, part = float(BEGAN + master.late), master.part
        self.timeline = Timeline(int(began), windows(LIMITS))
        self._observer = Observer(began, 1.0, 10.0, is_alone=part is None)
        self._journal = Journal(part and Head(part, began, 1, 10.0, 1.0))
        self._journal.open(folder)
        self._kept = RunFolder(folder, surroundings=lambda workers: {**master.environment, "workers": list(workers)})
        self._master, self._workers = master, len(master.workers)
        self._step: Step | None = None

    def listen(self, second: int) -> None:
        """Reads the service and the machine."""
        for name, service, reading in readings(second, self._master.workers):
            self._observer.read(name, service, reading)
            self._journal.read(name, service, reading)

    def hear(self, second: int) -> None:
        """Takes in what the workers report."""
        for number, worker in enumerate(self._master.workers, 1):
            rows, marked, seen = answers(worker, second), marks(worker, second), health(second)
            self.timeline.merge(rows, marked)
            self._observer.hear(rows)
            self._journal.hear(rows, marked)
            self.timeline.examine(second, number, seen)
            self._observer.examine(second, number, seen)
            self._journal.examine(second, number, seen)
            if stage(second - self._master.late):
                answered = sum(row.requests for row in rows)
                expected = Health(expected_seconds=1.0, answered=answered, host=f"h{worker}")
                self.timeline.examine(second, number, expected)

    def watch(self, second: int) -> None:
        """Notes the users, and whether the second is measured."""
        if load := stage(second - self._master.late):
            users = load[1] * self._workers
            self.timeline.attend(second, users)
            if load[2]:
                self._step = self._step if self._step and self._step.users == users else Step(users, second)
                self.timeline.measure(second, self._step)

    def settle(self, until: int) -> None:
        """Hands out the seconds before this one."""
        for second, endpoints, of in self.timeline.settle(until):
            there, number = stage(second - self._master.late), of.number if of else None
            users = there[1] * self._workers if there else None
            self._journal.settle(second, users, number)
            used, replicas = self._observer.settle(second, number)
            self._kept.add({**sample_row(second, users, number, endpoints), **used}, replicas)

    def finish(self) -> Evidence:
        """Writes the rest."""
        timeline, master = self.timeline, self._master
        timeline.conclude()
        looked_last, most = float(LAST + master.late), max((step.users for step in timeline.steps), default=0)
        self._observer.look_last(looked_last)
        self._journal.end(End(most, 0, [], looked_last))
        evidence = Evidence(
            plan="ramp",
            target="http://api:5000",
            limits=LIMITS,
            started=datetime.fromtimestamp(BEGAN + master.late, UTC).isoformat(timespec="seconds"),
            seconds=LAST - BEGAN,
            steps=timeline.steps,
            workers=self._workers,
            undone=timeline.undone.endpoints,
            service=self._observer.conclude(len(timeline.steps), most, 0),
            ledger=master.ledger,
            part=str(master.part) if master.part else None,
        )
        evidence = replace(evidence, **master.evidence)
        self._kept.close()
        rows = [step_row(step, step.seconds, step.endpoints) for step in timeline.steps]
        workers = [{"id": f"h{worker}_{worker}", "state": "ready"} for worker in master.workers]
        self._kept.write(judge(evidence), evidence, rows, workers, is_last=True)
        return evidence
