"""Slow drift: found where there is one, with its rate, and not made out of noise."""

from __future__ import annotations

import random
from collections.abc import Callable
from math import exp, sqrt

import pytest

from lab.soak.drift import MOST_BLOCKS, Course, drift
from lab.soak.slope import FEWEST_POINTS, Point, slope

RUNS = 300
BLOCK_SECONDS = 8.0  # of a course of ten minutes
SPAN = 75


def noise(chance: random.Random, count: int, memory: float, deviation: float = 1.0) -> list[float]:
    """Of which each keeps so much of the one before; a memory of 1 is a walk."""
    fresh = sqrt(1 - memory**2) if memory < 1 else 1.0
    level = chance.gauss(0, 1) if memory < 1 else 0.0
    found = []
    for _ in range(count):
        found.append(deviation * level)
        level = memory * level + fresh * chance.gauss(0, 1)
    return found


def course(figure: Callable[[int], float], count: int = SPAN) -> list[Point]:
    return [(BLOCK_SECONDS * at, figure(at)) for at in range(count)]


def noisy(chance: random.Random, count: int, change: float, memory: float, deviation: float = 1.0) -> list[Point]:
    """A course that begins at 100, changes by so much in all, and scatters by so much."""
    off = noise(chance, count, memory, deviation)
    return course(lambda at: 100 + change * at / count + off[at], count)


@pytest.mark.parametrize(
    ("count", "memory", "most"),
    [
        (60, 0.0, 0.01),
        (60, 0.5, 0.01),
        (60, 0.9, 0.01),
        (60, 0.95, 0.01),
        (20, 0.9, 0.02),  # a course that is shorter than its memory looks like one that moves
        (20, 0.95, 0.03),
        (60, 1.0, 0.07),  # a walk comes back to nothing: hours will show
    ],
)
def test_noise_is_seldom_called_a_drift_however_alike_neighbours_are(count: int, memory: float, most: float) -> None:
    """At a chance of 0.01, of which lab/soak/slope.py says how well it is kept."""
    chance = random.Random(7)
    false = sum(slope(noisy(chance, count, 0.0, memory)).chance < 0.01 for _ in range(RUNS))
    assert false <= most * RUNS


