"""Folders of runs that never were, as the lab writes them: for the report, the live page and their tests.

`python -m tests.support.sample_run <folder>` writes all of them with their reports, to be looked at.
"""

from __future__ import annotations

import csv
import json
import random
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from lab import limits
from lab.counts.health import Health
from lab.counts.timeline import Step, Tally
from lab.figures import SAMPLE_COLUMNS, STEP_COLUMNS, sample_row, step_row, utc
from lab.judging.evidence import Evidence, Search
from lab.judging.verdict import judge
from lab.plans.search import Goal
from lab.report import FILE, render
from lab.results import files, judgement, steps_file
from lab.service.both_ends import FILE as FILE_OF_SERVICE
from lab.service.columns import REPLICA_COLUMNS
from lab.soak import course
from lab.soak.watch import FailureRule, Watch
from tests.support.made_once import made_once
from tests.support.sample_answers import of_a_second
from tests.support.sample_exchanges import with_exchanges
from tests.support.sample_faults import two_faults
from tests.support.sample_ledger import ledger_of
from tests.support.sample_service import observed
from tests.support.verdicts import numbered

STARTED = 1795370000
SETTLE_SECONDS = 3
LIMITS = limits.parse("p95<=450ms fail<=1%")
SEARCH = (
    *((users, "explore", 8) for users in (10, 20, 40, 80, 160, 320)),
    (640, "explore", 5),
    *((453, "narrow", 8), (381, "narrow", 12), (349, "narrow", 14), (365, "narrow", 12)),
    *((349, "confirm", 20), (365, "check", 12), (10, "repeat", 8)),
)
FAILURES = {"POST /tests": {"expected status 204, got 503": 0.08, "no answer: TimeoutError": 0.01}}

Phase = tuple[int, str, int]
"""Users, purpose, seconds."""


