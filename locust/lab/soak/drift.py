"""Does a figure drift in the course of hours? Its slope, and whether chance alone would give one. Pure.

The slope is the median of the slopes between all pairs of points (H. Theil, 1950; P. K. Sen, 1968), which a few wild
points do not move. Whether there is a trend at all is asked by the signs of these pairs (H. B. Mann, 1945; M. G.
Kendall). Points near in time resemble each other, which makes trends out of nothing: the variance is raised as if there
were fewer points, by the correlation of neighbours that is left without the slope (S. Yue and C. Y. Wang, 2004).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import erfc, floor, isfinite, sqrt
from statistics import fmean, median

MOST_BLOCKS = 128
FEWEST_BLOCKS = 10
SURE = 0.01
"""How often chance alone may be called a drift."""
LEAST_CHANGE = 0.05
"""By which share of where it began a figure must move for a drift to be worth telling."""

Point = tuple[float, float]
"""Seconds since the first, and the figure."""


@dataclass
class Course:
    """A figure over time as the means of at most so many blocks, however long it goes on: blocks merge in pairs."""

    block_seconds: float = 1.0
    _blocks: dict[int, tuple[int, float]] = field(default_factory=dict)
    _began: float | None = None

    def add(self, second: float, figure: float | None) -> None:
        """Takes in the figure of a second; None where there is none."""
        if figure is None or not isfinite(figure):
            return
        self._began = second if self._began is None else self._began
        self._count(floor((second - self._began) / self.block_seconds), 1, figure)
        while len(self._blocks) > MOST_BLOCKS:
            self.block_seconds *= 2
            before, self._blocks = self._blocks, {}
            for block, (count, total) in before.items():
                self._count(block // 2, count, total)

    def _count(self, block: int, count: int, total: float) -> None:
        seen, sum_ = self._blocks.get(block, (0, 0.0))
        self._blocks[block] = seen + count, sum_ + total

    def points(self) -> list[Point]:
        """The middle of each block and its mean, in order; blocks that are hardly filled are left out."""
        full = max((count for count, _ in self._blocks.values()), default=0)
        return [
            ((block + 0.5) * self.block_seconds, total / count)
            for block, (count, total) in sorted(self._blocks.items())
            if 2 * count >= full
        ]


@dataclass(frozen=True)
class Drift:
    """A figure's slope a second with its 95 % interval, how probable as much is by chance, and its fitted ends."""

    slope: float
    low: float
    high: float
    chance: float
    began: float
    ended: float

    @property
    def is_sure(self) -> bool:
        """Whether it is a drift: hardly chance, and enough to be worth telling."""
        return self.chance < SURE and abs(self.ended - self.began) > LEAST_CHANGE * abs(self.began)

    def seconds_until(self, limit: float) -> float | None:
        """How long until it reaches a limit above, at this rate; None where it does not go there."""
        if not self.is_sure or self.slope <= 0:
            return None
        return max(0.0, (limit - self.ended) / self.slope)


def drift(points: Sequence[Point]) -> Drift | None:
    """The drift of these points, in the order of time; None where there are too few."""
    count = len(points)
    if count < FEWEST_BLOCKS:
        return None
    slopes = sorted(
        (later[1] - earlier[1]) / (later[0] - earlier[0])
        for at, earlier in enumerate(points)
        for later in points[at + 1 :]
    )
    slope = median(slopes)
    level = median(figure - slope * second for second, figure in points)
    signs = sum((rise > 0) - (rise < 0) for rise in slopes)
    spread = sqrt(_variance(count) * _fewer([figure - slope * second for second, figure in points]))
    z = (abs(signs) - 1) / spread if signs else 0.0
    # Sen's interval: as many slopes away from the median as the signs may scatter
    away = 1.96 * spread / 2
    middle = len(slopes) / 2
    low = slopes[max(0, floor(middle - away))]
    high = slopes[min(len(slopes) - 1, floor(middle + away))]
    return Drift(
        slope, low, high, erfc(max(z, 0) / sqrt(2)), level + slope * points[0][0], level + slope * points[-1][0]
    )


def _variance(count: int) -> float:
    return count * (count - 1) * (2 * count + 5) / 18


def _fewer(residuals: Sequence[float]) -> float:
    """By which factor the variance grows because neighbours resemble each other."""
    mean = fmean(residuals)
    whole = sum((figure - mean) ** 2 for figure in residuals)
    if not whole:
        return 1.0
    near = sum((one - mean) * (other - mean) for one, other in pairwise(residuals)) / whole
    # what is seen falls short of the truth, the more so the fewer points there are (Marriott and Pope, 1954)
    near = min(0.95, max(0.0, near + (1 + 4 * near) / len(residuals)))
    return (1 + near) / (1 - near)
