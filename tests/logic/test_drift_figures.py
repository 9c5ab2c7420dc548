"""The figures of a drift, each by the book: its line, its blocks, and from where on it is one."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import combinations
from math import inf, nan
from statistics import median

import pytest

from lab.soak.drift import MOST_BLOCKS, Course, Drift, drift
from lab.soak.slope import FEWEST_POINTS, Point, slope

SURE = Drift(slope=0.5, low=0.4, high=0.6, chance=0.009, began=100.0, ended=150.0)


def scattered(count: int, change: float = 0.3) -> list[Point]:
    chance = random.Random(count)
    return [(10.0 + 3 * at, 50 + change * at + chance.gauss(0, 2)) for at in range(count)]


@pytest.mark.parametrize("count", [FEWEST_POINTS, 31, 50])
def test_the_line_is_that_of_theil_and_sen_and_its_ends_lie_on_it(count: int) -> None:
    points = scattered(count)
    found = drift(points)
    assert found
    typical = median((y - b) / (x - a) for (a, b), (x, y) in combinations(points, 2))
    level = median(figure - typical * second for second, figure in points)
    assert found.slope == pytest.approx(typical)
    assert (found.began, found.ended) == pytest.approx((level + typical * 10, level + typical * points[-1][0]))
    # no point is so far off that it would count as nearer
    known = slope(points)
    assert found.chance == pytest.approx(known.chance)
    low, high = known.interval(0.95)
    assert (found.low, found.high) == pytest.approx((min(low, typical), max(high, typical)))


@pytest.mark.parametrize("side", [1, -1])
def test_what_is_far_off_the_line_counts_as_four_deviations_off(side: int) -> None:
    points = scattered(30)
    points[11] = (points[11][0], points[11][1] + side * 400)
    found = drift(points)
    assert found
    line = [(second, found.began + found.slope * (second - 10)) for second, _ in points]
    off = [figure - on for (_, figure), (_, on) in zip(points, line, strict=True)]
    most = 4 * 1.4826 * median(map(abs, off))
    tamed = [(second, on + max(-most, min(most, by))) for (second, on), by in zip(line, off, strict=True)]
    assert found.chance == pytest.approx(slope(tamed).chance)


def test_where_most_points_are_on_the_line_none_is_too_far_off_it() -> None:
    points = [(float(at), 100.0) for at in range(30)]
    points[11] = (11.0, 103.0)
    found = drift(points)
    assert found
    assert (found.slope, found.chance) == pytest.approx((0.0, slope(points).chance))


@pytest.mark.parametrize("side", [1, -1])
def test_steps_that_all_go_one_way_are_as_seldom_as_a_coin_that_shows_one_side(side: int) -> None:
    """Whatever their sizes, by which the slope alone would say little; where nothing moves, no coin is tossed."""
    steps = {10: 1.0, 11: 0.001, 12: 0.001, 13: 0.001, 15: 0.001, 16: 0.001, 17: 0.001}
    level, points = 100.0, []
    for at in range(20):
        level += side * steps.get(at, 0.0)
        points.append((float(at), level))
    found = drift(points)
    assert found
    assert found.chance == 2.0**-6
    back = drift([*points[:-1], (19.0, 100.5)])
    assert back
    assert back.chance > 0.05


@pytest.mark.parametrize(
    ("change", "is_sure"),
    [
        ({}, True),
        ({"chance": 0.01}, False),
        # by more than a twentieth of where it began, up or down
        ({"ended": 105.0}, False),
        ({"ended": 105.1}, True),
        ({"ended": 94.9}, True),
        ({"began": -100.0, "ended": -95.0}, False),
        ({"began": -100.0, "ended": -94.9}, True),
        ({"began": 0.0, "ended": 0.1}, True),
    ],
)
def test_a_drift_is_hardly_chance_and_enough_to_be_told(change: dict[str, float], is_sure: bool) -> None:
    assert replace(SURE, **change).is_sure is is_sure


def test_a_limit_is_reached_from_below_and_at_this_rate() -> None:
    assert SURE.seconds_until(160.0) == 20.0
    assert SURE.seconds_until(149.0) == 0.0
    assert replace(SURE, slope=0.0).seconds_until(160.0) is None
    assert replace(SURE, slope=-0.5).seconds_until(160.0) is None
    assert replace(SURE, chance=0.5).seconds_until(160.0) is None


def points_of(*seconds_and_figures: tuple[float, float | None]) -> list[Point]:
    course = Course()
    for second, figure in seconds_and_figures:
        course.add(second, figure)
    return course.points()


def test_a_course_keeps_the_mean_of_each_second_from_its_first_figure_on() -> None:
    nothing = [(99.0, None), (99.5, nan), (99.7, inf)]
    assert points_of(*nothing) == []
    assert points_of(*nothing, (100.0, 2.0), (100.9, 4.0), (101.0, 7.0), (103.2, None)) == [(0.5, 3.0), (1.5, 7.0)]


def test_what_is_filled_less_than_half_is_left_out() -> None:
    assert points_of(*[(0.0, 1.0)] * 4, *[(1.0, 2.0)] * 2, *[(2.0, 3.0)]) == [(0.5, 1.0), (1.5, 2.0)]


def test_blocks_merge_in_pairs_when_there_are_too_many() -> None:
    course = Course()
    for second in range(MOST_BLOCKS):
        course.add(second, float(second))
    assert [len(course.points()), course.block_seconds] == [128, 1.0]
    course.add(MOST_BLOCKS, 128.0)
    assert course.block_seconds == 2.0
    assert course.points() == [(2 * block + 1.0, 2 * block + 0.5) for block in range(64)] + [(129.0, 128.0)]


def test_only_a_later_half_with_points_enough_speaks_for_the_course() -> None:
    def bent(count: int) -> Drift:
        found = drift([(float(at), 100 + 5.0 * min(at, count // 2) + 0.5 * at) for at in range(count)])
        assert found
        return found

    assert bent(2 * FEWEST_POINTS).slope == pytest.approx(0.5)
    assert bent(2 * FEWEST_POINTS - 2).slope > 1
