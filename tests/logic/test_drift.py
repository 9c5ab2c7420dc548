"""Slow drift: found where there is one, with its rate, and not made out of noise."""

from __future__ import annotations

import random

import pytest

from lab.soak.drift import MOST_BLOCKS, Course, drift

RUNS = 120


def noisy(chance: random.Random, count: int, slope: float, memory: float) -> list[tuple[float, float]]:
    """Points whose neighbours resemble each other by so much."""
    level, points = 0.0, []
    for at in range(count):
        level = memory * level + chance.gauss(0, 1)
        points.append((60.0 * at, 100 + slope * 60 * at + level))
    return points


@pytest.mark.parametrize("memory", [0.0, 0.3, 0.6, 0.8])
def test_noise_is_seldom_called_a_drift_however_alike_neighbours_are(memory: float) -> None:
    chance = random.Random(7)
    false = 0
    for _ in range(RUNS):
        found = drift(noisy(chance, 60, 0.0, memory))
        assert found
        false += found.chance < 0.01
    assert false <= 0.05 * RUNS


@pytest.mark.parametrize("memory", [0.0, 0.6])
def test_a_drift_is_found_and_its_interval_holds_its_rate(memory: float) -> None:
    chance, truth = random.Random(8), 0.01
    sure = held = 0
    for _ in range(RUNS):
        found = drift(noisy(chance, 60, truth, memory))
        assert found
        sure += found.is_sure
        held += found.low <= truth <= found.high
    assert sure == RUNS
    assert held >= 0.88 * RUNS


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
    assert drift([(float(at), 7.0) for at in range(9)]) is None


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
