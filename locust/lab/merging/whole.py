"""The parts of a run as one: its evidence, which the same function judges as that of a run on one master."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from itertools import chain
from typing import Any, NamedTuple

from lab.counts.health import Health
from lab.counts.steps import Step, Workers
from lab.figures import step_row
from lab.judging.evidence import Evidence, Interruption
from lab.judging.parts import MergedRow, PartRow
from lab.judging.verdict import judge
from lab.ledger.findings import COUNTS, Found, Ledger
from lab.merging import parts as of_parts
from lab.merging.parts import OWN_KNOBS, PartRun
from lab.merging.replay import Counted, Replay, Row

_WORST = (Interruption.FAULT, Interruption.NO_WORKERS)


class Whole(NamedTuple):
    """A merged run: all that its folder holds."""

    evidence: Evidence
    samples: Sequence[Row]
    steps: Sequence[Mapping[str, Any]]
    workers: Sequence[Mapping[str, Any]]
    environment: Mapping[str, Any]


def merge(runs: Sequence[PartRun]) -> Whole:
    """The run that these are the parts of. Raises NotParts where they are not."""
    parts = of_parts.together(runs)
    counted = Replay(parts, parts[0].evidence.limits).count()
    numbers = _Numbers(parts)
    for step in counted.timeline.steps:
        step.health = {}
    _give_health(parts, counted, numbers)
    steps = counted.timeline.steps
    workers = [worker for part in parts for worker in part.environment.get("workers") or ()]
    return Whole(
        _evidence(parts, counted, numbers),
        counted.rows,
        [step_row(step, step.seconds, step.endpoints) for step in steps],
        workers,
        _environment(parts, workers),
    )


class _Numbers:
    """The workers of all parts, counted on from one part to the next."""

    def __init__(self, parts: Sequence[PartRun]) -> None:
        self._before, last = [], 0
        for part in parts:
            self._before.append(last)
            known = [0, *part.evidence.taken_back, *(worker for step in part.evidence.steps for worker in step.health)]
            last += max(part.evidence.workers, *known)

    def anew(self, at: int, workers: Workers) -> Workers:
        """The workers of a part with their new numbers."""
        return {self._before[at] + number: health for number, health in workers.items()}

    def of(self, at: int, number: int) -> int:
        """A worker's new number."""
        return self._before[at] + number


def _give_health(parts: Sequence[PartRun], counted: Counted, numbers: _Numbers) -> None:
    """Gives each step what the workers measured of themselves in the steps that it was made of, each once."""
    given: set[tuple[int, int]] = set()
    by_number: dict[int, Step] = {step.number: step for step in counted.timeline.steps}
    for number, of in counted.of_parts.items():
        for at, seen in enumerate(of):
            theirs = {step.number: step for step in parts[at].evidence.steps}
            for own in sorted(seen):
                if (at, own) not in given:
                    given.add((at, own))
                    for worker, health in numbers.anew(at, theirs[own].health).items():
                        by_number[number].health.setdefault(worker, Health()).add(health)


def _evidence(parts: Sequence[PartRun], counted: Counted, numbers: _Numbers) -> Evidence:
    each = [part.evidence for part in parts]
    first = each[0]
    started = min(part.head.began for part in parts)
    ended = max(datetime.fromisoformat(evidence.started).timestamp() + evidence.seconds for evidence in each)
    return replace(
        first,
        started=min(evidence.started for evidence in each),
        seconds=round(ended - int(started)),
        steps=counted.timeline.steps,
        workers=sum(evidence.workers for evidence in each),
        **_fates(parts, numbers),
        peak_users=_sum([evidence.peak_users for evidence in each]),
        peak_rps=_sum([evidence.peak_rps for evidence in each]),
        ledger=ledger(parts, numbers),
        service=counted.service,
        undone=counted.timeline.undone.endpoints,
        part=None,
        merged=_merged(parts, counted.left_out_seconds),
    )


