"""Keeps what Locust remembers of a run within bounds: it has a row for every second and never lets one go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

KEPT_SECONDS = 600
"""Locust itself looks back ten seconds (requests a second)."""
MOST_POINTS = 2000
"""Points of the charts in Locust's own page and report."""


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


def trim(stats: Stats, now: float) -> None:
    """Forgets counts of seconds long gone, and every second point of charts that have too many."""
    oldest = now - KEPT_SECONDS
    for entry in (stats.total, *stats.entries.values()):
        for counts in (entry.num_reqs_per_sec, entry.num_fail_per_sec):
            for second in [second for second in counts if second < oldest]:
                del counts[second]
    if len(stats.history) > MOST_POINTS:
        del stats.history[::2]
