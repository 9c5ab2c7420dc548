"""What a worker measured of itself: its own clock, CPU and files. Plain data that adds up over seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from lab.counts import histogram
from lab.counts.histogram import Histogram

STANDSTILL_SECONDS = 1.0
"""A stretch from which on a worker that did nothing is said to have stood still."""


@dataclass
class Health:
    """A worker's figures over a stretch of time. Those that the master knows better are added by it."""

    seconds: float = 0.0  # that the worker gave account of
    expected_seconds: float = 0.0  # that it should have: it had users (the master's)
    host: str = ""  # (the master's)
    machine: str = ""  # on which it runs (lab/generator/boot.py)
    users: int = 0  # at most
    answered: int = 0  # requests that ended (the master's)
    unreached: int = 0  # of these, those that found no way to what answered other workers (the master's)
    cpu_seconds: float = 0.0
    waited_seconds: float = 0.0  # ready to run, without being let: others had the core, or the quota was used up
    cpus: float = 1.0  # what it could have used: a core, because it is one thread, or its quota
    cores: int = 0  # of its machine, for all that runs there; 0 where that is not known
    periods: float | None = None  # of the quota
    throttled: float = 0.0  # periods in which the quota was used up
    lags: Histogram = field(default_factory=dict)  # how late (ms) the event loop woke at times spread evenly
    stood_still_seconds: float = 0.0
    gc_seconds: float = 0.0  # garbage collection
    gc_max_ms: float = 0.0
    intended: int = 0  # open arrivals that were due
    started: int = 0
    files: int = 0  # open ones, at most
    files_limit: int | None = None
    files_full_seconds: float = 0.0  # in which no file more could be opened
    visits_limit: int | None = None  # open visits in flight that its files are enough for, where they are the bound
    offset_ms: float | None = None  # how far its clock is behind the master's, and a report's way (the master's)
    jump_ms: float = 0.0  # by how much its clock was set, at most
    round_trip_ms: float | None = None  # to the farthest target and back, as TCP has it (lab/generator/distance.py)

    def lag(self, late_ms: float) -> None:
        """Counts how late the event loop woke."""
        key = lag_bucket(late_ms)
        self.lags[key] = self.lags.get(key, 0) + 1

    def add(self, other: Health) -> None:
        """Counts another stretch of the same worker in."""
        for name in _SUMS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in _MOST:
            setattr(self, name, max(getattr(self, name), getattr(other, name)))
        for name in _LEAST:
            known = [value for value in (getattr(self, name), getattr(other, name)) if value is not None]
            setattr(self, name, min(known, default=None))
        if other.periods is not None:
            self.periods = (self.periods or 0.0) + other.periods
        histogram.add(self.lags, other.lags)

    @property
    def cpu_share(self) -> float:
        """Of the CPU that it could have used."""
        return self.cpu_seconds / (self.seconds * self.cpus) if self.seconds else 0.0

    @property
    def waited_share(self) -> float:
        """Of its time."""
        return self.waited_seconds / self.seconds if self.seconds else 0.0

    @property
    def throttled_share(self) -> float:
        """Of the periods of its quota."""
        return min(1.0, self.throttled / self.periods) if self.periods else 0.0

    @property
    def silent_seconds(self) -> float:
        """That it gave no account of."""
        return max(0.0, self.expected_seconds - self.seconds)

    def document(self) -> dict[str, Any]:
        """As files and reports hold it, to the last digit, so that both are judged alike; defaults are left out."""
        kept = {name: value for name, value in asdict(self).items() if value != _NOTHING[name]}
        if "lags" in kept:
            kept["lags"] = histogram.document(self.lags)
        return kept


_SUMS = (
    *("seconds", "expected_seconds", "cpu_seconds", "waited_seconds", "throttled", "stood_still_seconds"),
    *("gc_seconds", "answered", "unreached", "intended", "started", "files_full_seconds"),
)
_MOST = ("host", "machine", "cores", "users", "gc_max_ms", "files", "jump_ms")
_LEAST = ("cpus", "files_limit", "visits_limit", "offset_ms", "round_trip_ms")
_NOTHING = asdict(Health())


def from_document(document: Mapping[str, Any]) -> Health:
    """What `document` made of it. What it does not know is left out."""
    known = {name: value for name, value in document.items() if name in _NOTHING}
    known["lags"] = histogram.from_document(known.get("lags", {}))
    return Health(**known)


def lag_bucket(late_ms: float) -> float:
    """The lateness to two significant digits; below a tenth of a millisecond it is none.

    >>> lag_bucket(0.06), lag_bucket(1.234), lag_bucket(3456.0)
    (0.0, 1.2, 3500.0)
    """
    return 0.0 if late_ms < 0.1 else float(f"{late_ms:.2g}")
