"""How often does it fail, for how long, and does it drift? What a soak saw, and its figures. Pure.

A second is bad if it surely breaks a limit, or has no answer though answers are due. A number of bad seconds in a row
(LAB_FAILURE_TIME) is a failure; a burst of errors is one at once. A failure begins with its first bad second and ends
when as many seconds in a row are good. Memory is bounded: a year takes no more than an hour.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypedDict

from lab.counts.endpoints import Tallies
from lab.counts.timeline import Tally, together
from lab.figures import rounded, significant, utc
from lab.limits import Limit
from lab.plans import bad_second
from lab.soak.drift import Course, Drift, drift
from lab.soak.reliability import Lifetimes, LifetimesRow

MOST_FAILURES = 100
"""Failures that are listed; all are counted."""
MOST_COURSES = 40
"""Figures that are checked for drift."""


@dataclass(frozen=True)
class FailureRule:
    """What counts as a failure: a limit broken for so many seconds, or this share of a second's requests failed."""

    limits: tuple[Limit, ...]
    seconds: int
    errors: float

    def text(self) -> str:
        bounds = " ".join(limit.text for limit in self.limits if limit.is_of_sums)
        return f"{bounds} broken for {self.seconds} s, or {self.errors * 100:g} % of a second's requests failed"


@dataclass(frozen=True)
class Failure:
    """A stretch of seconds in which the service failed; `ended` is None while it goes on."""

    began: int
    ended: int | None
    cause: str


FailureRow = TypedDict("FailureRow", {"from": str, "to": str | None, "seconds": int | None, "cause": str})
"""A failure as verdict.json holds it; it has no end where it went on when the run ended."""

DriftRow = TypedDict(
    "DriftRow",
    {
        "name": str,
        "unit": str,
        "from": float,
        "to": float,
        "per_hour": float,
        "per_hour_interval": list[float],
        "chance": float,
        "drifts": bool,
        "bound": float | None,
        "hours_to_bound": float | None,
    },
)
"""A figure that was checked for drift, as verdict.json holds it."""


class SoakRow(LifetimesRow):
    """What a soak saw, as verdict.json holds it."""

    rule: str
    observed_seconds: int
    count: int
    failures: list[FailureRow]
    drift: list[DriftRow]


@dataclass
class Watch:
    """Takes in the measured seconds of a run in order. Seconds that are left out do not count."""

    rule: FailureRule
    failures: list[Failure] = field(default_factory=list)
    count: int = 0
    repaired: int = 0
    up_seconds: int = 0
    down_seconds: int = 0
    answered: int = 0
    courses: dict[tuple[str, str], Course] = field(default_factory=dict)
    bounds: dict[str, float] = field(default_factory=dict)
    _bad: list[int] = field(default_factory=list)
    _good: int = 0
    _failed: bool = False
    _last: int | None = None

    def see(self, second: int, endpoints: Tallies) -> None:
        """Takes in what was answered in a second."""
        if self._last is not None and second > self._last + 1:
            self._forget()
        self._last = second
        whole = together(endpoints.values())
        cause, burst = self._cause(endpoints, whole), bad_second.is_burst(whole, self.rule.errors)
        self.answered += whole.requests
        self.up_seconds += not self._failed
        self.down_seconds += self._failed
        if cause or burst:
            self._see_bad(second, cause or "a burst of errors", is_enough=burst)
        elif whole.requests or not self._is_due:
            self._see_good(second)

    def _see_bad(self, second: int, cause: str, *, is_enough: bool) -> None:
        self._good = 0
        if not self._failed:
            self._bad.append(second)
            if is_enough or len(self._bad) >= self.rule.seconds:
                self._fail(cause)

    def _see_good(self, second: int) -> None:
        self._good += 1
        self._bad.clear()
        if self._failed and self._good >= self.rule.seconds:
            self._repair(second)

    def note(self, name: str, unit: str, second: int, figure: float | None, bound: float | None = None) -> None:
        """Takes in a figure to be checked for drift, by its name and unit, and its bound."""
        if (name, unit) in self.courses or len(self.courses) < MOST_COURSES:
            self.courses.setdefault((name, unit), Course()).add(second, figure)
            if bound is not None:
                self.bounds[name] = bound

    def lose(self, began: int, ended: int | None, cause: str) -> None:
        """Takes in, after the last second, a failure that was seen elsewhere; `ended` is None if it is not over.

        It is ignored where it overlaps with another failure.
        """
        if self._last is None or began > self._last:
            return
        until = min(ended or self._last + 1, self._last + 1)
        if any(began < (other.ended or until) and other.began < until for other in self.failures):
            return
        self.count += 1
        self.repaired += ended is not None
        self.up_seconds -= until - began
        self.down_seconds += until - began
        self.failures = sorted([*self.failures, Failure(began, ended, cause)], key=lambda one: one.began)[
            :MOST_FAILURES
        ]

    @property
    def _is_due(self) -> bool:
        seconds = self.up_seconds + self.down_seconds
        return bool(seconds) and self.answered >= bad_second.DUE * seconds

    def _cause(self, endpoints: Tallies, whole: Tally) -> str:
        """Why the second is bad; empty where it is not."""
        if not whole.requests:
            return "no answer at all" if self._is_due else ""
        return bad_second.broken(self.rule.limits, endpoints)

    def _fail(self, cause: str) -> None:
        self.count += 1
        self._failed = True
        self.failures.append(Failure(self._bad[0], None, cause))
        del self.failures[MOST_FAILURES:]
        self.up_seconds -= len(self._bad)
        self.down_seconds += len(self._bad)
        self._bad.clear()

    def _repair(self, second: int) -> None:
        """The last, good seconds do not belong to the failure."""
        self._failed = False
        self.repaired += 1
        self.down_seconds -= self._good
        self.up_seconds += self._good
        if self.count <= MOST_FAILURES:
            last = self.failures[-1]
            self.failures[-1] = Failure(last.began, second + 1 - self._good, last.cause)

    def _forget(self) -> None:
        """Whether a failure lasted through a gap is unknown: it is taken to end where the gap begins."""
        if self._failed and self._last is not None:
            self._repair(self._last)
        self._bad.clear()
        self._good = 0

    def document(self) -> SoakRow:
        """The part of verdict.json."""
        lifetimes = Lifetimes(self.count, self.repaired, self.up_seconds, self.down_seconds)
        return {
            "rule": self.rule.text(),
            "observed_seconds": self.up_seconds + self.down_seconds,
            "count": self.count,
            "failures": [_row(failure) for failure in self.failures],
            **lifetimes.document(),
            "drift": [
                _drift_row(name, unit, found, self.bounds.get(name))
                for (name, unit), course in self.courses.items()
                if (found := drift(course.points()))
            ],
        }


def _row(failure: Failure) -> FailureRow:
    return {
        "from": utc(failure.began),
        "to": None if failure.ended is None else utc(failure.ended),
        "seconds": None if failure.ended is None else failure.ended - failure.began,
        "cause": failure.cause,
    }


def _drift_row(name: str, unit: str, found: Drift, bound: float | None) -> DriftRow:
    until = None if bound is None else found.seconds_until(bound)
    return {
        "name": name,
        "unit": unit,
        "from": significant(found.began),
        "to": significant(found.ended),
        "per_hour": significant(found.slope * 3600),
        "per_hour_interval": [significant(found.low * 3600), significant(found.high * 3600)],
        "chance": significant(found.chance),
        "drifts": found.is_sure,
        "bound": bound,
        "hours_to_bound": None if until is None else rounded(until / 3600),
    }
