"""What a verdict's sentence says beyond its reason: causes, faults, losses, and what was left undone. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lab.counts.names import MOST_ENDPOINTS, MOST_REPLICAS, OTHERS
from lab.counts.undone import NEVER_GAVE_WAY
from lab.faults import words as of_faults
from lab.judging import distance, held_load, parts, shortage
from lab.judging.document import Judgement
from lab.judging.evidence import Evidence
from lab.judging.reading import Reading
from lab.ledger import findings
from lab.soak import words


def sentences(
    reading: Reading, judgement: Judgement, causes_: Iterable[str], exceptions: Mapping[str, int]
) -> list[str]:
    """All of them, the judgement's reason first, in the order in which they are read."""
    evidence = reading.evidence
    return [
        judgement.reason,
        *causes_,
        *distance.remarks(reading),
        *of_faults.sentences(reading.effects),
        *_undone(judgement, exceptions),
        *_names(reading.endpoints),
        *shortage.remarks(evidence.data),
        *_replicas(evidence),
        *evidence.losses,
        *parts.sentences(evidence.part, evidence.merged),
        *_interruption(evidence),
        *_writes(evidence, judgement),
        *(words.sentences(evidence.soak) if evidence.soak else []),
    ]


def _names(endpoints: Iterable[str]) -> list[str]:
    """That there were too many names to tell apart."""
    if not any(endpoint.endswith(OTHERS) for endpoint in endpoints):
        return []
    more = f"Requests had more than {MOST_ENDPOINTS:,} names, and the rest is counted as {OTHERS}"
    return [f'{more}: give what belongs together one name, such as name="/orders/[id]".']


def _replicas(evidence: Evidence) -> list[str]:
    """That there were too many replicas to tell apart."""
    rows = evidence.service.replicas if evidence.service else ()
    if not any(row["name"] == OTHERS for row in rows):
        return []
    return [f"Answers named more than {MOST_REPLICAS} replicas (X-Replica), and the rest is counted as {OTHERS}."]


def _undone(judgement: Judgement, exceptions: Mapping[str, int]) -> list[str]:
    """That work was left undone, where the reason does not say so already."""
    if not exceptions or "in an exception" in judgement.reason or NEVER_GAVE_WAY in judgement.reason:
        return []
    return [held_load.undone(exceptions) + "."]


def _interruption(evidence: Evidence) -> list[str]:
    if not evidence.interrupted_by:
        return []
    return [f"Cut short after {evidence.seconds} s by {evidence.interrupted_by}: the verdict is on what there is."]


def _writes(evidence: Evidence, judgement: Judgement) -> list[str]:
    """What the evidence says of the writes beyond the judgement's reason."""
    if not evidence.ledger:
        return []
    # a write that is lost is lost, however the swarm was
    known = findings.accusation(evidence.ledger) if judgement.word == "INVALID" else None
    missing = findings.missing_audit(evidence.ledger)
    is_said = missing is not None and missing in judgement.reason
    return [
        *([f"Known all the same: {known}."] if known else []),
        *([] if is_said else findings.proviso(evidence.ledger)),
    ]
