"""The figures of the scaling law by the book: its intervals, its bend, and what is asked of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import inf

import numpy as np
import pytest
from scipy import stats

from scaling.law import Fit, NoFitError, ScalingLaw, SizedCapacity, fit

NOISY = [(1, 100.0), (1, 104.0), (2, 178.0), (2, 171.0), (3, 235.0), (3, 241.0), (4, 280.0), (4, 271.0)]


def runs(points: Sequence[tuple[float, float]], unsure: float = 0.0) -> list[SizedCapacity]:
    return [SizedCapacity(size, rps, unsure) for size, rps in points]


def by_least_squares(size: float) -> tuple[float, float, float, float]:
    """The capacity at the size, its 90 % interval and the spread, by the linear model of N / X that the law is."""
    sizes, rps = np.array(NOISY).T
    columns = np.column_stack([np.ones_like(sizes), sizes - 1, sizes * (sizes - 1)]) * (rps / sizes)[:, None]
    figures, left, *_ = np.linalg.lstsq(columns, np.ones_like(sizes), rcond=None)
    assert all(figures > 0), "the bound at 0 plays no part"
    freedom = len(NOISY) - 3
    at = np.array([1, size - 1, size * (size - 1)])
    variance = left[0] / freedom
    error = np.sqrt(at @ np.linalg.inv(columns.T @ columns) @ at * variance)
    half = stats.t.ppf(0.95, freedom) * error
    return size / (at @ figures), size / (at @ figures + half), size / (at @ figures - half), float(np.sqrt(variance))


@pytest.mark.parametrize("size", [1, 3, 4, 6])
def test_the_capacity_and_its_interval_are_those_of_the_linear_model(size: float) -> None:
    found = fit(runs(NOISY))
    capacity, low, high, spread = by_least_squares(size)
    assert found.law.capacity(size) == pytest.approx(capacity)
    assert found.spread == pytest.approx(spread)
    assert found.largest == 4
    # two thousand draws know the ends to some percent of the interval
    assert found.interval(size) == pytest.approx((low, high), abs=0.12 * (high - low))
    assert fit(runs(NOISY), seed=2).interval(size) != found.interval(size)


def test_what_runs_say_of_themselves_is_the_least_that_they_differ_by() -> None:
    own = fit(runs(NOISY, unsure=0.05))
    assert own.spread == pytest.approx(0.05)
    assert fit(runs(NOISY, unsure=0.001)).spread == pytest.approx(by_least_squares(1)[3])
    low, high = fit(runs(NOISY)).interval(4)
    ratio = 0.05 / by_least_squares(1)[3]
    assert np.subtract(*own.interval(4)) == pytest.approx(ratio * (low - high), rel=0.1)


LAW = ScalingLaw(100, 0.1, 0.01)
ROWS = [(100.0 + step, 0.1, 0.01) for step in range(-10, 11)]


def known(rows: Sequence[tuple[float, float, float]] = ROWS, law: ScalingLaw = LAW) -> Fit:
    return Fit(law, np.array(rows), 0.03, 5.0)


def test_an_interval_leaves_out_a_twentieth_on_either_side_and_holds_the_law() -> None:
    found = known()
    cost = 1 + 0.1 * 2 + 0.01 * 6
    assert found.interval(3) == pytest.approx((91 * 3 / cost, 109 * 3 / cost))
    assert known(law=ScalingLaw(120, 0.1, 0.01)).interval(3)[1] == pytest.approx(120 * 3 / cost)
    assert known(law=ScalingLaw(80, 0.1, 0.01)).interval(3)[0] == pytest.approx(80 * 3 / cost)


def test_efficiency_is_what_is_left_of_a_unit_among_others() -> None:
    assert ScalingLaw(100, 0.1, 0.01).efficiency(3) == pytest.approx(1 / 1.26)
    rows = [(100.0, 0.1 + step / 100, 0.01) for step in range(-10, 11)]
    assert known(rows).efficiency_interval(3) == pytest.approx((1 / (1.26 + 0.18), 1 / (1.26 - 0.18)))


@pytest.mark.parametrize(
    ("law", "bend"),
    [
        (ScalingLaw(100, 0.19, 0.01), 9.0),
        (ScalingLaw(100, 0.19, 0.0), None),
        (ScalingLaw(100, 1.0, 0.01), None),
        (ScalingLaw(100, 1.5, 0.01), None),
    ],
)
def test_more_units_serve_less_from_the_bend_on(law: ScalingLaw, bend: float | None) -> None:
    assert law.bend == (None if bend is None else pytest.approx(bend))
    assert known(law=law).bend == law.bend
    assert ScalingLaw(100, -0.9, 0.0).capacity(4) == inf, "what costs nothing has no bound"


@pytest.mark.parametrize(("coherency", "is_told"), [(0.0081, True), (0.0080, False)])
def test_a_bend_beyond_twice_the_largest_size_is_not_told(coherency: float, is_told: bool) -> None:
    assert (known(law=ScalingLaw(100, 0.19, coherency)).bend is not None) is is_told


def test_a_bend_that_the_runs_do_not_show_has_no_end() -> None:
    bent = [(100.0, 0.19, 0.81 / bend**2) for bend in np.arange(8, 10.05, 0.1)]
    assert known(bent, ScalingLaw(100, 0.19, 0.01)).bend_interval == pytest.approx((8.1, 9.9))
    half = [*bent[:12], *[(100.0, 0.19, -0.001)] * 9]
    low, high = known(half, ScalingLaw(100, 0.19, 0.01)).bend_interval
    assert low == pytest.approx(8.1)
    assert high is None
    assert known([(100.0, 1.2, 0.01)] * 21, ScalingLaw(100, 0.19, 0.0)).bend_interval == (inf, None)


@pytest.mark.parametrize(
    ("rps", "step", "size", "is_sure"),
    [
        (90.0, 1.0, 1.0, True),
        (91.0, 1.0, 1.0, True),  # just as much as it surely serves
        (91.1, 1.0, 2.0, True),
        (91.1, 0.5, 1.5, True),
        (320.0, 0.5, 8.0, True),
        # no size surely serves 340, and some probably do
        (340.0, 0.5, 6.5, False),
        (340.0, 1.0, 7.0, False),
        (325.2, 0.5, 9.5, True),  # up to twice the largest
    ],
)
def test_the_least_size_that_serves_so_much_is_found(rps: float, step: float, size: float, is_sure: bool) -> None:
    assert known().size_for(rps, step) == (size, is_sure)


@pytest.mark.parametrize(
    ("points", "why"),
    [
        ([], "0 sizes are too few: a law of 3 figures takes 3, better four"),
        (NOISY[:4], "2 sizes are too few: a law of 3 figures takes 3, better four"),
        (NOISY[1:6:2], "3 runs are too few to separate the law from noise: repeat them (REPEATS=2)"),
        (
            [(2, 46), (3, 26), (4, 24), (6, 15)],
            "the capacity falls with the size by more than a law of this kind can: measure a smaller size too",
        ),
        (
            [(1, 100), (1, 200), (2, 170), (3, 240), (4, 270)],
            (
                "the runs are too noisy: at 1 the capacity may be anything from 98.6 to 360 req/s; they differ from "
                "any law by 33%, so repeat them more often (REPEATS=4)"
            ),
        ),
    ],
)
def test_what_gives_no_law_is_explained(points: list[tuple[float, float]], why: str) -> None:
    with pytest.raises(NoFitError, match=f"^{re.escape(why)}"):
        fit(runs(points))


def test_a_load_that_no_size_serves_is_told_with_the_most_that_one_does() -> None:
    with pytest.raises(NoFitError) as refused:
        known().size_for(5000)
    assert str(refused.value) == (
        "no size up to 10 serves 5000 req/s (the most is about 357 at 9), and beyond twice what was measured the law "
        "is not believed"
    )
