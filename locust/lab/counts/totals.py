"""What all runs of a master have counted together, by endpoint: figures that only grow, to be scraped. Pure.

A run's own counts begin anew with each run, and leave out what is not measured; these do neither.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from lab.counts.answers import Answers
from lab.counts.names import Names

BOUNDS_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Close together where answers are expected, up to the usual time-out; the service's own metrics have the same."""
MOST_NAMES = 200
"""Endpoints that are told apart over all runs: each is some twenty series, for ever."""
_BOUNDS_MS = tuple(bound * 1000 for bound in BOUNDS_SECONDS)


@dataclass
class Total:
    """What one endpoint has come to. `counts` are successes by the bucket of their time, the last beyond all bounds."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS_SECONDS) + 1))
    seconds: float = 0.0  # of all successes together
    failed: int = 0
    died: int = 0  # tasks, which are no requests

    @property
    def requests(self) -> int:
        """All that was answered, failures too."""
        return sum(self.counts) + self.failed

    def add(self, row: Answers) -> None:
        """Counts a worker's row in. The cost is one step for each different time in it, not for each request."""
        for time_ms, count in row.times.items():
            self.counts[bisect_left(_BOUNDS_MS, time_ms)] += count
        self.seconds += row.sum_ms / 1000
        self.failed += sum(row.failures.values())
        self.died += sum(row.exceptions.values())


class Totals:
    """The totals since the master has started. How many endpoints there can be is bounded."""

    def __init__(self, most_names: int = MOST_NAMES) -> None:
        self._names = Names(most_names)
        self._endpoints: dict[str, Total] = {}

    @property
    def endpoints(self) -> Mapping[str, Total]:
        """By name, as Locust's tables name them."""
        return self._endpoints

    def add(self, rows: Iterable[Answers]) -> None:
        """Counts rows in, of whichever run they are."""
        for row in rows:
            self._endpoints.setdefault(self._names.kept(row.endpoint), Total()).add(row)
