"""Can the swarm be believed? Pure: what the workers measured of themselves in, reasons against it and figures out.

Only windows that are judged count: the steps of a plan, and of a search those that decided it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from lab import limits, wording
from lab.counts import histogram
from lab.counts.health import Health
from lab.counts.timeline import Endpoints, Step, Tally
from lab.judging import accusations, capacity
from lab.judging.accusations import Window
from lab.judging.evidence import Evidence, Interruption
from lab.judging.tolerances import WINDOW_SECONDS


def document(evidence: Evidence) -> dict[str, Any]:
    """The part `generator` of verdict.json."""
    found = reasons(evidence)
    figures = [_figures(worker, health) for worker, health in sorted(_together(_judged(evidence)).items())]
    return {
        "believable": not found if figures or found else None,
        "reasons": found,
        "workers": evidence.workers,
        "losses": list(evidence.losses),
        "figures": figures,
    }


def reasons(evidence: Evidence) -> list[str]:
    """Why the swarm cannot be believed, what and how to mend it, one for each kind of fault; none where it can."""
    if evidence.interrupted_by is Interruption.NO_WORKERS:
        return ["The swarm was lost: no worker was left."]
    found = [accusations.not_held(evidence.not_held)] if evidence.not_held else []
    return found + accusations.of(_windows(evidence), evidence.taken_back)


def is_believable_at(evidence: Evidence, load: int) -> bool:
    """Whether nothing speaks against the swarm in the steps of a search at this load."""
    steps = [step for step in _judged(evidence) if step.users == load]
    return not accusations.of([_window(evidence, [step], "") for step in steps])


def _judged(evidence: Evidence) -> list[Step]:
    return list(capacity.deciding(evidence.steps) if evidence.search else evidence.steps)


def _windows(evidence: Evidence) -> list[Window]:
    """Each judged step by itself, as far as it is long enough; and all steps of a plan together, as they are judged."""
    steps = _judged(evidence)
    told = len({step.users for step in steps}) > 1
    alone = [step for step in steps if evidence.search or step.seconds >= WINDOW_SECONDS]
    windows = [
        _window(evidence, [step], f"at {wording.load(step.users, evidence.arrivals)} " if told else "")
        for step in alone
    ]
    return windows if evidence.search else [_window(evidence, steps, ""), *windows]


def _window(evidence: Evidence, steps: Iterable[Step], where: str) -> Window:
    endpoints: Endpoints = defaultdict(Tally)
    seconds = 0
    for step in steps:
        seconds += step.seconds
        for endpoint, tally in step.endpoints.items():
            endpoints[endpoint].add(tally)
    return Window(
        where,
        limits.judge(evidence.limits, endpoints, seconds),
        endpoints,
        {worker: health for worker, health in _together(steps).items() if health.users or health.expected_seconds},
        # a signal to the whole lab reaches the workers as well: their last reports may be missing
        accounts_due=evidence.interrupted_by is not Interruption.SIGNAL,
    )


def _together(steps: Iterable[Step]) -> Mapping[int, Health]:
    whole: defaultdict[int, Health] = defaultdict(Health)
    for step in steps:
        for worker, health in step.health.items():
            whole[worker].add(health)
    return whole


def _figures(worker: int, health: Health) -> dict[str, Any]:
    """The row of a worker: what the report and verdict.json tell of it."""
    times = {f"lag_p{percent}_ms": histogram.percentile(health.lags, percent) for percent in (50, 95, 99)}
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
        **times,
        "lag_max_ms": max(health.lags, default=None),
        "gc": round(health.gc_seconds / health.seconds, 4) if health.seconds else 0.0,
        "gc_max_ms": round(health.gc_max_ms, 1),
        "intended": health.intended or None,
        "started": health.started if health.intended else None,
        "files": health.files,
        "files_limit": health.files_limit,
        "offset_ms": health.offset_ms,
        "jump_ms": health.jump_ms,
    }
