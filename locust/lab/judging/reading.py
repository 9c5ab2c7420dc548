"""The evidence, read once: what each step found, what the search came to, and which steps decide. Pure.

Everything that judges takes a `Reading`, so that no two parts of a verdict can read the same evidence differently.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from lab import faults, limits
from lab.counts.timeline import Extremes, Step, Tally, measured, together
from lab.faults import Effect
from lab.judging.evidence import Evidence, Search
from lab.judging.stationarity import Stationarity, compare, has_drifted
from lab.ledger.findings import LOST
from lab.limits import OF_THE_RUN, Finding
from lab.plans import acceptance
from lab.plans.search import Bracket, Purpose, Trial, bracket
from lab.service import limited
from lab.service.both_ends import Service

Findings = Sequence[Finding]


@dataclass(frozen=True)
class Searched:
    """What a search came to. `at_capacity` and `at_breach` are the steps that show them, None where there is none."""

    search: Search
    judged: Sequence[Step]
    known: Bracket
    drift: Stationarity | None
    at_capacity: Step | None
    at_breach: Step | None

    @property
    def shown(self) -> Step | None:
        """The step whose figures stand for the run: at the capacity, or without one where a limit broke."""
        return self.at_capacity or self.at_breach

    @property
    def drifted(self) -> bool:
        """Whether the first step was repeated and differs."""
        return bool(self.drift and not self.drift["stationary"])

    def at(self, load: int) -> list[Step]:
        """The steps at this load, the repetition of the first one left out."""
        return [step for step in self.judged if step.users == load and step.purpose != Purpose.REPEAT]

    def deciding(self) -> list[Step]:
        """The steps at the capacity and at the breach, and the first one and its repetition if these two differ."""
        loads = (self.known.kept, self.known.broken)
        return [
            step
            for step in self.judged
            if (self.drifted and (step.purpose == Purpose.REPEAT or step is self.judged[0]))
            or (step.purpose != Purpose.REPEAT and step.users in loads)
        ]


@dataclass(frozen=True)
class Reading:
    """The evidence and what it says. `seconds`, `endpoints`, `whole` and `findings` are of all steps together."""

    evidence: Evidence
    steps: Sequence[Step]
    by_step: Mapping[int, Findings]
    seconds: int
    endpoints: Mapping[str, Tally]
    whole: Tally
    findings: Findings
    searched: Searched | None
    effects: Sequence[Effect] = ()  # what came of the faults

    def found(self, step: Step) -> Findings:
        """What was found in a step."""
        return self.by_step[step.number]

    @property
    def deciding(self) -> Sequence[Step]:
        """The steps that decide: of a search as far as any was judged, of other plans all of them."""
        return (self.searched.deciding() if self.searched else []) or self.steps


def read(evidence: Evidence) -> Reading:
    """Reads the evidence: each step is held against the limits once, and so are all of them together."""
    of_steps = [limit for limit in evidence.limits if limit.measure not in OF_THE_RUN]
    effects = faults.effects(evidence.faults, evidence.limits, _lost(evidence))
    answered = _answered(evidence.service)
    by_step = {
        step.number: limits.judge(of_steps, step.endpoints, step.seconds, _extremes_of(step, evidence, answered))
        for step in evidence.steps
    }
    # a step was judged while its last reports were still to come, so the final counts may break what was kept just so
    steps = [
        step if step.kept is None else replace(step, kept=limits.keeps(by_step[step.number])) for step in evidence.steps
    ]
    seconds, endpoints = measured(steps)
    return Reading(
        evidence=evidence,
        steps=steps,
        by_step=by_step,
        seconds=seconds,
        endpoints=endpoints,
        whole=together(endpoints.values()),
        findings=limits.judge(evidence.limits, endpoints, seconds, _extremes(evidence, effects)),
        searched=_searched(evidence.search, steps) if evidence.search else None,
        effects=effects,
    )


def check(evidence: Evidence) -> None:
    """Raises ValueError where the run was not measured for one of the limits."""
    refusal = acceptance.refusal(evidence.limits, evidence.plan, has_faults=evidence.faults is not None)
    problem = refusal or limits.unknown(evidence.limits, evidence.steps)
    if problem:
        raise ValueError(problem)


def _extremes(evidence: Evidence, effects: Sequence[Effect]) -> Extremes:
    available = evidence.soak["availability"]["value"] if evidence.soak else None
    audit = evidence.ledger.audit if evidence.ledger else None
    reads = [_read(step, evidence) for step in evidence.steps]
    return limits.extremes(evidence.steps, evidence.limits, available)._replace(
        recovery_seconds=faults.longest_recovery(effects),
        lost=audit.lost if audit else None,
        used=limited.of_the_run(evidence.limits, reads, _answered(evidence.service)),
    )


def _extremes_of(step: Step, evidence: Evidence, answered: frozenset[str]) -> Extremes:
    """What the step's sums cannot tell, with what the service said of itself in it."""
    return step.extremes._replace(used=limited.figures(evidence.limits, _read(step, evidence), answered))


def _read(step: Step, evidence: Evidence) -> limited.Read:
    of_steps = evidence.service.steps if evidence.service else ()
    return limited.Read(of_steps[step.number - 1] if step.number <= len(of_steps) else {}, step.seconds)


def _answered(service: Service | None) -> frozenset[str]:
    """The replicas that users had answers from."""
    return frozenset(row["name"] for row in service.replicas if row["requests"]) if service else frozenset()


def _lost(evidence: Evidence) -> list[float] | None:
    """When each lost write was acknowledged; None where that is not known of all."""
    audit = evidence.ledger.audit if evidence.ledger else None
    if evidence.ledger is None or audit is None:
        return None
    times = [example.time for example in evidence.ledger.examples if example.what == LOST and example.time]
    return [datetime.fromisoformat(time).timestamp() for time in times] if len(times) == audit.lost else None


def trials(steps: Sequence[Step]) -> list[Trial]:
    """The steps that were judged, as the search sees them."""
    judged = [step for step in steps if step.kept is not None]
    return [
        Trial(step.users, bool(step.kept), Purpose(step.purpose), step.excess, drifted=has_drifted(judged[0], step))
        for step in judged
    ]


def _searched(search: Search, steps: Sequence[Step]) -> Searched:
    judged = [step for step in steps if step.kept is not None]
    known = bracket(trials(judged))
    repeated = next((step for step in reversed(judged) if step.purpose == Purpose.REPEAT), None)
    bare = Searched(search, judged, known, compare(judged[0], repeated) if repeated else None, None, None)
    return replace(bare, at_capacity=_at_capacity(bare), at_breach=_at_breach(bare))


def _at_capacity(searched: Searched) -> Step | None:
    """The longest step at the capacity that kept the limits."""
    if searched.known.kept is None:
        return None
    return max(searched.at(searched.known.kept), key=lambda step: (bool(step.kept), step.seconds))


def _at_breach(searched: Searched) -> Step | None:
    """The last step at the breach that broke a limit."""
    if searched.known.broken is None:
        return None
    steps = searched.at(searched.known.broken)
    return next((step for step in reversed(steps) if not step.kept), steps[-1])
