"""Locust's own tables: filled once for each report on a worker, and kept within bounds on the master.

Locust adds to them with every request, and keeps a row for every second for ever.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol

from locust.stats import StatsEntry

from lab.counts.names import MOST_ENDPOINTS, MOST_LETTERS

if TYPE_CHECKING:
    from locust.stats import RequestStats

    from lab.counts.recorder import Count, Counts

KEPT_SECONDS = 600
"""Locust itself looks back ten seconds (requests a second)."""
MOST_POINTS = 2000
"""Points of the charts in Locust's own page and report."""


MOST_ENTRIES = 2 * MOST_ENDPOINTS
"""Rows of Locust's table of requests, and as many of that of failures."""


class Entry(Protocol):
    """What Locust keeps of an endpoint."""

    @property
    def num_reqs_per_sec(self) -> dict[int, int]: ...

    @property
    def num_fail_per_sec(self) -> dict[int, int]: ...


class Stats(Protocol):
    """What Locust keeps of a run."""

    @property
    def total(self) -> Entry: ...

    @property
    def entries(self) -> Mapping[Any, Entry]: ...

    @property
    def history(self) -> list[dict[str, Any]]: ...


def fill(stats: RequestStats, counts: Counts) -> None:
    """Adds the successes that were counted, as if each had been logged by itself."""
    for second, endpoints in counts.items():
        for (request_type, name, _replica, _user), count in endpoints.items():
            if count.times:
                _add(count, stats.total, second)
                _add(count, stats.entries[name, request_type], second)


def _add(count: Count, entry: StatsEntry, second: int) -> None:
    successes = count.successes
    entry.num_requests += successes
    entry.num_reqs_per_sec[second] += successes
    entry.total_response_time += count.sum_ms  # type: ignore[assignment] # Locust adds fractions of a ms up as well
    entry.total_content_length += count.bytes
    least = count.min_ms if entry.min_response_time is None else min(entry.min_response_time, count.min_ms)
    entry.min_response_time = least  # type: ignore[assignment] # as above
    entry.max_response_time = max(entry.max_response_time, count.max_ms)  # type: ignore[assignment] # as above
    entry.last_request_timestamp = max(entry.last_request_timestamp or 0.0, min(second + 1.0, time.time()))
    for key, times in count.times.items():
        entry.response_times[key] += times  # type: ignore[index] # keys are fractions of a ms (lab/counts/histogram.py)


def empty(report: dict[str, Any], stats: RequestStats) -> None:
    """Takes out of a worker's report what Locust would add to its tables."""
    nothing = StatsEntry(stats, "Aggregated", "").get_stripped_report()
    report.update(stats=[], stats_total=nothing, errors={})


def shorten(data: dict[str, Any], **_: Any) -> None:
    """Leaves out of a worker's report what is too much for Locust's own tables; the lab's part has counted it."""
    errors = islice(data["errors"].items(), MOST_ENTRIES)
    data["errors"] = {key: {**error, "error": error["error"][:MOST_LETTERS]} for key, error in errors}


def admit(stats: RequestStats, report: dict[str, Any]) -> None:
    """Leaves out of a report the rows for which Locust's own tables on the master have no room."""
    entries = (((entry["name"], entry["method"]), entry) for entry in report["stats"])
    report["stats"] = [entry for _, entry in _with_room(stats.entries, entries)]
    report["errors"] = dict(_with_room(stats.errors, report["errors"].items()))


def _with_room(known: Mapping[Any, Any], rows: Iterable[tuple[Any, Any]]) -> Iterator[tuple[Any, Any]]:
    room = MOST_ENTRIES - len(known)
    for key, row in rows:
        if key in known or room > 0:
            room -= key not in known
            yield key, row


def trim(stats: Stats, now: float) -> None:
    """Forgets counts of seconds long gone, and every second point of charts that have too many."""
    oldest = now - KEPT_SECONDS
    for entry in (stats.total, *stats.entries.values()):
        for counts in (entry.num_reqs_per_sec, entry.num_fail_per_sec):
            for second in [second for second in counts if second < oldest]:
                del counts[second]
    if len(stats.history) > MOST_POINTS:
        del stats.history[::2]
