"""What a scenario times or measures beside its requests, second by second: journeys, and figures of its own. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from lab.counts import histogram
from lab.counts.clock import CLOCK, Clock
from lab.counts.names import Names
from lab.counts.tally import Tally

JOURNEY, MEASURE, CLASS = "JOURNEY", "MEASURE", "CLASS"
"""What the names of marks begin with: several requests timed as one, own figures, the requests of a class of users."""
KINDS = (JOURNEY, MEASURE, CLASS)
MOST_MARKS = 200
"""Names of a run that are told apart."""


class Mark(NamedTuple):
    """What a worker counted of one mark in one second: times in ms of a journey, figures as they are of a measure."""

    second: int
    name: str
    times: Mapping[float, int]
    failures: Mapping[str, int]
    sum_ms: float
    max_ms: float

    def tally(self) -> Tally:
        """The same as a tally of its own."""
        return Tally(dict(self.times), dict(self.failures), self.sum_ms, self.max_ms)


class Marks:
    """The worker's count of marks, until it is drained into a report."""

    def __init__(self, clock: Clock = CLOCK) -> None:
        self._clock = clock
        self._names = Names(MOST_MARKS)
        self._seconds: dict[int, dict[str, Tally]] = {}

    def succeed(self, name: str, figure: float) -> None:
        """Counts a figure, or the time (ms) of a journey that went well, into the present second."""
        tally = self._tally(name)
        key = histogram.three_digits(figure)
        tally.times[key] = tally.times.get(key, 0) + 1
        tally.sum_ms += figure
        tally.max_ms = max(tally.max_ms, figure)

    def fail(self, name: str, reason: str) -> None:
        """Counts a journey that failed into the present second."""
        self._tally(name).fail(reason)

    def _tally(self, name: str) -> Tally:
        return self._seconds.setdefault(self._clock.second(), {}).setdefault(self._names.kept(name), Tally())

    def begin(self) -> None:
        """Forgets all counts and names."""
        self._names, self._seconds = Names(MOST_MARKS), {}

    def drain(self, hide: Callable[[str], str] = str) -> list[Mark]:
        """The counts since the last call, with what is secret hidden in the reasons of failures."""
        seconds, self._seconds = self._seconds, {}
        return [
            Mark(second, name, tally.times, _hidden(tally.failures, hide), tally.sum_ms, tally.max_ms)
            for second, marks in seconds.items()
            for name, tally in marks.items()
        ]


def _hidden(failures: Mapping[str, int], hide: Callable[[str], str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for reason, count in failures.items():
        found[hide(reason)] = found.get(hide(reason), 0) + count
    return found