def run_of(
    phases: Sequence[Phase], slowness: Callable[[int], float], failing: Mapping[str, Mapping[str, float]]
) -> Any:
    """The steps and the samples of these phases; `slowness` is by how much the service is slower at a second."""
    chance = random.Random(7)
    second = STARTED + 1
    steps: list[Step] = []
    samples: list[dict[str, Any]] = []
    for users, purpose, seconds in phases:
        step = Step(users=users, started=second + SETTLE_SECONDS, purpose=purpose)
        for at in range(SETTLE_SECONDS + seconds):
            answers = of_a_second(users, slowness(second - STARTED), failing, chance)
            measured = at >= SETTLE_SECONDS
            if measured:
                step.seconds += 1
                step.successes.append(sum(tally.successes for tally in answers.values()))
                for endpoint, tally in answers.items():
                    step.endpoints[endpoint].add(tally)
            samples.append(sample_row(second, users, len(steps) + 1 if measured else None, answers))
            second += 1
        if purpose:
            step.kept = all(finding.kept for finding in limits.judge(LIMITS, step.endpoints, step.seconds))
        for number, host in enumerate(("a81b", "c02d"), 1):
            step.health[number] = worker_of(host, users // 2, seconds)
        steps.append(step)
    return steps, samples


def worker_of(host: str, users: int, seconds: float) -> Health:
    """A healthy worker."""
    health = Health(seconds=seconds, expected_seconds=seconds, host=host, users=users, files=users + 12)
    health.cpu_seconds, health.waited_seconds = seconds * 0.002 * users**0.7, seconds * 0.01
    health.gc_seconds, health.files_limit, health.offset_ms = seconds * 0.002, 1024, 0.7
    chance = random.Random(host)
    for _ in range(round(seconds * 20)):
        health.lag(chance.expovariate(2.0))
    return health


def write(folder: Path, plan: str, steps: Sequence[Step], samples: Sequence[Mapping[str, Any]], **more: Any) -> Path:
    """The run's folder with everything that the lab leaves there."""
    folder.mkdir(parents=True, exist_ok=True)
    _table(
        folder / "steps.csv",
        STEP_COLUMNS,
        [step_row(step, step.seconds, step.endpoints) for step in numbered(steps)],
    )
    _table(folder / "samples.csv", SAMPLE_COLUMNS, samples)
    files.write_json(folder / steps_file.FILE, steps_file.document(evidence_of(plan, steps, len(samples), **more)))
    knobs = {"LAB_PLAN": plan, "LAB_LIMITS": "p95<=450ms fail<=1%"}
    knobs |= {"LAB_SETTLE": "3s", "LOCUST_HOST": "http://api:5000"}
    workers = [{"id": f"{host}_4f1c", "state": "ready"} for host in ("a81b", "c02d")]
    environment = {
        "scenario": {"name": "users.py", "digest": "8e5a90fcc2b1"},
        "python": "3.13.1",
        "packages": {"locust": "2.47.0", "gevent": "26.9.0"},
        "machine": {"system": "Linux-6.1-x86_64", "cpus": 4, "cpu_model": "A processor of 2.6 GHz"},
        "workers": workers,
        "knobs": knobs,
    }
    files.write_json(folder / "environment.json", environment)
    service, rows = observed(samples, len(steps))
    _table(folder / "replicas.csv", REPLICA_COLUMNS, rows)
    if service:
        files.write_json(folder / FILE_OF_SERVICE, service.document())
    judgement.write(folder, judge(evidence_of(plan, steps, len(samples), service=service, **more)).document)
    return folder


def document(plan: str, steps: Sequence[Step], seconds: int, **more: Any) -> dict[str, Any]:
    """The verdict document that the lab makes of the steps."""
    return dict(judge(evidence_of(plan, steps, seconds, **more)).document)


def evidence_of(plan: str, steps: Sequence[Step], seconds: int, **more: Any) -> Evidence:
    """What is known of a run with these steps."""
    return Evidence(
        plan=plan,
        target="http://api:5000",
        limits=LIMITS,
        started=utc(STARTED),
        seconds=seconds,
        steps=numbered(steps),
        workers=2,
        search=Search(Goal(10, 2000, 0.1)) if plan == "capacity" else None,
        **more,
    )


@made_once
def capacity(folder: Path) -> Path:
    """A search that found the capacity."""
    steps, samples = run_of(SEARCH, lambda _: 1.0, {})
    return write(folder, "capacity", steps, samples, peak_users=200, ledger=ledger_of(4120))


@made_once
def steady(folder: Path) -> Path:
    """A load that was held, with failures beyond the limit and a worker that was lost."""
    steps, samples = run_of([(160, "", 60)], lambda _: 1.0, FAILURES)
    loss = "Worker 2 (c02d) stopped answering at 18:10:54 UTC; the others took its users."
    remark = "Worker 2 was lost before it handed in its last writes: what it sent and was answered is unknown."
    ledger = ledger_of(4120, lost=812, doubled=3, phantom=2, unanswered=5, unknown=14, remarks=(remark,))
    return with_exchanges(write(folder, "steady", steps, samples, losses=[loss], ledger=ledger))


@made_once
def starved(folder: Path) -> Path:
    """A load that was held by a swarm whose second worker had a tenth of the CPU that it needs: INVALID."""
    steps, samples = run_of([(160, "", 30)], lambda _: 1.0, {})
    quota: dict[str, Any] = {"cpus": 0.1, "cpu_seconds": 1.7, "waited_seconds": 26.0, "periods": 300.0}
    steps[0].health[2].add(Health(**quota, throttled=288.0, lags={60.0: 200, 95.0: 300, 190.0: 60}))
    return write(folder, "steady", steps, samples)


@made_once
def drifting(folder: Path) -> Path:
    """A search on a service that gets slower with every request: INVALID."""
    phases = (*((users, "explore", 8) for users in (10, 20, 40, 80)), (10, "repeat", 8))
    steps, samples = run_of(phases, lambda second: 1 + second / 30, {})
    return write(folder, "capacity", steps, samples)


@made_once
def soak(folder: Path) -> Path:
    """Half an hour that gets slower, with a failure in the middle and memory that grows."""
    steps, samples = run_of([(60, "", 1800)], lambda second: 1 + second / 4000 + 20 * (900 <= second < 912), {})
    watch = Watch(FailureRule(LIMITS, 5, 0.5))
    for at, sample in enumerate(samples):
        slow = 900 <= at < 912
        answers = {"GET /tests": Tally({900.0: 20} if slow else {30.0: 20})}
        memory = {"memory_bytes": 8e7 + at * 4e3, "memory_used": 0.16 + at * 8e-6}
        replica = {"replica": "api-1", **memory, "open_files": 31}
        course.take(watch, STARTED + at, answers, sample, [replica])
    return write(folder, "soak", steps, samples, soak=course.conclude(watch, ()))


def faulty(folder: Path) -> Path:
    """A load that was held through two faults: the service was away after the first, and recovered from both."""
    steps, samples = run_of([(60, "", 60)], lambda second: 1 + 40 * (40 <= second < 46), {})
    gone: dict[str, Any] = {"requests": 60, "failed": 60, "p50_ms": None, "p95_ms": None, "p99_ms": None}
    samples[20:23] = [{**sample, **gone} for sample in samples[20:23]]
    return write(folder, "steady", steps, samples, faults=two_faults(STARTED), ledger=ledger_of(900))


def empty(folder: Path) -> Path:
    """A run that ended before anything was measured."""
    return write(folder, "smoke", [], [])


RUNS = {
    "capacity": capacity,
    "steady": steady,
    "starved": starved,
    "drifting": drifting,
    "soak": soak,
    "faulty": faulty,
    "empty": empty,
}


def snapshot(folder: Path, steps: int, samples: int, progress: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What the master would have said of the run after so many steps and samples; at its end without progress."""
    with (folder / "steps.csv").open(newline="") as file:
        step_rows = list(csv.DictReader(file))
    with (folder / "samples.csv").open(newline="") as file:
        sample_rows = list(csv.DictReader(file))
    with (folder / "replicas.csv").open(newline="") as file:
        replica_rows = list(csv.DictReader(file))
    verdict = json.loads((folder / "verdict.json").read_text())
    return {
        "plan": verdict["plan"],
        "target": verdict["target"],
        "limits": [
            {"text": limit.text, "endpoint": limit.endpoint, "measure": limit.measure}
            | {"unit": limit.unit, "bound": limit.bound, "measured": None, "kept": False}
            for limit in LIMITS
        ],
        "started": verdict["started"],
        "steps": step_rows[:steps],
        "samples": sample_rows[:samples],
        "replicas": replica_rows[: 3 * samples],
        "generator": verdict["generator"],
        "progress": progress,
        "verdict": None if progress else verdict,
    }


def _table(path: Path, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    table = files.Table(path, columns)
    for row in rows:
        table.add(row)
    table.close()


if __name__ == "__main__":
    for name, make in RUNS.items():
        run = make(Path(sys.argv[1]) / name)
        (run / FILE).write_text(render(run))
