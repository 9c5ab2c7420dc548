"""The evidence, read once: which steps decide, and which of them are shown."""

from __future__ import annotations

import pytest

from lab.counts.endpoints import Endpoints
from lab.counts.timeline import Step
from lab.judging.evidence import Search
from lab.judging.reading import Reading, read, trials
from lab.plans.search import Goal, Purpose
from tests.support.verdicts import answers, evidence_of

E, C, R = Purpose.EXPLORE, Purpose.CONFIRM, Purpose.REPEAT


def step(users: int, purpose: Purpose, kept: bool | None, milliseconds: float | None = None, seconds: int = 10) -> Step:
    times = answers(milliseconds or (20 if kept else 900), 10 * seconds)
    return Step(users, 0, purpose, kept, seconds, [10] * seconds, Endpoints({"GET /tests": times}))


def reading(*steps: Step, search: bool = True) -> Reading:
    return read(
        evidence_of(steps, "p95<=450ms", plan="capacity", search=Search(Goal(10, 400, 0.1)) if search else None)
    )


@pytest.mark.parametrize(
    ("steps", "deciding"),
    [
        # at the capacity and at the breach, and not those on the way
        ([step(10, E, True), step(20, E, True), step(40, E, False), step(20, C, True), step(10, R, True)], [2, 3, 4]),
        # the first step and its repetition, too, where they differ
        (
            [step(10, E, True), step(20, E, True), step(40, E, False), step(20, C, True), step(10, R, True, 100)],
            [1, 2, 3, 4, 5],
        ),
        # a repetition at the capacity is none of its steps
        ([step(10, E, True), step(20, E, False), step(10, C, True), step(10, R, True)], [1, 2, 3]),
        # broken from the start
        ([step(2, E, False), step(1, E, False)], [2]),
        # the step in which it was cut short decides nothing
        ([step(10, E, True), step(20, E, True), step(40, E, None)], [2]),
        # unless there is no other
        ([step(10, E, None)], [1]),
        ([], []),
    ],
)
def test_the_steps_at_the_capacity_and_at_the_breach_decide(steps: list[Step], deciding: list[int]) -> None:
    assert [one.number for one in reading(*steps).deciding] == deciding


def test_of_other_plans_all_steps_decide() -> None:
    found = reading(step(10, E, None), step(20, E, None, seconds=5), search=False)
    assert [one.number for one in found.deciding] == [1, 2]
    assert (found.searched, found.seconds, found.whole.requests) == (None, 15, 150)


@pytest.mark.parametrize(
    ("steps", "capacity", "breach"),
    [
        # of those that kept the longest is shown, of those that broke the last
        ([step(10, E, True), step(20, E, False), step(10, C, True, seconds=30), step(20, E, False)], 3, 4),
        # however long another broke
        ([step(10, E, True), step(20, E, False), step(10, C, False, seconds=30)], 1, 2),
        # a step at the breach that kept is not what broke
        ([step(10, E, True), step(20, E, False), step(20, E, False), step(20, E, True)], 1, 3),
        ([step(10, E, True)], 1, None),
        ([step(1, E, False)], None, 1),
        ([], None, None),
    ],
)
def test_one_step_stands_for_the_capacity_and_one_for_the_breach(
    steps: list[Step], capacity: int | None, breach: int | None
) -> None:
    searched = reading(*steps).searched
    assert searched
    at_capacity, at_breach = searched.at_capacity, searched.at_breach
    assert (at_capacity and at_capacity.number, at_breach and at_breach.number) == (capacity, breach)
    assert (searched.shown and searched.shown.number) == (capacity or breach)


def test_the_last_repetition_is_held_against_the_first_step() -> None:
    found = reading(step(10, E, True), step(10, R, True, 100), step(20, E, True), step(10, R, True, 21)).searched
    assert found
    assert found.drift
    assert (found.drift["first_ms"], found.drift["repeated_ms"]) == (20.0, 21.0)
    without = reading(step(10, E, True)).searched
    assert without
    assert without.drift is None


def test_a_step_is_what_its_final_counts_say() -> None:
    """Answers that came late break what was kept just so; a step that nobody judged stays so."""
    found = reading(step(10, E, True, 900), step(20, E, None, 900))
    assert [one.kept for one in found.steps] == [False, None]


def test_the_search_sees_the_steps_that_were_judged() -> None:
    steps = [step(10, E, True), step(20, E, None), step(10, R, True, 100)]
    seen = trials(steps)
    assert [(one.load, one.kept, one.purpose, one.drifted) for one in seen] == [
        (10, True, E, False),
        (10, True, R, True),
    ]
