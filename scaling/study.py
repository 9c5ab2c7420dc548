"""The outcome of runs at several sizes: a table, the law, and the size that a load needs. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import exp, log
from statistics import fmean
from typing import Any

from lab.figures import rounded, three_digits
from scaling.law import REACH, Fit, NoFitError, SizedCapacity, fit
from scaling.stack import Dimension

_LAW_COLUMNS = ("law_rps", "law_interval", "efficiency", "efficiency_interval")


@dataclass(frozen=True)
class SizedRun:
    """A run at a size: its folder's name and the capacity it found, or why there is none."""

    size: float
    run: str
    rps: float | None
    unsure: float
    problem: str | None


@dataclass(frozen=True)
class Check:
    """One run of the needed load at the size found for it."""

    run: str
    verdict: str
    sentence: str


@dataclass(frozen=True)
class Study:
    """All runs of a service that grows in a dimension, and their outcome."""

    dimension: Dimension
    runs: Sequence[SizedRun]
    need: float | None = None
    check: Check | None = None

    @cached_property
    def fitted(self) -> Fit | NoFitError:
        """The law, or why there is none. Sizes are multiples of `unit`, where the law begins."""
        points = [SizedCapacity(run.size / self.unit, run.rps, run.unsure) for run in self.runs if run.rps]
        try:
            return fit(points)
        except NoFitError as error:
            return error

    @property
    def unit(self) -> float:
        """What the law counts as one: for CPUs, which can be fractions, the smallest size."""
        return min((run.size for run in self.runs), default=1.0) if self.dimension.name == "cpus" else 1.0

    def size_needed(self) -> tuple[float, bool] | NoFitError | None:
        """The size that serves the needed load, and whether that is sure; None where no load is needed."""
        found = self.fitted
        if self.need is None:
            return None
        if isinstance(found, NoFitError):
            return found
        try:
            units, sure = found.size_for(self.need)
        except NoFitError as error:
            return error
        return round(units * self.unit, 6), sure

    def rows(self) -> list[dict[str, Any]]:
        """A row for each size: its runs, their typical capacity, that of the law, and the efficiency."""
        return [self._row(size) for size in sorted({run.size for run in self.runs})]

    def _row(self, size: float) -> dict[str, Any]:
        runs = [run for run in self.runs if run.size == size]
        capacities = [run.rps for run in runs if run.rps]
        found, units = self.fitted, size / self.unit
        return {
            "size": size,
            "runs": [run.run for run in runs],
            "rps": [round(rps, 2) for rps in capacities],
            "typical_rps": round(exp(fmean(map(log, capacities))), 2) if capacities else None,
            **(
                _law_at(found, units)
                if isinstance(found, Fit) and units <= REACH * found.largest
                else dict.fromkeys(_LAW_COLUMNS)
            ),
        }

    def amount(self, size: float) -> str:
        """A size in words: "3 replicas", "0.4 CPUs"."""
        return f"{size:g} {self.dimension.one if size == 1 else self.dimension.many}"

    def sentences(self) -> list[str]:
        """The outcome in sentences, the most important first."""
        found = self.fitted
        if isinstance(found, NoFitError):
            if len(self.runs) == 1 and self.runs[0].problem:
                return [
                    f"No law: the largest size was run first, and {self.runs[0].problem}: raise that and run it again."
                ]
            return [f"No law: {found}."]
        said = [self._need()] if self.need is not None else []
        last = found.largest
        low, high = (f"{end:.0%}".replace("%", " %") for end in found.efficiency_interval(last))
        said.append(
            f"{self.amount(self.unit)} alone serve{'s' if self.unit == 1 else ''} "
            f"{three_digits(found.law.alone)} req/s; {self.amount(last * self.unit)} serve "
            f"{three_digits(found.law.capacity(last))}, each {found.law.efficiency(last):.0%}".replace("%", " %")
            + f" of that (90 % interval {low} to {high})."
        )
        said.append(self._bend(found))
        return said

    def _need(self) -> str:
        assert self.need is not None
        needed = self.size_needed()
        if not isinstance(needed, tuple):
            return f"For {self.need:g} req/s there is no size: {needed}."
        size, sure = needed
        text = f"For {self.need:g} req/s you {'' if sure else 'probably '}need {self.amount(size)}"
        if self.check is None:
            return f"{text}."
        return f"{text}; a run at that size says {self.check.sentence}"

    def _bend(self, found: Fit) -> str:
        if found.bend is None:
            return "Within twice the largest size, more always serve more."
        low, high = found.bend_interval
        ends = f"{three_digits(low * self.unit)} to {'no end' if high is None else three_digits(high * self.unit)}"
        return f"From {self.amount(round(found.bend * self.unit, 1))} on, more serve less (90 % interval {ends})."

    def document(self) -> dict[str, Any]:
        """The study as scaling.json holds it."""
        found, size = self.fitted, self.size_needed()
        whole = isinstance(found, Fit)
        return {
            "schema": 1,
            "dimension": self.dimension.name,
            "sentence": " ".join(self.sentences()),
            "sizes": self.rows(),
            "law": None if isinstance(found, NoFitError) else _law(found, self.unit),
            "no_law": str(found) if not whole else None,
            "need": None
            if self.need is None
            else {
                "rps": self.need,
                "size": size[0] if isinstance(size, tuple) else None,
                "sure": size[1] if isinstance(size, tuple) else None,
                "why_none": None if isinstance(size, tuple) else str(size),
                "check": vars(self.check) if self.check else None,
            },
            "left_out": [{"run": run.run, "size": run.size, "why": run.problem} for run in self.runs if run.problem],
        }


def _law_at(found: Fit, units: float) -> dict[str, Any]:
    """What the law says of a size."""
    figures = (
        rounded(found.law.capacity(units)),
        [rounded(end) for end in found.interval(units)],
        rounded(found.law.efficiency(units)),
        [rounded(end) for end in found.efficiency_interval(units)],
    )
    return dict(zip(_LAW_COLUMNS, figures, strict=True))


def _law(found: Fit, unit: float) -> dict[str, Any]:
    low, high = found.bend_interval
    return {
        "unit": unit,
        "alone_rps": rounded(found.law.alone),
        "contention": rounded(found.law.contention),
        "coherency": rounded(found.law.coherency),
        "spread": rounded(found.spread),
        "bend": None if found.bend is None else rounded(found.bend * unit),
        "bend_interval": None
        if found.bend is None
        else [rounded(low * unit), None if high is None else rounded(high * unit)],
    }
