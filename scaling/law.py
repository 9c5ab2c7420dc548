"""How does capacity grow with the size of the service? The Universal Scalability Law, fitted with intervals. Pure.

N. J. Gunther (1993): N units that serve L each alone serve N L / (1 + a (N - 1) + b N (N - 1)) together. `a` is the
share of work that only one can do at a time (contention), `b` the cost of agreement between each two (coherency), which
makes the throughput fall beyond some size. The inverse, N / X, is linear in three figures that are not negative, so
least squares find them without a first guess. Intervals are those of the linear model without that bound, which would
make them too narrow near it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, isfinite, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

CONFIDENCE = 0.90
FEWEST_SIZES = 3
FREE = 3
"""Figures of the law."""
DRAWS = 2000
MOST_NOISE = 0.35
"""How wide, as a share of it, the interval of the capacity may be on either side at a size that was measured."""
REACH = 2.0
"""The law is believed up to so many times the largest measured size."""


Vector = NDArray[np.float64]


class NoFitError(ValueError):
    """These runs give no law; the message says why and what would help."""


@dataclass(frozen=True)
class SizedCapacity:
    """The capacity that one run found at a size: how many units, and requests a second.

    `unsure` is the standard deviation of the capacity's logarithm, from the run's own interval.
    """

    size: float
    rps: float
    unsure: float = 0.0


@dataclass(frozen=True)
class ScalingLaw:
    """What one unit serves alone (requests a second), the contention and the coherency."""

    alone: float
    contention: float
    coherency: float

    def capacity(self, size: float) -> float:
        """Requests a second that so many units serve together."""
        cost = 1 + self.contention * (size - 1) + self.coherency * size * (size - 1)
        return self.alone * size / cost if cost > 0 else inf

    def efficiency(self, size: float) -> float:
        """What a unit serves among so many, as a share of what it would alone."""
        return self.capacity(size) / (size * self.alone)

    @property
    def bend(self) -> float | None:
        """From how many units on more of them serve less; None where more always serve more."""
        return sqrt((1 - self.contention) / self.coherency) if self.coherency > 0 and self.contention < 1 else None


@dataclass(frozen=True)
class Fit:
    """The law, other laws that fit the same runs as well, and by how much runs differ from it."""

    law: ScalingLaw
    likely: Vector  # a row each: alone, contention, coherency
    spread: float
    largest: float  # size that was measured

    def interval(self, size: float) -> tuple[float, float]:
        """The 90 % interval of the capacity of so many units."""
        return _around(self.law.capacity(size), self.likely[:, 0] * size / self._costs(size))

    def efficiency_interval(self, size: float) -> tuple[float, float]:
        return _around(self.law.efficiency(size), 1 / self._costs(size))

    def _costs(self, size: float) -> Vector:
        """How much each unit slows down among so many, for each of the likely laws."""
        return 1 + self.likely[:, 1] * (size - 1) + self.likely[:, 2] * size * (size - 1)

    @property
    def bend(self) -> float | None:
        """The size from which more units serve less; None where the law is not believed that far."""
        bend = self.law.bend
        return bend if bend is not None and bend <= REACH * self.largest else None

    @property
    def bend_interval(self) -> tuple[float, float | None]:
        """Its 90 % interval; the end is None where the runs do not show that it exists."""
        _, contention, coherency = self.likely.T
        bends = np.sqrt(np.maximum(1 - contention, 0) / np.maximum(coherency, 1e-12))
        low, high = _around(self.law.bend or inf, np.where(coherency > 0, bends, inf))
        return low, high if isfinite(high) else None

    def size_for(self, rps: float, step: float = 1.0) -> tuple[float, bool]:
        """The least size, in steps, that serves so much with 95 % confidence, and True.

        Where no size within reach of the law does, the least that probably does, and False. Raises NoFitError without.
        """
        sizes = [count * step for count in range(1, int(REACH * self.largest / step + 1e-9) + 1)]
        for sure in (True, False):
            for size in sizes:
                if (self.interval(size)[0] if sure else self.law.capacity(size)) >= rps:
                    return size, sure
        most = max(sizes, key=self.law.capacity)
        raise NoFitError(
            f"no size up to {sizes[-1]:g} serves {rps:g} req/s (the most is about {self.law.capacity(most):.3g} at "
            f"{most:g}), and beyond twice what was measured the law is not believed"
        )


def fit(points: Sequence[SizedCapacity], seed: int = 1) -> Fit:
    """The law of these runs. Raises NoFitError where there are too few, or where they are too noisy."""
    sizes = sorted({point.size for point in points})
    if len(sizes) < FEWEST_SIZES:
        raise NoFitError(f"{len(sizes)} sizes are too few: a law of {FREE} figures takes {FEWEST_SIZES}, better four")
    if len(points) <= FREE:
        raise NoFitError(f"{len(points)} runs are too few to separate the law from noise: repeat them (REPEATS=2)")
    size = np.array([point.size for point in points])
    rps = np.array([point.rps for point in points])
    law = _least_squares(size, rps)
    own = float(np.mean([point.unsure**2 for point in points]))
    likely, shown = _likely(size, rps, own, seed)
    found = Fit(law, likely, shown, sizes[-1])
    for one in sizes:
        low, high = found.interval(one)
        if low < law.capacity(one) * (1 - MOST_NOISE) or high > law.capacity(one) / (1 - MOST_NOISE):
            raise NoFitError(
                f"the runs are too noisy: at {one:g} the capacity may be anything from {low:.3g} to {high:.3g} req/s; "
                f"they differ from any law by {found.spread:.0%}, so repeat them more often (REPEATS=4)"
            )
    return found


def _columns(size: Vector, rps: Vector) -> Vector:
    """The linear model of N / X, weighted for equal relative errors of the capacity."""
    return np.column_stack([np.ones_like(size), size - 1, size * (size - 1)]) * (rps / size)[:, None]


def _least_squares(size: Vector, rps: Vector) -> ScalingLaw:
    figures, _ = nnls(_columns(size, rps), np.ones_like(size))
    if figures[0] <= 0:
        raise NoFitError(
            "the capacity falls with the size by more than a law of this kind can: measure a smaller size too"
        )
    alone, contention, coherency = (float(figure) for figure in figures)
    return ScalingLaw(1 / alone, contention / alone, coherency / alone)


def _likely(size: Vector, rps: Vector, own: float, seed: int) -> tuple[Vector, float]:
    """Laws drawn from the uncertainty of the linear model (a t distribution), and the spread of the runs.

    The spread is what the runs show, or what their own intervals say if that is more.
    """
    columns, freedom = _columns(size, rps), len(size) - FREE
    figures, *_ = np.linalg.lstsq(columns, np.ones_like(size), rcond=None)
    off = columns @ figures - 1
    variance = max(float(off @ off) / freedom, own)
    chance = np.random.default_rng(seed)
    scales = np.sqrt(variance * freedom / chance.chisquare(freedom, DRAWS))
    half = np.linalg.cholesky(np.linalg.inv(columns.T @ columns))
    draws = figures + (chance.normal(size=(DRAWS, FREE)) @ half.T) * scales[:, None]
    draws = draws[draws[:, 0] > 0]
    return np.column_stack([1 / draws[:, 0], draws[:, 1:] / draws[:, :1]]), sqrt(variance)


def _around(value: float, figures: Vector) -> tuple[float, float]:
    """The 90 % interval of these figures, widened to include the value."""
    figures = np.where(figures > 0, figures, inf)
    low, high = np.quantile(figures, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2], method="nearest")
    return min(float(low), value), max(float(high), value)
