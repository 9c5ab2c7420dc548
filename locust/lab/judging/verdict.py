"""WAS IT GOOD: the verdict on a run, from plain data. It measures nothing, writes nothing and knows no clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

from lab import wording
from lab.counts.undone import NEVER_GAVE_WAY
from lab.faults import words as of_faults
from lab.figures import figures
from lab.judging import belief, capacity, causes, held_load, marks, remarks, shortage
from lab.judging.document import Document, Judgement, SearchRow
from lab.judging.evidence import Evidence, Interruption, Search
from lab.judging.reading import Reading, check, read
from lab.ledger import findings
from lab.limits import LimitRow

SCHEMA = 1


ASKS_NOTHING = (
    "no user asked for anything: the tasks of the scenario make no request, or by a client that does not fire Locust's "
    "request event."
)


_LOST = "Each worker's log has its end."


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
    document: Document


def judge(evidence: Evidence) -> Verdict:
    """The verdict on the evidence. Raises ValueError where the run was not measured for one of its limits."""
    check(evidence)
    reading = read(evidence)
    swarm = belief.document(reading)
    judgement = _judgement(reading, swarm["reasons"])
    exit_code = _exit_code(evidence, judgement.word)
    rows = judgement.parts.get("limits") or [finding.row() for finding in reading.findings]
    waits = bool(judgement.parts.get("breach")) or any(row["unit"] == "ms" and not row["kept"] for row in rows)
    cause = causes.find(reading, judgement.word, waits)
    exceptions = held_load.exceptions_by_place({**reading.endpoints, **evidence.undone})
    said = remarks.sentences(reading, judgement, cause.sentences, exceptions)
    sentence = " ".join([f"{judgement.word}:", *said])
    shown = Document(
        schema=SCHEMA,
        verdict=judgement.word,
        exit_code=int(exit_code),
        complete=evidence.interrupted_by is None,
        interrupted_by=str(evidence.interrupted_by) if evidence.interrupted_by else None,
        sentence=sentence,
        plan=evidence.plan,
        target=evidence.target,
        started=evidence.started,
        seconds=evidence.seconds,
        limits=rows,
        measured=figures(reading.whole, reading.seconds),
        endpoints=judgement.parts.get("endpoints") or held_load.endpoints(reading.endpoints, reading.seconds),
        **(judgement.parts.get("marks") or marks.parts(reading.endpoints, reading.seconds)),
        failures=held_load.failures_by_message(reading.endpoints),
        exceptions=exceptions,
        search=_search(evidence.search),
        stopped=held_load.stopped(evidence),
        capacity=judgement.parts.get("capacity"),
        breach=judgement.parts.get("breach"),
        stationarity=judgement.parts.get("stationarity"),
        peak=judgement.parts.get("peak"),
        arrivals=evidence.arrivals,
        soak=evidence.soak,
        ledger=evidence.ledger.document() if evidence.ledger else None,
        generator=swarm,
        faults=of_faults.rows(reading.effects),
        data=list(evidence.data) or None,
        part=evidence.part,
        merged=evidence.merged,
        **cause.parts,
    )
    assert judgement.word != "PASS" or _may_pass(reading, rows), "nothing passes that was broken or not measured"
    return Verdict(judgement.word, exit_code, sentence, shown)


def _may_pass(reading: Reading, rows: Sequence[LimitRow]) -> bool:
    """Whether all limits were kept, in measured seconds with requests in them."""
    return all(row["kept"] for row in rows) and bool(reading.seconds) and bool(reading.whole.requests)


def _judgement(reading: Reading, against_swarm: Sequence[str]) -> Judgement:
    evidence = reading.evidence
    if evidence.interrupted_by is Interruption.NO_WORKERS:
        return Judgement("INVALID", f"the swarm itself was lost, so nothing is known of the target. {_LOST}")
    if evidence.interrupted_by is Interruption.FAULT:
        return Judgement("INVALID", "the lab itself failed, so nothing is known of the target.")
    if evidence.interrupted_by is Interruption.ASKS_NOTHING:
        return Judgement("INVALID", ASKS_NOTHING)
    own = _judgement_of_plan(reading)
    if of_users := _against_users(reading, own):
        return replace(own, word="INVALID", reason=" ".join([of_users[0], *against_swarm, *of_users[1:]]))
    if against_swarm:
        return _accused(reading, own, against_swarm)
    ledger = evidence.ledger
    against = [*of_faults.not_done(reading.effects), *(findings.contradictions(ledger) if ledger else ())]
    if against:
        apart = f"Apart from that, {own.word}: {own.reason}"
        return Judgement("INVALID", f"{'; '.join(against)}. {apart}", own.parts)
    if ledger and (accusation := findings.accusation(ledger)):
        return Judgement("FAIL", f"{accusation}. Apart from that, {own.word}: {own.reason}", own.parts)
    if own.word == "PASS" and (doubts := _doubts(evidence)):
        return Judgement("INVALID", f"{'; '.join(doubts)}. Apart from that, PASS: {own.reason}", own.parts)
    return own


def _held(reading: Reading) -> str | None:
    """The task that held the thread of all users: what a worker measured meanwhile is its own doing."""
    undone = held_load.exceptions_by_place({**reading.endpoints, **reading.evidence.undone})
    return next((place for place in undone if f": {NEVER_GAVE_WAY}: " in place), None)


def _doubts(evidence: Evidence) -> list[str]:
    """What was seen and speaks against a PASS: writes that were due an audit, and counts that contradict each other."""
    found = []
    if evidence.ledger and (missing := findings.missing_audit(evidence.ledger)):
        found.append(missing)
    return [*found, *_contradictions(evidence)]


def _contradictions(evidence: Evidence) -> list[str]:
    """That both ends counted different numbers of requests, and nothing explains it: one of them is wrong."""
    entry = evidence.service.double_entry if evidence.service else None
    if not entry or entry["agree"] is not False:
        return []
    counts = {row["who"]: entry["swarm"] + row["difference"] for row in entry["differences"] if not row["explained"]}
    others = " and the ".join(f"{who} {count:,}" for who, count in counts.items())
    return [f"the swarm counted {entry['swarm']:,} requests and the {others}, and nothing that is known explains it"]


def _accused(reading: Reading, own: Judgement, against_swarm: Sequence[str]) -> Judgement:
    """INVALID because of the swarm, and what is known all the same."""
    if own.word == "INVALID":
        return replace(own, reason=" ".join([own.reason, *against_swarm]))
    reason = " ".join([*against_swarm, *_known(reading, own)])
    return replace(own, word="INVALID", reason=reason[0].lower() + reason[1:])


def _against_users(reading: Reading, own: Judgement) -> list[str]:
    """That users did not do what they should, whatever else came of it, and what is known all the same."""
    if task := _held(reading):
        return [f"a task never gives way: {task}. It must wait by gevent (gevent.sleep(0) in a loop)."]
    missing = shortage.sentence(reading.evidence.data)
    return [missing, *_known(reading, own)] if missing else []


def _known(reading: Reading, own: Judgement) -> list[str]:
    """Up to which load the limits were kept, where the swarm can be believed there."""
    found = own.parts.get("capacity")
    if not found or not belief.is_believable_at(reading, found["users"]):
        return []
    return [f"Up to {wording.load(found['users'], reading.evidence.arrivals)} the limits were kept."]


def _judgement_of_plan(reading: Reading) -> Judgement:
    if unheard := marks.unheard(reading):
        return Judgement("INVALID", unheard)
    judged = capacity.judge(reading, reading.searched) if reading.searched else held_load.judge(reading)
    decided = [finding for step in reading.deciding for finding in reading.found(step)]
    if judged.word == "PASS" and (unknown := held_load.unmeasured(decided)):
        return Judgement("INVALID", f"{unknown}. Apart from that, PASS: {judged.reason}", judged.parts)
    return judged


def _exit_code(evidence: Evidence, word: str) -> ExitCode:
    match evidence.interrupted_by:
        case None:
            return ExitCode[word]
        case Interruption.NO_WORKERS | Interruption.FAULT:
            return ExitCode.LAB_FAILED
        case Interruption.ASKS_NOTHING:
            return ExitCode.WRONG_USAGE
        case Interruption.DATA if word == "INVALID":
            return ExitCode.INVALID
        case _:
            return ExitCode.INTERRUPTED


def _search(search: Search | None) -> SearchRow | None:
    if search is None:
        return None
    return {
        "start_users": search.goal.start,
        "max_users": search.goal.most,
        "resolution": search.goal.resolution,
        "time_was_up": search.time_was_up,
    }
