"""Is the load balanced? Each replica's share of the answers, and how much the shares differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import sqrt
from statistics import fmean, pstdev
from typing import TypedDict

from lab.counts import histogram
from lab.counts.timeline import Tally
from lab.figures import rounded, significant, three_digits
from lab.service.usage import Usage
from lab.wording import percent_text

MOST_CV = 0.05
"""The most that shares may differ where chance explains less: their standard deviation over their mean."""
CHANCES = 3.0


class ReplicaRow(TypedDict):
    """A replica as verdict.json holds it: None where the answers name no replica, or where it does not say."""

    name: str
    share: float | None
    requests: int | None
    rps: float | None
    p95_ms: float | None
    failed: int | None
    idle_seconds: int | None
    cpu_cores: float | None
    cpu_used: float | None
    memory_bytes: int | None
    memory_used: float | None


class BalanceRow(TypedDict):
    """How evenly the replicas share the load, as verdict.json holds it: coefficients of variation, and words."""

    cv: float
    chance_cv: float
    balanced: bool
    because: str


def rows(
    answered: Mapping[str, Tally], usages: Mapping[str, Usage], idle_seconds: Mapping[str, int], seconds: int
) -> list[ReplicaRow]:
    """For each replica: what it answered to the swarm in the measured seconds, and what it used."""
    whole = sum(tally.requests for tally in answered.values())
    found: list[ReplicaRow] = []
    for name in sorted({*answered, *usages}):
        tally, usage = answered.get(name) or Tally(), usages.get(name) or Usage()
        p95 = histogram.percentile(tally.times, 95)
        found.append(
            {
                "name": name,
                "share": rounded(tally.requests / whole) if whole else None,
                "requests": tally.requests if whole else None,
                "rps": rounded(tally.requests / seconds) if whole and seconds else None,
                "p95_ms": p95,
                "failed": tally.failed if whole else None,
                "idle_seconds": idle_seconds.get(name, seconds) if whole else None,
                "cpu_cores": rounded(usage.cpu_cores),
                "cpu_used": rounded(usage.cpu_used),
                "memory_bytes": None if usage.memory_bytes is None else round(usage.memory_bytes),
                "memory_used": rounded(usage.memory_used),
            }
        )
    return found


def judge(replicas: Sequence[ReplicaRow]) -> BalanceRow | None:
    """Whether the replicas share the load evenly; None with fewer than two, or where answers name no replica."""
    counts = [row["requests"] for row in replicas if row["requests"] is not None]
    whole = sum(counts)
    if len(counts) < 2 or not whole:
        return None
    cv = pstdev(counts) / fmean(counts)
    # how much shares differ if each request goes to a random replica (multinomial distribution)
    chance = sqrt((len(counts) - 1) / whole)
    balanced = cv <= max(MOST_CV, CHANCES * chance)
    most, least = (choose(replicas, key=lambda row: row["requests"] or 0) for choose in (max, min))
    even = f"{three_digits(100 / len(counts))} % is even"
    top, bottom = percent_text(most["share"] or 0.0), percent_text(least["share"] or 0.0)
    if balanced:
        because = f"shares are between {bottom} and {top}, where {even}"
    elif not least["requests"]:
        because = f"{least['name']} answered nothing, and {most['name']} {top}, where {even}"
    else:
        because = f"{most['name']} answered {top} and {least['name']} {bottom}, where {even}"
    return {"cv": significant(cv), "chance_cv": significant(chance), "balanced": balanced, "because": because}
