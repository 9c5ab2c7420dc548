"""What is accepted: limits such as `p95<=450ms fail<=1%`, read from text and held against what was measured."""

from __future__ import annotations

from lab.limits.holding import (
    can_break_a_step,
    excess,
    extremes,
    judge,
    keeps,
    measure,
    tally_of,
    unknown,
    windows,
    worst,
)
from lab.limits.limit import AVAILABILITY, EXCEPTIONS, LOST, OF_THE_RUN, OUTAGE, RECOVERY, Finding, Limit, LimitRow
from lab.limits.source import Source
from lab.limits.text import LimitError, parse, with_implied

__all__ = [
    "AVAILABILITY",
    "EXCEPTIONS",
    "LOST",
    "OF_THE_RUN",
    "OUTAGE",
    "RECOVERY",
    "Finding",
    "Limit",
    "LimitError",
    "LimitRow",
    "Source",
    "can_break_a_step",
    "excess",
    "extremes",
    "judge",
    "keeps",
    "measure",
    "parse",
    "tally_of",
    "unknown",
    "windows",
    "with_implied",
    "worst",
]
