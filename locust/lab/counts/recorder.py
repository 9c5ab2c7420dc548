"""The worker's count of answers: into the second (of its own wall clock) in which they came.

Every request passes here, so it is made cheap: one count serves the lab's time line and Locust's own tables, into which
it is added whole, once for each report, rather than request by request.
"""

from __future__ import annotations

import time
from math import inf
from typing import TYPE_CHECKING

from lab.counts import histogram
from lab.counts.timeline import Row, Tally

if TYPE_CHECKING:
    from locust.stats import RequestStats, StatsEntry

Endpoint = tuple[str, str, str | None]
"""Request type, name, and which replica answered: "" where the answer names none, None where there was no answer."""


class Count(Tally):
    """A tally of one second, with what only Locust's tables show."""

    min_ms: float = inf
    bytes: int = 0

    def add_to(self, entry: StatsEntry, second: int) -> None:
        """Adds the successes to a row of Locust's tables, as if each had been logged there."""
        successes = self.successes
        if not successes:
            return
        entry.num_requests += successes
        entry.num_reqs_per_sec[second] += successes
        entry.total_response_time += self.sum_ms  # type: ignore[assignment] # Locust adds fractions of a ms up as well
        entry.total_content_length += self.bytes
        least = self.min_ms if entry.min_response_time is None else min(entry.min_response_time, self.min_ms)
        entry.min_response_time = least  # type: ignore[assignment] # as above
        entry.max_response_time = max(entry.max_response_time, self.max_ms)  # type: ignore[assignment] # as above
        entry.last_request_timestamp = max(entry.last_request_timestamp or 0.0, min(second + 1.0, time.time()))
        for key, count in self.times.items():
            entry.response_times[key] += count  # type: ignore[index] # keys are fractions of a ms (lab/counts/histogram.py)


class Recorder:
    """Counts answers until they are drained into a report."""

    def __init__(self) -> None:
        self._seconds: dict[int, dict[Endpoint, Count]] = {}
        self._second = 0
        self._counts: dict[Endpoint, Count] = {}
        self._waits_until = 0.0

    def waits(self, service_time_ms: float, now: float) -> bool:
        """Whether a user who waits for every answer would have made this request, which was answered now (s).

        There is one such user, who asks again as soon as it is answered. While a service stands still it has made one
        request, and open arrivals hundreds: it tells what a closed loop tells (G. Tene: coordinated omission).
        """
        if now - service_time_ms / 1000 < self._waits_until:
            return False
        self._waits_until = now
        return True

    def succeed_closed(self, request_type: str, name: str, service_time_ms: float, replica: str | None = "") -> None:
        """Counts a success as that user would have told it, beside the count of `succeed`."""
        closed = self._count((request_type, name, replica)).closed
        key = histogram.bucket(service_time_ms)
        closed[key] = closed.get(key, 0) + 1

    def succeed(
        self, request_type: str, name: str, response_time_ms: float, length: int, replica: str | None = ""
    ) -> None:
        """Counts a success into the present second."""
        count = self._count((request_type, name, replica))
        count.succeed(response_time_ms)
        count.min_ms = min(count.min_ms, response_time_ms)
        count.bytes += length

    def fail(self, request_type: str, name: str, failure: str, replica: str | None = None) -> None:
        """Counts a failure into the present second."""
        self._count((request_type, name, replica)).fail(failure)

    def _count(self, endpoint: Endpoint) -> Count:
        second = int(time.time())
        if second != self._second:
            self._second, self._counts = second, self._seconds.setdefault(second, {})
        count = self._counts.get(endpoint)
        if count is None:
            count = self._counts[endpoint] = Count()
        return count

    def drain(self, stats: RequestStats | None = None) -> list[Row]:
        """The counts since the last call; their successes are added to Locust's tables, where these are given."""
        seconds, self._seconds, self._second = self._seconds, {}, 0
        rows: list[Row] = []
        for second, counts in seconds.items():
            for (request_type, name, replica), count in counts.items():
                if stats:
                    count.add_to(stats.total, second)
                    count.add_to(stats.entries[name, request_type], second)
                endpoint = f"{request_type} {name}"
                rows.append(
                    [second, endpoint, count.times, count.failures, count.sum_ms, count.max_ms, replica, count.closed]
                )
        return rows
