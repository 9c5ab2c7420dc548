"""A standstill is seen however closed users hide it, and a second in which nobody asked is none."""

from __future__ import annotations

import random
from collections.abc import Sequence
from math import inf

import pytest

from lab.counts.silence import Pace, Second, longest
from lab.counts.timeline import Answers, Step, Timeline

ALIVE, QUIET, GONE, AFTER = (Second(20, 9.0, 20), Second(0, 0.0, 20), Second(0, 0.0, 0), Second(0, 0.0, None))
LATE, FAILED, AFTER_FAILED = Second(20, 7600.0, 20), Second(20, inf, 20), Second(20, inf, None)


@pytest.mark.parametrize(
    ("course", "silent"),
    [
        # nothing
        ([ALIVE] * 60, 0),
        # it stood still, and those who waited have their answers late, or none
        ([ALIVE] * 30 + [QUIET] * 8 + [LATE] + [ALIVE] * 21, 8),
        ([ALIVE] * 30 + [QUIET] * 8 + [FAILED] + [ALIVE] * 21, 8),
        # at its very beginning and at its very end
        ([QUIET] * 8 + [LATE] + [ALIVE] * 51, 8),
        ([ALIVE] * 52 + [QUIET] * 8, 8),
        # the plan ends in it, and what was asked before fails after the end
        ([ALIVE] * 58 + [QUIET] * 2 + [AFTER] * 10 + [AFTER_FAILED], 12),
        # one user waits on when the plan is over, and all others had their answers: nothing was missing
        ([ALIVE] * 60 + [AFTER] * 8 + [Second(1, 8900.0, None)], 0),
        # the longest of several
        ([ALIVE] * 20 + [QUIET] * 6 + [LATE] + [ALIVE] * 20 + [QUIET] * 9 + [LATE] + [ALIVE] * 3, 9),
        # nobody was there
        ([ALIVE] * 30 + [GONE] * 20 + [ALIVE] * 10, 0),
        # they come all at once and then all think: who comes back waits for nothing
        (([ALIVE] * 2 + [QUIET] * 8) * 6, 0),
        (([ALIVE] * 10 + [QUIET] * 20) * 4, 0),
        (([ALIVE] * 2 + [QUIET] * 8) * 6 + [QUIET] * 8, 16),
        # the same, but each time they waited
        (([LATE] * 2 + [QUIET] * 8) * 6, 8),
    ],
)
def test_a_silence_is_seen_where_answers_were_due(course: list[Second], silent: int) -> None:
    measured = [second for second in course if second.users is not None]
    pace = Pace(sum(second.answers for second in measured), len(measured), 20, 0.009)
    assert longest(course, pace) == silent


def test_who_waits_long_for_every_answer_misses_none_that_soon() -> None:
    """Twenty users who start together, and whose answers take ten seconds each."""
    slow = Second(10, 10_400.0, 20)
    course = ([slow] * 2 + [QUIET] * 8) * 6
    assert longest(course, Pace(120, 60, 20, median_seconds=10.2)) == 0
    assert longest(course, Pace(120, 60, 20, median_seconds=0.2)) == 8


def test_a_seldom_load_is_silent_by_chance_and_that_is_none() -> None:
    chance = random.Random(3)
    course = [Second(1, 9.0, 1) if chance.random() < 0.5 else Second(0, 0.0, 1) for _ in range(20_000)]
    assert longest(course, Pace(10_000, 20_000, 1, 0.009)) == 0


@pytest.mark.parametrize(("users", "silent"), [(20, 8), (1, 0)])
def test_fewer_users_are_due_fewer_answers(users: int, silent: int) -> None:
    quiet = [Second(0, 0.0, users)] * 8
    assert longest([ALIVE] * 30 + quiet + [LATE], Pace(31 * 10, 39, 20)) == silent


@pytest.mark.parametrize(("waited_ms", "silent"), [(4000.0, 8), (3999.0, 0)])
def test_who_ends_a_silence_must_have_waited_for_half_of_it(waited_ms: float, silent: int) -> None:
    course = [ALIVE] * 30 + [QUIET] * 8 + [Second(20, waited_ms, 20)]
    assert longest(course, Pace(31 * 20, 39, 20)) == silent


