"""Can the swarm be believed? Pure: what the workers measured of themselves in, reasons against it and figures out.

Only windows that are judged count: the steps of a plan, and of a search those that decided it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypedDict

from lab import wording
from lab.counts import histogram
from lab.counts.health import Health
from lab.counts.timeline import Step, Tally, health_of
from lab.judging import accusations, neighbours
from lab.judging.accusations import Window
from lab.judging.evidence import Interruption
from lab.judging.reading import Findings, Reading
from lab.judging.tolerances import WINDOW_SECONDS


class WorkerRow(TypedDict):
    """A worker's row in verdict.json and in the report."""

    worker: int
    host: str
    users: int
    seconds: float
    silent_seconds: float
    stood_still_seconds: float
    cpus: float
    cpu: float
    waited: float
    throttled: float | None
    lag_p50_ms: float | None
    lag_p95_ms: float | None
    lag_p99_ms: float | None
    lag_max_ms: float | None
    gc: float
    gc_max_ms: float
    intended: int | None
    started: int | None
    files: int
    files_limit: int | None
    offset_ms: float | None
    jump_ms: float
    round_trip_ms: float | None


class Generator(TypedDict):
    """The swarm as an instrument; `believable` is None where no worker gave account of a judged second."""

    believable: bool | None
    reasons: list[str]
    workers: int
    losses: list[str]
    figures: list[WorkerRow]


def document(reading: Reading) -> Generator:
    """The part `generator` of verdict.json."""
    found = reasons(reading)
    figures = [_figures(worker, health) for worker, health in sorted(health_of(reading.deciding).items())]
    return {
        "believable": not found if figures or found else None,
        "reasons": found,
        "workers": reading.evidence.workers,
        "losses": list(reading.evidence.losses),
        "figures": figures,
    }


def reasons(reading: Reading) -> list[str]:
    """Why the run cannot be believed, what and how to mend it, one for each kind of fault; none where it can."""
    evidence = reading.evidence
    if evidence.interrupted_by is Interruption.NO_WORKERS:
        return ["The swarm was lost: no worker was left."]
    found = [accusations.not_held(evidence.not_held)] if evidence.not_held else []
    found += accusations.of(_windows(reading), evidence.taken_back)
    return [*found, *filter(None, [neighbours.accusation(reading)])]


def is_believable_at(reading: Reading, load: int) -> bool:
    """Whether nothing speaks against the swarm in the steps of a search at this load."""
    return not accusations.of([_of_step(reading, step, "") for step in reading.deciding if step.users == load])


def _windows(reading: Reading) -> list[Window]:
    """Each deciding step by itself, as far as it is long enough; and all steps of a held load together."""
    steps = reading.deciding
    differ = len({step.users for step in steps}) > 1
    alone = [
        _of_step(reading, step, f"at {wording.load(step.users, reading.evidence.arrivals)} " if differ else "")
        for step in steps
        if reading.searched or step.seconds >= WINDOW_SECONDS
    ]
    return alone if reading.searched else [_window(reading, steps, reading.findings, reading.endpoints, ""), *alone]


def _of_step(reading: Reading, step: Step, where: str) -> Window:
    return _window(reading, [step], reading.found(step), step.endpoints, where)


def _window(
    reading: Reading, steps: Sequence[Step], findings: Findings, endpoints: Mapping[str, Tally], where: str
) -> Window:
    return Window(
        where,
        findings,
        endpoints,
        {worker: health for worker, health in health_of(steps).items() if health.users or health.expected_seconds},
        # a signal to the whole lab reaches the workers as well: their last reports may be missing
        accounts_due=reading.evidence.interrupted_by is not Interruption.SIGNAL,
    )


def _figures(worker: int, health: Health) -> WorkerRow:
    """The row of a worker."""

    def lag(percent: float) -> float | None:
        return histogram.percentile(health.lags, percent)

    return {
        "worker": worker,
        "host": health.host,
        "users": health.users,
        "seconds": round(health.seconds, 1),
        "silent_seconds": round(health.silent_seconds, 1),
        "stood_still_seconds": round(health.stood_still_seconds, 1),
        "cpus": round(health.cpus, 3),
        "cpu": round(health.cpu_share, 3),
        "waited": round(health.waited_share, 3),
        "throttled": None if health.periods is None else round(health.throttled_share, 3),
        "lag_p50_ms": lag(50),
        "lag_p95_ms": lag(95),
        "lag_p99_ms": lag(99),
        "lag_max_ms": max(health.lags, default=None),
        "gc": round(health.gc_seconds / health.seconds, 4) if health.seconds else 0.0,
        "gc_max_ms": round(health.gc_max_ms, 1),
        "intended": health.intended or None,
        "started": health.started if health.intended else None,
        "files": health.files,
        "files_limit": health.files_limit,
        "offset_ms": health.offset_ms,
        "jump_ms": health.jump_ms,
        "round_trip_ms": health.round_trip_ms,
    }
