"""The answers of a stretch of time, counted: what every figure is taken from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from lab.counts import histogram
from lab.counts.histogram import Histogram

MOST_MESSAGES = 50
"""Different failure messages that a tally tells apart; what comes beyond them is counted together."""


@dataclass
class Tally:
    """The answers of a stretch of time: the times of the successes, and the failures by message.

    Of open arrivals, `closed` has the times as users who wait for every answer would have told them (recorder.py).
    """

    times: Histogram = field(default_factory=dict)
    failures: dict[str, int] = field(default_factory=dict)
    sum_ms: float = 0.0
    max_ms: float = 0.0
    closed: Histogram = field(default_factory=dict)

    @property
    def successes(self) -> int:
        return sum(self.times.values())

    @property
    def failed(self) -> int:
        return sum(self.failures.values())

    @property
    def requests(self) -> int:
        return self.successes + self.failed

    def succeed(self, response_time_ms: float) -> None:
        key = histogram.bucket(response_time_ms)
        self.times[key] = self.times.get(key, 0) + 1
        self.sum_ms += response_time_ms
        self.max_ms = max(self.max_ms, response_time_ms)

    def fail(self, message: str, count: int = 1) -> None:
        if message not in self.failures and len(self.failures) >= MOST_MESSAGES:
            message = "(other failures)"
        self.failures[message] = self.failures.get(message, 0) + count

    def add(self, other: Tally) -> None:
        histogram.add(self.times, other.times)
        histogram.add(self.closed, other.closed)
        for message, count in other.failures.items():
            self.fail(message, count)
        self.sum_ms += other.sum_ms
        self.max_ms = max(self.max_ms, other.max_ms)


Endpoints = dict[str, Tally]
"""A tally for each endpoint, which is named as Locust's tables name it: "GET /tests"."""


def together(tallies: Iterable[Tally]) -> Tally:
    """One tally of them all."""
    whole = Tally()
    for tally in tallies:
        whole.add(tally)
    return whole
