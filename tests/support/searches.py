"""Searches made up for tests: their steps, and the verdict on them."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from lab.counts.endpoints import Endpoints
from lab.counts.timeline import Step, Tally
from lab.judging.evidence import Search
from lab.judging.verdict import Verdict, judge
from lab.plans.search import Goal, Purpose
from tests.support.verdicts import evidence_of


def step(users: int, purpose: Purpose, milliseconds: float, kept: bool | None, seconds: int = 10) -> Step:
    """A step in which each user gets an answer in so many ms about once in three seconds, as in the tutorial."""
    tally = Tally()
    each = [max(2, round(users / 3)) + (-1) ** second for second in range(seconds)]
    for _ in range(sum(each)):
        tally.succeed(milliseconds)
    return Step(users, 0, purpose, kept, seconds, each, Endpoints({"GET /tests": tally}))


def searched(*tail: Step, first_ms: float = 12.0, again_ms: float | None = 12.5) -> list[Step]:
    """The steps of a search that begins at 88 users, goes on so, and repeats its first step unless that is None."""
    steps = [step(88, Purpose.EXPLORE, first_ms, True), step(176, Purpose.EXPLORE, 80, True), *deepcopy(tail)]
    return steps if again_ms is None else [*steps, step(88, Purpose.REPEAT, again_ms, True)]


FOUND = (
    step(352, Purpose.EXPLORE, 431, True),
    step(704, Purpose.EXPLORE, 2000, False),
    step(384, Purpose.NARROW, 497, False),
    step(352, Purpose.CONFIRM, 431, True, 20),
    step(384, Purpose.CHECK, 497, False),
)
"""Of a search that finds the tutorial's 350 users."""


def verdict_on(steps: list[Step], **more: Any) -> Verdict:
    """The verdict on a search of these steps; `more` is other evidence."""
    search = Search(Goal(88, 2000, 0.1))
    return judge(evidence_of(steps, **{"plan": "capacity", "seconds": 150, "search": search, **more}))
