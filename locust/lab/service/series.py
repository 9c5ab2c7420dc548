"""The readings of one replica: what did it use in each second? A restart begins a new count."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from lab.service.metrics import SERIES, Durability, Scrape
from lab.service.usage import Usage

KEPT_SECONDS = 60
"""How far back readings are kept: each second is asked for as soon as it is settled."""
MOST_GAP_SECONDS = 6.0
"""Readings further apart give no figures between them: a replica may be overloaded, or dead."""
SILENT_SECONDS = 3.0
"""Between readings further apart it may have been gone (lab/service/absences.py)."""
RESTART_SECONDS = 1.0
"""By how much start times must differ to be two starts: they are rounded to ticks of the machine's clock."""


@dataclass(frozen=True)
class _Point:
    at: float
    totals: dict[str, float]
    gauges: dict[str, float]


class Series:
    """The readings of one replica since the run began, with its counters continued over restarts."""

    def __init__(self, service: str, began: float) -> None:
        self.service, self.kind, self.machine = service, "", ""
        # periods in which it restarted, and in which it was silent for long: gone, or only slow
        self.restarts: list[tuple[float, float]] = []
        self.silences: list[tuple[float, float]] = []
        self.durability: Durability | None = None
        self.totals: dict[str, float] = {}
        self.first_at = self.last_at = 0.0
        self.is_whole = False  # whether it started during the run, so that all its counts are known
        self._began = began
        self._last: Scrape | None = None
        self._points: deque[_Point] = deque()

    def add(self, reading: Scrape) -> None:
        """Takes in a reading; one that is not newer than the last is ignored."""
        last = self._last
        if last and reading.at <= last.at:
            return
        if last is None:
            # counts from before the run are not of the run; a replica that started since has no such counts
            anew = reading.started is not None and reading.started >= self._began
            self.first_at, self.is_whole = reading.at, anew
        else:
            anew = _is_another_life(last, reading)
            self._note_gap(last, reading, anew)
        self._count(reading, Scrape(reading.kind, 0, None) if anew else last or reading)
        gauges = dict(reading.gauges)
        if reading.workers:
            gauges["workers"] = float(len(reading.workers))
        self._points.append(_Point(reading.at, dict(self.totals), gauges))
        while self._points[0].at < reading.at - KEPT_SECONDS:
            self._points.popleft()
        self.durability = reading.durability or self.durability
        self._last, self.last_at, self.kind, self.machine = reading, reading.at, reading.kind, reading.machine

    def _note_gap(self, last: Scrape, reading: Scrape, anew: bool) -> None:
        if anew:
            self.restarts.append((last.at, max(last.at, reading.started or reading.at)))
        elif reading.at - last.at > SILENT_SECONDS and not self.is_coarse:
            self.silences.append((last.at, reading.at))

    @property
    def is_coarse(self) -> bool:
        """Whether its readings come so seldom that silence between them means nothing."""
        return self._last is not None and self._last.gap_seconds > MOST_GAP_SECONDS

    def _count(self, reading: Scrape, before: Scrape) -> None:
        for name, count in reading.counters.items():
            self.totals[name] = self.totals.get(name, 0.0) + max(0.0, count - before.counters.get(name, 0.0))
        for name, now, then in (
            ("worker_cpu_seconds", reading.workers, before.workers),
            ("worker_wait_seconds", reading.waits, before.waits),
        ):
            if now:
                grown = sum(max(0.0, seconds - then.get(pid, 0.0)) for pid, seconds in now.items())
                self.totals[name] = self.totals.get(name, 0.0) + grown

    def second(self, second: int) -> Usage | None:
        """What it used from this second to the next; None without two readings close together around it."""
        begin, end = self._totals_at(second), self._totals_at(second + 1)
        if begin is None or end is None:
            return None
        gauges = next(point.gauges for point in reversed(self._points) if point.at <= second + 1)
        sums = {name: total - begin.get(name, 0.0) for name, total in end.items()}
        averaged: dict[str, float] = {name: gauges[name] for name in ("in_flight", "busy") if name in gauges}
        peaks = {name: figure for name, figure in gauges.items() if name not in averaged}
        lows = {name: figure for name, figure in peaks.items() if name.startswith(SERIES)}
        return Usage(self.kind, self.service, 1, {**sums, **averaged}, peaks, self.machine, lows)

    def _totals_at(self, time: float) -> dict[str, float] | None:
        after = next((index for index, point in enumerate(self._points) if point.at >= time), None)
        if after is not None and self._points[after].at == time:
            return self._points[after].totals
        if not after:  # before the first reading, or after the last
            return None
        left, right = self._points[after - 1], self._points[after]
        if right.at - left.at > (self._last.gap_seconds if self._last else MOST_GAP_SECONDS):
            return None
        share = (time - left.at) / (right.at - left.at)
        return {
            name: left.totals.get(name, 0.0) + share * (total - left.totals.get(name, 0.0))
            for name, total in right.totals.items()
        }


def _is_another_life(last: Scrape, reading: Scrape) -> bool:
    if last.started is not None and reading.started is not None:
        return abs(reading.started - last.started) > RESTART_SECONDS
    return any(count < last.counters.get(name, 0.0) for name, count in reading.counters.items())


def total(of: Iterable[Series], name: str) -> int:
    """What all of them counted together under that name."""
    return round(sum(series.totals.get(name, 0) for series in of))
