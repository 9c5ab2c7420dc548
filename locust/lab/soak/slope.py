"""How sure is the slope of a course whose points resemble their neighbours? Pure.

What is left beside the line is taken to be autoregressive: each point keeps a share of what its neighbour was off by.
For each share that is possible, least squares after taking it out (S. J. Prais and C. B. Winsten, 1954) give the slope
and its error. Nobody knows the share, and estimates of it fall short, most of all where the line was fitted to the same
points. So all shares count, each by its restricted likelihood (D. A. Harville, 1974), with more of them near 1, as the
reference prior of J. O. Berger and R.-Y. Yang (1994) has it. A share near 1 is a random walk, of which only the first
and the last point tell the slope.

Simulated (tests/logic/test_drift.py): of courses without a trend, chance is below 0.01 in less than 1 of 100 of 50
points or more up to a share of 0.95, in 1 of 50 of 20 points at 0.95, and in 1 of 20 random walks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import exp, fsum, log, pi, sin, sqrt
from statistics import fmean

from lab.distributions import t_below, t_quantile

Point = tuple[float, float]
"""Seconds, and the figure."""

FEWEST_POINTS = 20
FEWEST_MERGED = 16
_SHARES = tuple(sin((number + 0.5) / 32 * pi / 2) for number in range(32))
_NEGLIGIBLE = 1e-3
_HALVINGS = 14


@dataclass(frozen=True)
class Slope:
    """What the slope may be: Student's t around `slope` with this `error`, each with its weight."""

    likely: tuple[tuple[float, float, float], ...]  # weight, slope, error
    degrees: int

    def below(self, slope: float) -> float:
        """How probable it is that the true slope is less."""
        return fsum(weight * t_below((slope - one) / error, self.degrees) for weight, one, error in self.likely)

    @property
    def chance(self) -> float:
        """How often chance alone gives a slope so far from 0, in either direction."""
        below = self.below(0.0)
        return max(0.0, 2 * min(below, 1 - below))

    def interval(self, sureness: float) -> tuple[float, float]:
        """Where the true slope is, with this probability."""
        return self._quantile((1 - sureness) / 2), self._quantile((1 + sureness) / 2)

    def _quantile(self, share: float) -> float:
        away = t_quantile(share, self.degrees)
        ends = [slope + away * error for _, slope, error in self.likely]
        low, high = min(ends), max(ends)
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            low, high = (middle, high) if self.below(middle) < share else (low, middle)
        return (low + high) / 2


def slope(points: Sequence[Point]) -> Slope:
    """The slope of these points, in the order of time, FEWEST_POINTS or more, as far as it is known.

    Noise is seldom of one kind: what scatters from point to point hides what changes slowly. So neighbours are merged
    in pairs, as long as there are enough points, and the view in which chance gives the slope most easily counts.
    """
    views = [_view(points)]
    while len(points) // 2 >= FEWEST_MERGED:
        points = points[len(points) % 2 :]
        points = [(fmean(pair[0] for pair in two), fmean(pair[1] for pair in two)) for two in _pairs(points)]
        views.append(_view(points))
    return max(views, key=lambda view: view.chance)


def _pairs(points: Sequence[Point]) -> Iterator[tuple[Point, Point]]:
    return zip(points[::2], points[1::2], strict=True)


def _view(points: Sequence[Point]) -> Slope:
    seconds, figures = ([point[axis] for point in points] for axis in (0, 1))
    middle, level = fmean(seconds), fmean(figures)
    time, off = [second - middle for second in seconds], [figure - level for figure in figures]
    # the line through the first and the last point is taken out, for less rounding; it comes back at the end
    tilt = (off[-1] - off[0]) / (time[-1] - time[0])
    off = [figure - tilt * second for second, figure in zip(time, off, strict=True)]
    ones, degrees = [1.0] * len(points), len(points) - 2
    columns = [(ones, ones), (ones, time), (time, time), (ones, off), (time, off), (off, off)]
    products = [_lagged(one, other) for one, other in columns]
    least = max(1e-24 * max(figure * figure for figure in figures), 1e-300)
    fits = [_fit(share, products, degrees, least) for share in _SHARES]
    return Slope(tuple((weight, tilt + rise, error) for weight, rise, error in _weighed(fits)), degrees)


def _fit(
    share: float, products: Sequence[tuple[float, float, float]], degrees: int, least: float
) -> tuple[float, float, float]:
    """Least squares after taking this share out: the logarithm of its likelihood, the rise and its error.

    No less than `least` is left beside the line, or rounding would make a line of points too sure.
    """
    one, cross, square, one_off, time_off, off_off = (
        whole - share * beside + share**2 * inner for whole, beside, inner in products
    )
    spread = one * square - cross**2
    rise = (one * time_off - cross * one_off) / spread
    lift = (square * one_off - cross * time_off) / spread
    left = max(off_off - rise * time_off - lift * one_off, least)
    likelihood = (log(1 - share**2) - log(spread) - degrees * log(left)) / 2
    return likelihood, rise, sqrt(left / degrees * one / spread)


def _weighed(fits: Sequence[tuple[float, float, float]]) -> list[tuple[float, float, float]]:
    """The fits with weights in place of likelihoods, 1 in all; those that hardly count are left out."""
    most = max(likelihood for likelihood, _, _ in fits)
    weights = [exp(likelihood - most) for likelihood, _, _ in fits]
    kept = [
        (weight, rise, error) for weight, (_, rise, error) in zip(weights, fits, strict=True) if weight > _NEGLIGIBLE
    ]
    whole = fsum(weight for weight, _, _ in kept)
    return [(weight / whole, rise, error) for weight, rise, error in kept]


def _lagged(one: Sequence[float], other: Sequence[float]) -> tuple[float, float, float]:
    """The sums of products of two columns: in place, with the neighbour, and without the first and the last row.

    With these, the product after Prais and Winsten is a polynomial of the share that is taken out.
    """
    whole = [left * right for left, right in zip(one, other, strict=True)]
    beside = (a * next_b + next_a * b for (a, next_a), (b, next_b) in zip(pairwise(one), pairwise(other), strict=True))
    return fsum(whole), fsum(beside), fsum(whole[1:-1])
