"""What a replica or a proxy used in a stretch of time: sums that add up over seconds, and peaks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from lab.service.metrics import REPLICA


@dataclass
class Usage:
    """Over so many seconds: the sums of its counters and of the gauges that are averaged, and the peaks and lows."""

    kind: str = REPLICA
    service: str = "service"  # that the replica belongs to, such as api
    seconds: int = 0
    sums: dict[str, float] = field(default_factory=dict)
    peaks: dict[str, float] = field(default_factory=dict)
    machine: str = ""  # on which it is; "" where that is not known
    lows: dict[str, float] = field(default_factory=dict)  # of the series that limits want

    def add(self, other: Usage) -> None:
        """Adds another stretch of the same replica."""
        self.seconds += other.seconds
        self.machine = other.machine or self.machine
        for name, figure in other.sums.items():
            self.sums[name] = self.sums.get(name, 0.0) + figure
        for name, figure in other.peaks.items():
            self.peaks[name] = max(self.peaks.get(name, figure), figure)
        for name, figure in other.lows.items():
            self.lows[name] = min(self.lows.get(name, figure), figure)

    def per_second(self, name: str) -> float | None:
        """The mean of a sum over the seconds; None where it is unknown."""
        figure = self.sums.get(name)
        return None if figure is None or not self.seconds else figure / self.seconds

    @property
    def cpu_cores(self) -> float | None:
        """CPU seconds a second."""
        return self.per_second("cpu_seconds")

    @property
    def cpu_used(self) -> float | None:
        """CPU as a ratio of its limit."""
        return _ratio(self.cpu_cores, self.peaks.get("cpu_limit"))

    @property
    def throttled(self) -> float | None:
        """The share of CPU periods in which the container was held back."""
        return _ratio(self.sums.get("throttled_periods"), self.sums.get("periods"))

    @property
    def memory_bytes(self) -> float | None:
        """Most memory: of its processes, or else of its container, caches included that the kernel can reclaim."""
        return self.peaks.get("resident_bytes", self.peaks.get("memory_bytes"))

    @property
    def memory_used(self) -> float | None:
        """Most memory, as a ratio of its limit."""
        return _ratio(self.memory_bytes, self.peaks.get("memory_limit_bytes"))

    @property
    def workers_busy(self) -> float | None:
        """How busy its workers are, as a ratio: each has one event loop, which uses one core at most."""
        return _ratio(self.per_second("worker_cpu_seconds"), self.peaks.get("workers"))

    @property
    def store_seconds(self) -> float | None:
        """How long a request waits for the store, on average."""
        return _ratio(self.sums.get("store_seconds"), self.sums.get("served"))

    def document(self) -> dict[str, Any]:
        """As service.json holds it."""
        return asdict(self)


def from_document(row: Mapping[str, Any]) -> Usage:
    """The counterpart of `document`."""
    return Usage(
        row["kind"],
        row["service"],
        row["seconds"],
        dict(row["sums"]),
        dict(row["peaks"]),
        row.get("machine", ""),
        dict(row.get("lows", {})),  # runs of earlier versions have neither of the two
    )


def together(steps: Iterable[Mapping[str, Usage]]) -> dict[str, Usage]:
    """What each replica used in several steps together, by its name."""
    whole: dict[str, Usage] = {}
    for step in steps:
        for name, usage in step.items():
            whole.setdefault(name, Usage(usage.kind, usage.service)).add(usage)
    return whole


def _ratio(part: float | None, whole: float | None) -> float | None:
    return None if part is None or not whole else part / whole