def _fates(parts: Sequence[PartRun], numbers: _Numbers) -> dict[str, Any]:
    """What befell a part befell the whole, and says of which part it is."""
    each = [part.evidence for part in parts]
    taken_back: Workers = {}
    for at, evidence in enumerate(each):
        taken_back |= numbers.anew(at, evidence.taken_back)
    not_held = [f"part {part.part}: {part.evidence.not_held}" for part in parts if part.evidence.not_held]
    return {
        "losses": [f"Part {part.part}: {sentence}" for part in parts for sentence in part.evidence.losses],
        "taken_back": taken_back,
        "not_held": "; ".join(not_held) or None,
        "interrupted_by": _interruption(each),
        "stopped": next((evidence.stopped for evidence in each if evidence.stopped), None),
        "data": [row for evidence in each for row in evidence.data],
    }


def _interruption(each: Sequence[Evidence]) -> Interruption | None:
    """What cut a part short, the worst first: without one part the whole was not there."""
    found = [evidence.interrupted_by for evidence in each if evidence.interrupted_by]
    return next((worst for worst in _WORST if worst in found), found[0] if found else None)


def _sum(figures: Sequence[int | None]) -> int | None:
    known = [figure for figure in figures if figure is not None]
    return sum(known) if len(known) == len(figures) else None


def ledger(parts: Sequence[PartRun], numbers: _Numbers) -> Ledger | None:
    """The writes of all parts; audited where those of each were."""
    ledgers = [
        _of_part(part.evidence.ledger, at, part, numbers) for at, part in enumerate(parts) if part.evidence.ledger
    ]
    if not ledgers:
        return None
    return Ledger(
        **{name: sum(getattr(each, name) for each in ledgers) for name in (*COUNTS, "answered_twice")},
        audit=_audit([each.audit for each in ledgers]),
        not_audited=_joined([each.not_audited for each in ledgers]),
        remarks=tuple(chain.from_iterable(each.remarks for each in ledgers)),
        rule=max(filter(None, (each.rule for each in ledgers)), default=None),
        examples=tuple(chain.from_iterable(each.examples for each in ledgers)),
        audit_due=any(each.audit_due for each in ledgers),
    )


def _joined(texts: Sequence[str | None]) -> str | None:
    return "; ".join(filter(None, texts)) or None


def _of_part(of: Ledger, at: int, part: PartRun, numbers: _Numbers) -> Ledger:
    """The ledger of a part, which says so, with the workers' new numbers."""
    return replace(
        of,
        not_audited=f"part {part.part}: {of.not_audited}" if of.not_audited else None,
        remarks=tuple(f"Part {part.part}: {remark}" for remark in of.remarks),
        examples=tuple(replace(example, worker=numbers.of(at, example.worker)) for example in of.examples),
    )


def _audit(each: Sequence[Found | None]) -> Found | None:
    """The audits as one; None where one is missing. They went on side by side: the longest is how long all took."""
    audits = [audit for audit in each if audit]
    if len(audits) < len(each):
        return None
    counts = [name.name for name in fields(Found) if name.name != "seconds"]
    return Found(
        **{name: sum(getattr(audit, name) for audit in audits) for name in counts},
        seconds=max(audit.seconds for audit in audits),
    )


def _merged(parts: Sequence[PartRun], left_out_seconds: int) -> MergedRow:
    return {
        "parts": [
            PartRow(
                part=str(part.part),
                run=part.name,
                started=part.evidence.started,
                users=max((step.users for step in part.evidence.steps), default=0),
                workers=part.evidence.workers,
                verdict=judge(part.evidence).verdict,
            )
            for part in parts
        ],
        "left_out_seconds": left_out_seconds,
    }


def _environment(parts: Sequence[PartRun], workers: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """environment.json: what all parts have in common, and of their own knobs what each of them had."""
    first = parts[0].environment
    of_each = [part.environment.get("knobs") or {} for part in parts]
    own = {
        name: " + ".join(str(knobs.get(name, "-")) for knobs in of_each) for name in sorted(OWN_KNOBS - {"LAB_PART"})
    }
    apart = {name: text for name, text in own.items() if len({knobs.get(name) for knobs in of_each}) > 1}
    knobs = {name: text for name, text in of_each[0].items() if name != "LAB_PART"} | apart
    return {**first, "workers": list(workers), "knobs": dict(sorted(knobs.items()))}
