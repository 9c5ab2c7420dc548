"""When did a figure change, over many runs that were made alike, and by how much?

The runs are parted where the two sides differ most, and each side is looked at again (binary segmentation: A. J. Scott
and M. Knott, 1974). A difference counts where Student's t of the logarithms is surer than chance, among all the
places that were tried. The kept libraries for this bring numpy, which the images do without.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf, log, sqrt
from pathlib import Path
from statistics import fmean, variance
from typing import Any

from lab.distributions import t_quantile
from lab.history import past_runs
from lab.history.comparison import Change, RunFigure, Subject, change
from lab.history.past_runs import HistoryError, Past

FEWEST_RUNS = 3
"""Runs on each side of a change, at least: one that stands out, or two, is chance."""
CHANCE = 0.01
"""With which runs that are all alike are said to have changed."""
SAME = 1e-9
"""Logarithms that differ by less are of one figure."""


@dataclass(frozen=True)
class Shift:
    """A change between two levels: `at` is the index of the first run of the later one."""

    at: int
    moved: Change


@dataclass(frozen=True)
class Course:
    """Runs that were made alike, the oldest first, and how each of their figures changed, if it did."""

    runs: Sequence[Past]
    shifts: Mapping[Subject, Sequence[Shift]]

    def document(self) -> dict[str, Any]:
        """As JSON holds it."""
        record = self.runs[-1].record
        return {
            "plan": record.plan,
            "target": record.target,
            "runs": [run.name for run in self.runs],
            "changes": [
                {"name": subject.name, "unit": subject.unit, "since": self.runs[shift.at].name}
                | {"before": shift.moved.baseline, "after": shift.moved.candidate}
                | {"ratio": shift.moved.ratio, "interval": [shift.moved.low, shift.moved.high]}
                for subject, found in self.shifts.items()
                for shift in found
            ],
        }


def courses(results: Path, most: int | None = None) -> list[Course]:
    """The newest runs in the folder, those made alike together; the course with the newest run comes first.

    INVALID runs, and those that were cut short, have no part in it.
    """
    alike: dict[tuple[tuple[str, str], ...], list[Past]] = {}
    for name in past_runs.names(results)[:most]:
        try:
            run = past_runs.read(results / name)
        except HistoryError:
            continue
        if run.figures():
            alike.setdefault(tuple(sorted(past_runs.conditions(run).items())), []).insert(0, run)
    return [
        Course(runs, {name: shifts(row) for name, row in past_runs.together(runs).items()}) for runs in alike.values()
    ]


def shifts(figures: Sequence[RunFigure]) -> list[Shift]:
    """Each change of the level of the figures, which are in the order of their runs."""
    places = sorted(_places(figures, 0))
    edges = [0, *places, len(figures)]
    return [
        Shift(at, change(figures[before:at], figures[at:after], confidence=1 - CHANCE))
        for before, at, after in zip(edges, places, edges[2:], strict=False)
    ]


def _places(figures: Sequence[RunFigure], offset: int) -> list[int]:
    tried = range(FEWEST_RUNS, len(figures) - FEWEST_RUNS + 1)
    surest, at = max(((_sureness(figures, at, len(tried)), at) for at in tried), default=(0.0, 0))
    if surest <= 1:
        return []
    return [offset + at, *_places(figures[:at], offset), *_places(figures[at:], offset + at)]


def _sureness(figures: Sequence[RunFigure], at: int, tried: int) -> float:
    """The difference of the two sides, over what chance could make of it at so many places.

    All runs are taken to scatter alike: a side of three that happen to agree would be far too sure by itself.
    """
    sides = [[log(figure.value) for figure in side] for side in (figures[:at], figures[at:])]
    difference = abs(fmean(sides[1]) - fmean(sides[0]))
    degrees = len(figures) - 2
    seen = sum(variance(side) * (len(side) - 1) for side in sides) / degrees
    scatter = max(seen, fmean(figure.unsure**2 for figure in figures))
    half = t_quantile(1 - CHANCE / tried / 2, degrees) * sqrt(scatter * (1 / at + 1 / (len(figures) - at)))
    return difference / half if half else (0.0 if difference < SAME else inf)
