"""Why did it come so: what the service's side says at the load where a limit broke, or of all that was measured."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from lab.counts.health import Health
from lab.counts.timeline import Step, Tally, together
from lab.judging import binding, capacity, littles_law
from lab.judging.binding import Resource
from lab.judging.evidence import Evidence
from lab.service import outages

MOST_OUTAGES = 3
"""Outages that the sentence tells; verdict.json has them all."""


@dataclass(frozen=True)
class Causes:
    """Sentences for the verdict, and parts of verdict.json."""

    sentences: Sequence[str] = ()
    parts: dict[str, Any] = field(default_factory=dict)


NOTHING: dict[str, Any] = {
    "binding": None,
    "littles_law": None,
    "double_entry": None,
    "replicas": None,
    "balance": None,
    "outages": None,
}


def find(evidence: Evidence, word: str, waits: bool) -> Causes:
    """What the service's side says of a verdict of this word; `waits` is whether a limit on time broke."""
    service = evidence.service
    if service is None:
        return Causes(parts=NOTHING)
    parts = {
        **NOTHING,
        "double_entry": service.double_entry,
        "replicas": list(service.replicas) or None,
        "balance": service.balance,
        "outages": list(service.outages),
    }
    told = [outages.sentence(row) for row in service.outages[:MOST_OUTAGES]]
    steps, broke = _window(evidence, word)
    if word == "INVALID" or not steps:
        return Causes(told, parts)
    usages = binding.together(
        service.steps[number] for number in _numbers(evidence, steps) if number < len(service.steps)
    ).values()
    whole = together(tally for step in steps for tally in step.endpoints.values())
    seconds = sum(step.seconds for step in steps)
    response_seconds = whole.sum_ms / 1000 / whole.successes if whole.successes else 0.0
    parts["littles_law"] = {
        "swarm": _swarm_law(evidence, steps, whole, seconds, response_seconds),
        "service": littles_law.of_service(usages),
    }
    found = binding.find(usages, response_seconds if broke and waits else None, _generator(steps))
    if found is None:
        return Causes(told, parts)
    parts["binding"] = found.row()
    return Causes([found.sentence(broke and (waits or found.first.gives)), *told], parts)


def _window(evidence: Evidence, word: str) -> tuple[Sequence[Step], bool]:
    """The steps that tell the cause, and whether a limit broke in them."""
    if evidence.search is None:
        return evidence.steps, word == "FAIL"
    step, broke = capacity.told_step(evidence.steps)
    return [step] if step else [], broke


def _generator(steps: Sequence[Step]) -> list[Resource]:
    """The swarm's own CPU, in the busiest of its workers."""
    workers: defaultdict[int, Health] = defaultdict(Health)
    for step in steps:
        for worker, health in step.health.items():
            workers[worker].add(health)
    shares = [health.cpu_share for health in workers.values() if health.seconds]
    unit = f"of a core in the busiest of {len(shares)} workers"
    return [Resource("generator cpu", "the swarm's CPU", max(shares), unit, 0.9)] if shares else []


def _numbers(evidence: Evidence, steps: Sequence[Step]) -> list[int]:
    return [number for number, step in enumerate(evidence.steps) if any(step is each for each in steps)]


def _swarm_law(
    evidence: Evidence, steps: Sequence[Step], whole: Tally, seconds: int, response_seconds: float
) -> dict[str, Any] | None:
    think_seconds = evidence.service.mean_think_seconds if evidence.service else None
    if evidence.arrivals != "closed" or think_seconds is None:
        return None
    users = sum(step.users * step.seconds for step in steps) / seconds if seconds else 0
    return littles_law.of_swarm(users, whole.requests, seconds, response_seconds, think_seconds)
