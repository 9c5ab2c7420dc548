"""WAS IT GOOD: the verdict on a run, from plain data. It measures nothing, writes nothing and knows no clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any

from lab import limits, wording
from lab.counts.timeline import together
from lab.figures import figures
from lab.judging import belief, capacity, causes, held_load
from lab.judging.evidence import Evidence, Interruption, Judgement
from lab.ledger import findings
from lab.limits import Finding
from lab.soak import words

SCHEMA = 1


class ExitCode(IntEnum):
    """What the master's exit says. No fault ends in 0."""

    PASS = 0
    LAB_FAILED = 1  # target out of reach, no workers, disk full
    WRONG_USAGE = 2
    FAIL = 3
    INVALID = 4
    INTERRUPTED = 5


@dataclass(frozen=True)
class Verdict:
    """PASS, FAIL or INVALID, why in one sentence, and the evidence as verdict.json holds it (verdict.schema.json)."""

    verdict: str
    exit_code: ExitCode
    sentence: str
    document: dict[str, Any]


def judge(evidence: Evidence) -> Verdict:
    """The verdict on the evidence."""
    swarm = belief.document(evidence)
    judgement = _judgement(evidence, swarm["reasons"])
    exit_code = _exit_code(evidence, judgement.word)
    findings = judgement.parts.get("limits") or [finding.row() for finding in _findings(evidence)]
    waits = bool(judgement.parts.get("breach")) or any(row["unit"] == "ms" and not row["kept"] for row in findings)
    cause = causes.find(evidence, judgement.word, waits)
    told = [
        judgement.reason,
        *cause.sentences,
        *evidence.losses,
        *_interruption(evidence),
        *_ledger(evidence, judgement.word),
        *_soak(evidence),
    ]
    sentence = " ".join([f"{judgement.word}:", *told])
    document = {
        "schema": SCHEMA,
        "verdict": judgement.word,
        "exit_code": int(exit_code),
        "complete": evidence.interrupted_by is None,
        "interrupted_by": str(evidence.interrupted_by) if evidence.interrupted_by else None,
        "sentence": sentence,
        **_document(evidence),
        "generator": swarm,
        **judgement.parts,
        **cause.parts,
    }
    assert judgement.word != "PASS" or all(row["kept"] for row in document["limits"]), "a broken limit never passes"
    return Verdict(judgement.word, exit_code, sentence, document)


def _judgement(evidence: Evidence, against_swarm: Sequence[str]) -> Judgement:
    if evidence.interrupted_by is Interruption.NO_WORKERS:
        return Judgement("INVALID", "the swarm itself was lost, so nothing is known of the target.")
    if evidence.interrupted_by is Interruption.FAULT:
        return Judgement("INVALID", "the lab itself failed, so nothing is known of the target.")
    own = _judgement_of_plan(evidence)
    if against_swarm:
        return _accused(evidence, own, against_swarm)
    if evidence.ledger and (accusation := findings.accusation(evidence.ledger)):
        return Judgement("FAIL", f"{accusation}. Apart from that, {own.word}: {own.reason}", own.parts)
    return own


def _accused(evidence: Evidence, own: Judgement, against_swarm: Sequence[str]) -> Judgement:
    """INVALID because of the swarm, and what is known all the same."""
    if own.word == "INVALID":
        return replace(own, reason=" ".join([own.reason, *against_swarm]))
    known, found = [], own.parts.get("capacity")
    if found and belief.is_believable_at(evidence, found["users"]):
        known = [f"Up to {wording.load(found['users'], evidence.arrivals)} the limits were kept."]
    reason = " ".join([*against_swarm, *known])
    return replace(own, word="INVALID", reason=reason[0].lower() + reason[1:])


def _judgement_of_plan(evidence: Evidence) -> Judgement:
    unheard = {limit.endpoint for limit in evidence.limits if limit.endpoint} - evidence.endpoints.keys()
    if evidence.endpoints and unheard:
        return Judgement(
            "INVALID",
            f"nothing was asked of {' and '.join(sorted(unheard))}, which has a limit; measured were "
            f"{', '.join(sorted(evidence.endpoints))}.",
        )
    return capacity.judge(evidence) if evidence.search else held_load.judge(evidence)


def _exit_code(evidence: Evidence, word: str) -> ExitCode:
    match evidence.interrupted_by:
        case None:
            return ExitCode[word]
        case Interruption.NO_WORKERS | Interruption.FAULT:
            return ExitCode.LAB_FAILED
        case _:
            return ExitCode.INTERRUPTED


def _interruption(evidence: Evidence) -> list[str]:
    if not evidence.interrupted_by:
        return []
    return [f"Cut short after {evidence.seconds} s by {evidence.interrupted_by}: the verdict is on what there is."]


def _ledger(evidence: Evidence, word: str) -> list[str]:
    if not evidence.ledger:
        return []
    # a write that is lost is lost, however the swarm was
    known = findings.accusation(evidence.ledger) if word == "INVALID" else None
    return [*([f"Known all the same: {known}."] if known else []), *findings.proviso(evidence.ledger)]


def _soak(evidence: Evidence) -> list[str]:
    return words.sentences(evidence.soak) if evidence.soak else []


def _document(evidence: Evidence) -> dict[str, Any]:
    """What verdict.json holds of every run; what a kind of plan does not have is null."""
    return {
        "plan": evidence.plan,
        "target": evidence.target,
        "started": evidence.started,
        "seconds": evidence.seconds,
        "limits": [finding.row() for finding in _findings(evidence)],
        "measured": figures(together(evidence.endpoints.values()), evidence.measured_seconds),
        "endpoints": {
            endpoint: figures(tally, evidence.measured_seconds)
            for endpoint, tally in sorted(evidence.endpoints.items())
        },
        "failures": held_load.failures_by_message(evidence.endpoints),
        "search": _search(evidence),
        "capacity": None,
        "breach": None,
        "stationarity": None,
        "peak": None,
        "arrivals": evidence.arrivals,
        "soak": evidence.soak,
        "ledger": evidence.ledger.document() if evidence.ledger else None,
    }


def _findings(evidence: Evidence) -> list[Finding]:
    return limits.judge(evidence.limits, evidence.endpoints, evidence.measured_seconds)


def _search(evidence: Evidence) -> dict[str, Any] | None:
    if evidence.search is None:
        return None
    goal = evidence.search.goal
    return {
        "start_users": goal.start,
        "max_users": goal.most,
        "resolution": goal.resolution,
        "time_was_up": evidence.search.time_was_up,
    }