@pytest.mark.parametrize(("seconds", "silent"), [(7, 7), (6, 0)])
def test_seven_answers_must_have_been_due_be_it_to_one_user(seconds: int, silent: int) -> None:
    """An answer a second to a single user, whose seconds outside of the silence alone tell that."""
    course = [Second(1, 9.0, 1)] * 10 + [Second(0, 0.0, 1)] * seconds + [Second(1, 6500.0, 1)]
    assert longest(course, Pace(11, 11 + seconds, 1)) == silent
    # what was not measured is no part of the pace
    aside = [second._replace(is_measured=False) for second in course[10:-1]]
    assert longest([*course[:10], *aside, course[-1]], Pace(11, 11, 1)) == silent


def test_a_step_that_is_silent_throughout_is_due_what_the_one_before_had() -> None:
    assert longest([QUIET] * 6, Pace(0, 6, 20, otherwise=20.0)) == 6
    assert longest([QUIET] * 6, Pace(0, 6, 20, otherwise=0.5)) == 0


def answered(second: int, waited_ms: float = 9.0, failed: int = 0) -> Answers:
    return Answers(second, "GET /tests", {waited_ms: 20}, {"no": failed} if failed else {}, 20 * waited_ms, waited_ms)


def a_run(silent: range, steps: list[tuple[int, range]], late: Sequence[Answers] = ()) -> Timeline:
    """Twenty users from second 100 on, who are answered but in the silent seconds; what ends these is late."""
    timeline, ends = Timeline(100), silent.stop
    for second in range(100, 160):
        timeline.attend(second, 20)
        for users, seconds in steps:
            if second in seconds:
                step = timeline.steps[-1] if second > seconds.start else Step(users, second)
                timeline.measure(second, step)
        if second not in silent:
            timeline.merge([answered(second, 7600.0 if second == ends else 9.0)])
    timeline.end()
    timeline.merge(late)
    list(timeline.settle(200))
    timeline.conclude()
    return timeline


@pytest.mark.parametrize(
    ("silent", "found"),
    [
        (range(120, 128), [8, 0]),  # inside the first step
        (range(126, 134), [4, 8]),  # from one into what comes before the other, which is no step
        (range(131, 137), [0, 6]),  # between both, when all users are there
        (range(152, 160), [0, 8]),  # at the end
        (range(101, 107), [0, 0]),  # before the first step: it warms up
        (range(106, 114), [8, 0]),  # so it does here, and goes on
    ],
)
def test_a_silence_is_of_the_steps_that_it_touches_or_comes_before(silent: range, found: list[int]) -> None:
    steps = [(20, range(110, 130)), (20, range(140, 160))]
    assert [step.silent_seconds for step in a_run(silent, steps).steps] == found


def test_a_plan_that_ends_in_a_silence_is_told_by_what_fails_after_it() -> None:
    timed_out = Answers(169, "GET /tests", {}, {"no answer: timeout": 20}, 0.0, 0.0, None)
    timeline = a_run(range(158, 160), [(20, range(110, 160))], [timed_out])
    assert [step.silent_seconds for step in timeline.steps] == [11]
    assert timeline.steps[0].endpoints["GET /tests"].failures == {"no answer: timeout": 20}


def test_a_report_that_comes_late_ends_a_silence_that_was_none() -> None:
    steps = [(20, range(110, 160))]
    silent = a_run(range(120, 128), steps)
    assert silent.steps[0].silent_seconds == 8
    silent.merge(answered(second) for second in range(120, 128))
    silent.conclude()
    assert silent.steps[0].silent_seconds == 0


def test_a_step_that_goes_on_knows_its_silence_so_far() -> None:
    timeline, step = Timeline(100), Step(20, 110)
    for second in range(100, 130):
        timeline.attend(second, 20)
        if second >= 110:
            timeline.measure(second, step)
        if second < 120:
            timeline.merge([answered(second)])
    list(timeline.settle(122))
    assert timeline.extremes(step, 124).silent_seconds == 4
    assert timeline.extremes(step, 128).silent_seconds == 8


@pytest.mark.parametrize(("users", "silent"), [(1, 8), (None, 0)])
def test_in_a_second_of_which_nobody_says_so_no_user_was_there(users: int | None, silent: int) -> None:
    timeline, step = Timeline(100), Step(1, 110)
    for second in range(100, 150):
        is_silent = 120 <= second < 128
        if not is_silent or users is not None:
            timeline.attend(second, 1)
        if second >= 110:
            timeline.measure(second, step)
        if not is_silent:
            timeline.merge([answered(second, 7600.0 if second == 128 else 9.0)])
    list(timeline.settle(150))
    timeline.conclude()
    assert step.silent_seconds == silent
