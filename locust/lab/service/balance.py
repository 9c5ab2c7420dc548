"""Is the load balanced? Each replica's share of the answers, and how much the shares differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import sqrt
from statistics import fmean, pstdev
from typing import Any

from lab.counts import histogram
from lab.counts.timeline import Tally
from lab.figures import rounded, three_digits
from lab.service.usage import Usage
from lab.wording import percent_text

MOST_CV = 0.05
"""The most that shares may differ where chance explains less: their standard deviation over their mean."""
CHANCES = 3.0


def rows(
    answered: Mapping[str, Tally], usages: Mapping[str, Usage], idle_seconds: Mapping[str, int], seconds: int
) -> list[dict[str, Any]]:
    """For each replica: what it answered to the swarm in the measured seconds, and what it used."""
    whole = sum(tally.requests for tally in answered.values())
    found = []
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


def judge(replicas: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Whether the replicas share the load evenly; None with fewer than two, or where answers name no replica."""
    counts = [row["requests"] for row in replicas if row["requests"] is not None]
    whole = sum(counts)
    if len(counts) < 2 or not whole:
        return None
    cv = pstdev(counts) / fmean(counts)
    # how much shares differ if each request goes to a random replica (multinomial distribution)
    chance = sqrt((len(counts) - 1) / whole)
    balanced = cv <= max(MOST_CV, CHANCES * chance)
    most, least = (choose(replicas, key=lambda row: row["requests"]) for choose in (max, min))
    even = f"{three_digits(100 / len(counts))} % is even"
    top, bottom = percent_text(most["share"]), percent_text(least["share"])
    if balanced:
        because = f"shares are between {bottom} and {top}, where {even}"
    elif not least["requests"]:
        because = f"{least['name']} answered nothing, and {most['name']} {top}, where {even}"
    else:
        because = f"{most['name']} answered {top} and {least['name']} {bottom}, where {even}"
    return {"cv": rounded(cv), "chance_cv": rounded(chance), "balanced": balanced, "because": because}
