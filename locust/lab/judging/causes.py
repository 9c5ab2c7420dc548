"""Why did it come so: what the service's side says where a limit broke, or of all that was measured. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import TypedDict

from lab.arrivals.schedule import CLOSED
from lab.counts.timeline import Step, Tally, health_of, measured, together
from lab.faults import words
from lab.judging import binding, littles_law, neighbours
from lab.judging.binding import BindingRow, Resource
from lab.judging.littles_law import Law, Laws
from lab.judging.neighbours import MachineRow
from lab.judging.reading import Reading
from lab.service import double_entry, outages, usage
from lab.service.balance import BalanceRow, ReplicaRow
from lab.service.both_ends import Service
from lab.service.double_entry import DoubleEntryRow
from lab.service.metrics import DurabilityRow
from lab.service.outages import OutageRow
from lab.service.usage import Usage

MOST_OUTAGES = 3
"""Outages that the sentence names; verdict.json has them all."""


class CauseParts(TypedDict):
    """What the service's side adds to verdict.json."""

    binding: BindingRow | None
    littles_law: Laws | None
    double_entry: DoubleEntryRow | None
    replicas: Sequence[ReplicaRow] | None
    balance: BalanceRow | None
    outages: Sequence[OutageRow] | None
    durability: Sequence[DurabilityRow] | None
    machine: MachineRow | None


@dataclass(frozen=True)
class Causes:
    """Sentences for the verdict, and parts of verdict.json."""

    sentences: Sequence[str] = ()
    parts: CauseParts = field(default_factory=lambda: _parts(None, None))


def find(reading: Reading, word: str, waits: bool) -> Causes:
    """What the service's side says of a verdict of this word; `waits` is whether a limit on time broke."""
    service = reading.evidence.service
    parts = _parts(service, neighbours.row(reading))
    if service is None:
        return Causes()
    seen = [outages.sentence(row) for row in _unasked(reading, service)[:MOST_OUTAGES]]
    seen += [*double_entry.sentences(service.double_entry), *filter(None, [neighbours.remark(reading)])]
    steps, broke = _window(reading, word)
    if word == "INVALID" or not steps:
        return Causes(seen, parts)
    usages = _usages(service, steps)
    seconds, endpoints = measured(steps)
    whole = together(endpoints.values())
    response_seconds = whole.sum_ms / 1000 / whole.successes if whole.successes else 0.0
    parts["littles_law"] = {
        "swarm": _swarm_law(reading, steps, whole, seconds, response_seconds),
        "service": littles_law.of_service(usages),
    }
    found = binding.find(usages, response_seconds if broke and waits else None, _generator(steps))
    if found is None:
        return Causes(seen, parts)
    parts["binding"] = found.row()
    return Causes([found.sentence(broke and (waits or found.first.gives)), *seen], parts)


def _unasked(reading: Reading, service: Service) -> list[OutageRow]:
    """The outages that no fault of LAB_FAULT made: what a fault took down is said once, by the fault's own sentence."""
    return [row for row in service.outages if not words.was_asked_for(reading.effects, row["gone"])]


def _usages(service: Service, steps: Sequence[Step]) -> Collection[Usage]:
    """What each part of the service used in these steps, as far as they were read."""
    read = [service.steps[step.number - 1] for step in steps if step.number <= len(service.steps)]
    return usage.together(read).values()


def _parts(service: Service | None, machine: MachineRow | None) -> CauseParts:
    return {
        "binding": None,
        "littles_law": None,
        "double_entry": service.double_entry if service else None,
        "replicas": list(service.replicas) or None if service else None,
        "balance": service.balance if service else None,
        "outages": list(service.outages) if service else None,
        "durability": list(service.durability) or None if service else None,
        "machine": machine,
    }


def _window(reading: Reading, word: str) -> tuple[Sequence[Step], bool]:
    """The steps that show the cause, and whether a limit broke in them: at the breach, or else at the most load."""
    searched = reading.searched
    if searched is None:
        return reading.steps, word == "FAIL"
    if searched.at_breach:
        return [searched.at_breach], True
    return [searched.at_capacity] if searched.at_capacity else [], False


def _generator(steps: Sequence[Step]) -> list[Resource]:
    """The swarm's own CPU, in the busiest of its workers."""
    shares = [health.cpu_share for health in health_of(steps).values() if health.seconds]
    unit = f"of a core in the busiest of {len(shares)} workers"
    return [Resource("generator cpu", "the swarm's CPU", max(shares), unit, 0.9)] if shares else []


def _swarm_law(
    reading: Reading, steps: Sequence[Step], whole: Tally, seconds: int, response_seconds: float
) -> Law | None:
    evidence = reading.evidence
    think_seconds = evidence.service.mean_think_seconds if evidence.service else None
    if evidence.arrivals != CLOSED or think_seconds is None:
        return None
    users = sum(step.users * step.seconds for step in steps) / seconds if seconds else 0
    return littles_law.of_swarm(users, whole.requests, seconds, response_seconds, think_seconds, whole.failed)
