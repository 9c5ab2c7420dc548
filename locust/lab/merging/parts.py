"""The parts of a run, read from their folders, and why some runs are no parts of one."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from lab.counts.part import Part
from lab.judging.evidence import Evidence, Interruption
from lab.results import files, journal, kept
from lab.results.journal import End, Head, Reading, Second

LEAST_SHARED = 0.5
"""Of what the shortest part has measured, that must have been measured by all parts at the same time."""
OWN_KNOBS = frozenset(
    {
        *("LAB_PART", "LOCUST_USERS", "LOCUST_SPAWN_RATE", "LAB_MAX_USERS", "LAB_PEAK_USERS", "LAB_PEAK_RPS"),
        *("LAB_SCENARIO", "LOCUST_LOCUSTFILE", "LOCUST_HOST", "LAB_ALLOWED_HOSTS", "LAB_METRICS_URLS"),
        *(
            "LAB_RESULTS",
            "LAB_RESULTS_STORE",
            "LAB_VERDICT_FILE",
            "LAB_NOTIFY",
            "LAB_NOTIFY_FILE",
            "LOCUST_AUTOQUIT",
            "LAB_HEADERS_FILE",
            "LAB_CHAOS",
        ),
        *("LAB_TARGET_WAIT", "LAB_WORKERS_WAIT", "LAB_WORKERS_SETTLE", "LAB_AUDIT_TIME"),
        *("LAB_SWARM_SECRET", "LAB_SWARM_SECRET_FILE", "LAB_UI_ADDRESS", "LAB_UI_HOSTS"),
        *("LAB_UI_PASSWORD", "LAB_UI_PASSWORD_FILE", "LOCUST_WEB_PORT", "LOCUST_WEB_HOST"),
    }
)
"""Knobs that parts may have otherwise: how much of the load is theirs, and where they run. All others are alike."""


class NotParts(ValueError):  # noqa: N818 - its name says what is wrong
    """Runs that are not the parts of one; the message says in which way, and what would be right."""


@dataclass
class Heard:
    """What a part heard of one second, all lines together."""

    users: int | None = None
    step: int | None = None
    lines: list[Second] = field(default_factory=list)


@dataclass(frozen=True)
class PartRun:
    """A run that is a part: its evidence, and what it heard second by second."""

    name: str
    part: Part
    evidence: Evidence
    environment: Mapping[str, Any]
    head: Head
    seconds: Mapping[int, Heard]
    end: End | None  # None where its master was killed

    @property
    def over(self) -> int:
        """The second after the last in which its plan had users."""
        return max((at for at, heard in self.seconds.items() if heard.users is not None), default=0) + 1

    @property
    def readings(self) -> Iterator[Reading]:
        """All that was read of the service and of its machine."""
        return (reading for heard in self.seconds.values() for line in heard.lines for reading in line.readings)

    def levels(self) -> dict[int, int]:
        """For each step the stretch of constant load that it is of: one that was begun anew is of the same."""
        found, level = {}, 0
        for step, before in zip(self.evidence.steps, [None, *self.evidence.steps], strict=False):
            level += before is None or before.users != step.users
            found[step.number] = level
        return found


def read(folder: Path) -> PartRun:
    """The part in the folder. Raises OSError where a file is missing, ValueError where one is not what it leaves."""
    name = folder.resolve().name
    evidence = kept.evidence(folder)
    if evidence.part is None:
        merged = " It was merged already: name all parts at once." if evidence.merged else ""
        raise NotParts(f"{name} was no part of a larger run (LAB_PART).{merged}")
    head, end, seconds = None, None, defaultdict[int, Heard](Heard)
    for line in journal.read(folder):
        match line:
            case Head():
                head = line
            case End():
                end = line
            case Second():
                _take(seconds[line.second], line)
    if head is None or (evidence.interrupted_by is not Interruption.MASTER and end is None):
        raise ValueError(f"{folder / journal.FILE} is not whole: seconds of the run are missing")
    environment = json.loads(files.read_text(folder / "environment.json"))
    return PartRun(name, head.part, evidence, environment, head, dict(seconds), end)


def _take(heard: Heard, line: Second) -> None:
    heard.lines.append(line)
    if line.users is not None or line.step is not None:
        heard.users, heard.step = line.users, line.step


def together(runs: Sequence[PartRun]) -> list[PartRun]:
    """The parts in their order. Raises NotParts where they are not all the parts of one run, made at the same time."""
    ordered = sorted(runs, key=lambda run: run.part)
    _check_numbers(ordered)
    for one, other in pairwise(ordered):
        if problem := difference(one, other):
            raise NotParts(f"{one.name} and {other.name} are no parts of one run: {problem}")
    early = [run for run in ordered[1:] if run.head.began < ordered[0].head.began]
    if early and any(run.evidence.ledger for run in ordered):
        raise NotParts(
            f"{early[0].name} (part {early[0].part}) began before {ordered[0].name}, which resets the service: what "
            f"had been written by then is gone. Start part {ordered[0].part} first."
        )
    return ordered


def _check_numbers(ordered: Sequence[PartRun]) -> None:
    of = ordered[0].part.of
    named = ", ".join(f"{run.name} is part {run.part}" for run in ordered)
    if [run.part for run in ordered] != [Part(number, of) for number in range(1, of + 1)]:
        raise NotParts(f"takes all parts of one run, each once: {named}")


def difference(one: PartRun, other: PartRun) -> str | None:
    """In what two runs differ that parts of one run have in common; None where they differ in nothing."""
    ours, theirs = _facts(one), _facts(other)
    for name in dict.fromkeys((*ours, *theirs)):
        if ours.get(name) != theirs.get(name):
            return f"{name} is {ours.get(name, 'not known')} in one and {theirs.get(name, 'not known')} in the other"
    return None


def _facts(run: PartRun) -> dict[str, str]:
    """What must be the same in all parts, by name."""
    evidence, environment = run.evidence, run.environment
    knobs: Mapping[str, str] = environment.get("knobs") or {}
    return {
        "the plan": evidence.plan,
        "the target": evidence.target,
        "the list of limits": " ".join(sorted(limit.text for limit in evidence.limits)),
        "the way of arrivals": evidence.arrivals,
        "the scenario": str((environment.get("scenario") or {}).get("digest")),
        "the lab's version": str(environment.get("lab")),
        **{f"the version of {name}": str(text) for name, text in (environment.get("packages") or {}).items()},
        **{name: text or "empty" for name, text in sorted(knobs.items()) if name not in OWN_KNOBS},
    }
