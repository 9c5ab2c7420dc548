"""Does a figure drift in the course of hours? Its slope, and whether chance alone would give one. Pure.

The slope is the median of the slopes between all pairs of points (H. Theil, 1950; P. K. Sen, 1968), which a few wild
points do not move. How sure it is, lab/soak/slope.py says: points near in time resemble each other, which makes trends
out of nothing. Steps that all go one way are no chance, whatever their sizes. What counts is how the figure moves now:
a course whose later half has another slope for sure is bent, and its later half speaks for it. So memory that grew
while the service warmed up, and has been level since, does not drift.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import floor, isfinite
from statistics import median

from lab.soak.slope import FEWEST_POINTS, Point, slope

MOST_BLOCKS = 128
SURE = 0.01
"""How often chance alone may be called a drift."""
BENT = 0.99
"""How sure it must be that the later half has another slope."""
LEAST_CHANGE = 0.05
"""By which share of where it began a figure must move for a drift to be worth telling."""
WILD = 4 * 1.4826
"""From how many median distances off the line on a point counts as no farther: four standard deviations of a normal."""


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
    if len(points) < FEWEST_POINTS:
        return None
    typical = median(
        (later[1] - earlier[1]) / (later[0] - earlier[0])
        for at, earlier in enumerate(points)
        for later in points[at + 1 :]
    )
    level = median(figure - typical * second for second, figure in points)
    known = slope(_tamed(points, typical, level))
    chance, later = min(known.chance, _chance_of_one_way(points)), points[len(points) // 2 :]
    if chance < SURE and len(later) >= FEWEST_POINTS and _is_bent(typical, later):
        return drift(later)
    low, high = known.interval(0.95)
    began, ended = (level + typical * points[at][0] for at in (0, -1))
    return Drift(typical, min(low, typical), max(high, typical), chance, began, ended)


def _is_bent(typical: float, later: Sequence[Point]) -> bool:
    low, high = slope(later).interval(BENT)
    return not low <= typical <= high


def _chance_of_one_way(points: Sequence[Point]) -> float:
    """How often as many tosses of a coin as there are steps up or down all show the same side; 1 unless steps do."""
    steps = [after - before for (_, before), (_, after) in pairwise(points) if after != before]
    ups = sum(step > 0 for step in steps)
    return 2.0 ** (1 - len(steps)) if steps and ups in (0, len(steps)) else 1.0


def _tamed(points: Sequence[Point], typical: float, level: float) -> list[Point]:
    """The points, those that are far off the line brought nearer to it."""
    off = [figure - level - typical * second for second, figure in points]
    most = WILD * median(abs(distance) for distance in off) or max(abs(distance) for distance in off)
    return [
        (second, figure - distance + min(most, max(-most, distance)))
        for (second, figure), distance in zip(points, off, strict=True)
    ]
