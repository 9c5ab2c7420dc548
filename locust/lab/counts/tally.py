"""The answers of a stretch of time, counted: what every figure is taken from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lab.counts import histogram
from lab.counts.histogram import Histogram

MOST_MESSAGES = 50
"""Different failure messages, and exceptions, that a tally tells apart; what comes beyond them is counted together."""


@dataclass
class Tally:
    """The answers of a stretch of time: the times of the successes, and the failures by message.

    Of open arrivals, `closed` has the times as users who wait for every answer would have told them (recorder.py).
    `exceptions` are tasks that died, by exception: no answers, so they are in no count of requests.
    """

    times: Histogram = field(default_factory=dict)
    failures: dict[str, int] = field(default_factory=dict)
    sum_ms: float = 0.0
    max_ms: float = 0.0
    closed: Histogram = field(default_factory=dict)
    exceptions: dict[str, int] = field(default_factory=dict)

    @property
    def successes(self) -> int:
        return sum(self.times.values())

    @property
    def failed(self) -> int:
        return sum(self.failures.values())

    @property
    def requests(self) -> int:
        return self.successes + self.failed

    @property
    def died(self) -> int:
        return sum(self.exceptions.values())

    @property
    def failure_share(self) -> float | None:
        """The share of all requests and died tasks that failed; None without any."""
        of = self.requests + self.died
        return (self.failed + self.died) / of if of else None

    def succeed(self, response_time_ms: float) -> None:
        key = histogram.bucket(response_time_ms)
        self.times[key] = self.times.get(key, 0) + 1
        self.sum_ms += response_time_ms
        self.max_ms = max(self.max_ms, response_time_ms)

    def fail(self, message: str, count: int = 1) -> None:
        _note(self.failures, message, count, "(other failures)")

    def die(self, exception: str, count: int = 1) -> None:
        _note(self.exceptions, exception, count, "(other exceptions)")

    def document(self) -> dict[str, Any]:
        """As JSON holds it; exceptions are left out where there are none."""
        return {
            "times": histogram.document(self.times),
            "failures": dict(self.failures),
            "sum_ms": self.sum_ms,
            "max_ms": self.max_ms,
            "closed": histogram.document(self.closed),
            **({"exceptions": dict(self.exceptions)} if self.exceptions else {}),
        }

    def add(self, other: Tally) -> None:
        histogram.add(self.times, other.times)
        histogram.add(self.closed, other.closed)
        for message, count in other.failures.items():
            self.fail(message, count)
        for exception, count in other.exceptions.items():
            self.die(exception, count)
        self.sum_ms += other.sum_ms
        self.max_ms = max(self.max_ms, other.max_ms)


def from_document(row: Mapping[str, Any]) -> Tally:
    """The counterpart of `document`. Raises KeyError, TypeError, ValueError or AttributeError for any other."""
    return Tally(
        histogram.from_document(row["times"]),
        dict(row["failures"]),
        row["sum_ms"],
        row["max_ms"],
        histogram.from_document(row["closed"]),
        dict(row.get("exceptions", {})),
    )


def documents(tallies: Mapping[str, Tally]) -> dict[str, dict[str, Any]]:
    """Tallies by name, as JSON holds them."""
    return {name: tally.document() for name, tally in sorted(tallies.items())}


def from_documents(rows: Mapping[str, Mapping[str, Any]]) -> dict[str, Tally]:
    """The counterpart of `documents`. Raises as `from_document` does."""
    return {name: from_document(row) for name, row in rows.items()}


def _note(counts: dict[str, int], text: str, count: int, others: str) -> None:
    if text not in counts and len(counts) >= MOST_MESSAGES:
        text = others
    counts[text] = counts.get(text, 0) + count


def together(tallies: Iterable[Tally]) -> Tally:
    """One tally of them all."""
    whole = Tally()
    for tally in tallies:
        whole.add(tally)
    return whole
