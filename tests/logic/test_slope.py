"""The slope of a course and how sure it is, held against the same figures by matrices, with nothing taken apart."""

from __future__ import annotations

import random
from math import pi, sin

import numpy as np
import pytest

from lab.distributions import t_below
from lab.soak.slope import Point, slope


def made(seed: int, count: int, memory: float, change: float) -> list[Point]:
    """A course at uneven times whose points keep so much of what their neighbour was off by."""
    chance, level, at, found = random.Random(seed), 0.0, 5.0, []
    for _ in range(count):
        at += chance.uniform(4, 12)
        level = memory * level + chance.gauss(0, 1)
        found.append((at, 1000 + change * at + level))
    return found


def by_matrices(points: list[Point]) -> list[tuple[float, float, float]]:
    """Weight, slope and error for each share: generalised least squares, by restricted likelihood."""
    time, figures = np.array(points).T
    columns, order = np.column_stack([np.ones_like(time), time - time.mean()]), np.arange(len(points))
    fits = []
    for share in (sin((number + 0.5) / 32 * pi / 2) for number in range(32)):
        covariance = share ** np.abs(order[:, None] - order) / (1 - share**2)
        inverse = np.linalg.inv(covariance)
        normal = columns.T @ inverse @ columns
        fitted = np.linalg.solve(normal, columns.T @ inverse @ figures)
        off = figures - columns @ fitted
        left = off @ inverse @ off
        determinants = np.linalg.slogdet(covariance)[1] + np.linalg.slogdet(normal)[1]
        likelihood = -(determinants + (len(points) - 2) * np.log(left)) / 2
        error = np.sqrt(left / (len(points) - 2) * np.linalg.inv(normal)[1, 1])
        fits.append((float(likelihood), float(fitted[1]), float(error)))
    most = max(likelihood for likelihood, _, _ in fits)
    weighed = [(float(np.exp(likelihood - most)), rise, error) for likelihood, rise, error in fits]
    kept = [fit for fit in weighed if fit[0] > 1e-3]
    whole = sum(weight for weight, _, _ in kept)
    return [(weight / whole, rise, error) for weight, rise, error in kept]


def merged(points: list[Point]) -> list[list[Point]]:
    """The points, and their neighbours put together in pairs as long as 16 are left."""
    views = [points]
    while len(points) >= 32:
        if len(points) % 2:
            points = points[1:]
        points = [(float(x), float(y)) for x, y in np.array(points).reshape(-1, 2, 2).mean(axis=1)]
        views.append(points)
    return views


@pytest.mark.parametrize(
    ("count", "memory", "change"),
    [(20, 0.0, 0.0), (21, 0.5, 0.02), (31, 0.9, 0.0), (32, 0.0, 0.004), (67, 0.95, 0.01), (75, 1.0, 0.0)],
)
@pytest.mark.parametrize("seed", [1, 2])
def test_it_is_that_of_generalised_least_squares_over_all_shares(
    count: int, memory: float, change: float, seed: int
) -> None:
    points = made(seed, count, memory, change)
    found = slope(points)
    views = [(by_matrices(view), len(view) - 2) for view in merged(points)]

    def below(fits: list[tuple[float, float, float]], degrees: int, rise: float) -> float:
        return sum(weight * t_below((rise - one) / error, degrees) for weight, one, error in fits)

    chances = [2 * min(share, 1 - share) for share in (below(*view, 0.0) for view in views)]
    assert found.chance == pytest.approx(max(chances), rel=1e-6)
    fits, degrees = views[chances.index(max(chances))]
    assert found.degrees == degrees
    assert sum(weight for weight, _, _ in found.likely) == pytest.approx(1.0)
    assert np.array(found.likely) == pytest.approx(np.array(fits), rel=1e-5)
    for sureness in (0.5, 0.95, 0.99):
        low, high = found.interval(sureness)
        assert below(fits, degrees, low) == pytest.approx((1 - sureness) / 2, abs=1e-4)
        assert below(fits, degrees, high) == pytest.approx((1 + sureness) / 2, abs=1e-4)


def test_points_on_a_line_are_as_sure_as_rounding_lets_them() -> None:
    found = slope([(float(at), 1e6 + 3.0 * at) for at in range(40)])
    low, high = found.interval(0.95)
    assert (low, high) == pytest.approx((3.0, 3.0))
    assert 0 < high - low < 1e-6
    level = slope([(float(at), 0.0) for at in range(40)])
    assert level.interval(0.95) == pytest.approx((0.0, 0.0), abs=1e-100)
    assert level.chance > 0.9
