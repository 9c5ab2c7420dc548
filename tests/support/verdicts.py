"""Evidence made up for tests of the verdict, and the verdict on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lab import limits
from lab.counts.endpoints import Endpoints, marks_of
from lab.counts.timeline import Step, Tally
from lab.judging.evidence import Evidence
from lab.judging.verdict import Verdict, judge


def answers(milliseconds: float, count: int = 100, failures: Mapping[str, int] = {}) -> Tally:
    """So many answers that took so long, and these failures."""
    tally = Tally()
    for _ in range(count):
        tally.succeed(milliseconds)
    for message, times in failures.items():
        tally.fail(message, times)
    return tally


def verdict_on(endpoints: Mapping[str, Tally], accepted: str = "p95<=450ms fail<=1%", **more: Any) -> Verdict:
    """The verdict on a steady run of ten seconds with these answers, in its last step; `more` is other evidence."""
    steps = more.pop("steps", [Step(users=20, started=100, seconds=10)] if endpoints else [])
    if endpoints:
        steps[-1].endpoints = Endpoints(endpoints, marks_of(endpoints))
    return judge(evidence_of(steps, accepted, **more))


def evidence_of(steps: Iterable[Step], accepted: str = "p95<=450ms fail<=1%", **more: Any) -> Evidence:
    """The evidence of a steady run with these steps; `more` is other evidence."""
    evidence: dict[str, Any] = {
        "plan": "steady",
        "target": "http://api:5000",
        "limits": limits.parse(accepted),
        "started": "2026-01-02T03:04:05+00:00",
        "seconds": 15,
        "steps": numbered(steps),
        "workers": 4,
    }
    return Evidence(**{**evidence, **more})


def numbered(steps: Iterable[Step]) -> list[Step]:
    """The steps, counted from 1 as the time line does."""
    found = list(steps)
    for number, step in enumerate(found, 1):
        step.number = number
    return found


def part(verdict: Verdict, name: str) -> Any:
    """A part of verdict.json that the run has."""
    found = dict(verdict.document)[name]
    assert found is not None, f"the verdict has no {name}"
    return found