def test_noise_of_two_kinds_is_seldom_called_a_drift() -> None:
    """What scatters from point to point hides that the rest changes slowly."""
    chance, false = random.Random(9), 0
    for _ in range(RUNS // 3):
        slow, fast = noise(chance, SPAN, 0.95), noise(chance, SPAN, 0.0)
        both = [(BLOCK_SECONDS * at, one + other) for at, (one, other) in enumerate(zip(slow, fast, strict=True))]
        false += slope(both).chance < 0.01
    assert false <= 0.01 * RUNS / 3


@pytest.mark.parametrize(
    ("change", "memory", "deviation"),
    [
        (100, 0.0, 10.0),
        (100, 0.0, 15.0),
        (100, 0.6, 7.0),
        (100, 0.95, 5.0),
        (-80, 0.6, 5.0),
    ],
)
def test_a_drift_is_found_and_its_interval_holds_its_rate(change: float, memory: float, deviation: float) -> None:
    chance, runs = random.Random(8), 40
    truth = change / (SPAN * BLOCK_SECONDS)
    sure = held = 0
    for _ in range(runs):
        found = drift(noisy(chance, SPAN, change, memory, deviation))
        assert found
        sure += found.is_sure and found.slope * change > 0
        held += found.low <= truth <= found.high
    assert sure >= 0.9 * runs
    assert held >= 0.93 * runs


@pytest.mark.parametrize("count", [FEWEST_POINTS, 50, SPAN, MOST_BLOCKS])
def test_a_course_that_never_turns_back_drifts(count: int) -> None:
    """A leak of 0.5 MB/s for ten minutes: what it is off its line by resembles its neighbours, like any sum does."""
    chance = random.Random(3)
    for steps in (
        lambda: 4.0,
        lambda: chance.uniform(0.1, 8),
        lambda: chance.expovariate(0.25),
        lambda: chance.lognormvariate(0, 2),  # a few steps are far larger than all others
    ):
        level, points = 50.0, []
        for at in range(count):
            points.append((BLOCK_SECONDS * at, level))
            level += steps()
        found = drift(points)
        assert found
        assert found.is_sure
        assert found.slope > 0


@pytest.mark.parametrize(
    ("figure", "drifts"),
    [
        (lambda at: 50 + 300 * (at / SPAN) ** 1.5, True),  # ever faster
        (lambda at: 50 + 300 * (at / SPAN) ** 0.6, True),  # ever slower, but it goes on
        (lambda at: 350 - 4 * at, True),
        (lambda at: 50 + 4 * at + 60 * (at % 9) / 9, True),  # garbage is collected, and ever less of it
        (lambda at: 50 + 60 * (at % 9) / 9, False),  # garbage is collected, and all of it
        (lambda at: 50 + 60 * (at % 30) / 30, False),
        (lambda at: 50 + 300 * (1 - exp(-at / 8)), False),  # it warmed up, and is level since
        (lambda at: 50 + 300 * (1 - exp(-at / 25)), True),  # it may be warming up, and still rises
        (lambda at: 50 + 300 * (1 - exp(-at / 4)) + 2 * at, True),  # it warmed up, and goes on rising
        (lambda at: 50 + 4 * max(0, at - 35), True),  # it began late
        (lambda at: 150 if at > 37 else 50, False),  # a single step
        (lambda at: 20 + (at > 60), False),  # a file more
        (lambda at: 20 + at // 8, True),  # a file more, time and again
    ],
)
def test_courses_by_their_form(figure: Callable[[int], float], drifts: bool) -> None:
    off = noise(random.Random(1), SPAN, 0.5, 0.02)
    found = drift(course(lambda at: figure(at) + off[at]))
    assert found
    assert found.is_sure is drifts


def test_of_a_course_that_bent_its_later_half_says_how_fast_it_moves() -> None:
    """And so when it reaches its limit."""
    found = drift(course(lambda at: 50 + (20 * at if at < 30 else 600 + (at - 30))))
    assert found
    assert found.is_sure
    assert found.slope == pytest.approx(1 / BLOCK_SECONDS)
    assert found.began == pytest.approx(50 + 600 + SPAN // 2 - 30)


def test_wild_points_do_not_move_it() -> None:
    points = [(float(at), 100 + 0.5 * at) for at in range(40)]
    for at in (5, 17, 31):
        points[at] = (float(at), 9000.0)
    found = drift(points)
    assert found
    assert found.slope == pytest.approx(0.5)


def test_when_a_limit_is_reached_at_this_rate() -> None:
    found = drift([(float(at), 100 + 2.0 * at) for at in range(50)])
    assert found
    assert found.seconds_until(298) == pytest.approx(50.0)
    assert found.seconds_until(150) == 0
    falling = drift([(float(at), 300 - 2.0 * at) for at in range(50)])
    assert falling
    assert falling.is_sure
    assert falling.seconds_until(400) is None


def test_a_constant_does_not_drift_and_few_points_tell_nothing() -> None:
    level = drift([(float(at), 7.0) for at in range(50)])
    assert level
    assert not level.is_sure
    assert drift([(float(at), 7.0 + at) for at in range(FEWEST_POINTS - 1)]) is None


def test_what_is_sure_but_hardly_anything_is_not_told() -> None:
    found = drift([(float(at), 100 + 0.02 * at) for at in range(50)])
    assert found
    assert found.chance < 0.01
    assert not found.is_sure


def test_days_take_no_more_room_than_minutes() -> None:
    course = Course()
    for second in range(200_000):
        course.add(1e9 + second, 50 + second / 1000 if second % 7 else None)
    points = course.points()
    assert MOST_BLOCKS / 2 <= len(points) <= MOST_BLOCKS
    assert course.block_seconds == 2048
    found = drift(points)
    assert found
    assert found.slope == pytest.approx(1 / 1000, rel=0.01)
