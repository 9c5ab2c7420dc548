"""The worker as an instrument checks itself: does its event loop wake late, does it get its CPU, can it open files?

A timer of the event loop wakes some twenty times a second; answers are noticed as late as it wakes. The wake-ups missed
during a standstill are counted as well, at their due times: else a long pause would be one reading among hundreds,
though most answers would have come during it (G. Tene, "How NOT to
Measure Latency").
"""

from __future__ import annotations

import gc
import os
import resource
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gevent

from lab.arrivals.source import MOST_VISITS, Source, most_visits
from lab.counts.clock import CLOCK, Clock
from lab.counts.health import STANDSTILL_SECONDS, Health
from lab.generator import boot, cgroup
from lab.generator.distance import Distance
from lab.reach import see_connects

TICK_SECONDS = 0.05
"""Often enough for a percentile over seconds, and rare enough to cost less than a thousandth of a core."""
TIMER_GRAIN_SECONDS = 0.001
"""How late a timer can be on an idle loop, which waits in whole milliseconds; answers are not delayed."""


@dataclass(frozen=True)
class ProcessCounters:
    """The counters of the process at a moment."""

    at: float  # monotonic
    cpu: float
    waited: float
    throttled: int
    gc: float
    intended: int
    started: int


class Vitals:
    """Watches from its start on; its figures are drained into Locust's own report, second by second."""

    def __init__(
        self, users: Callable[[], int], clock: Clock = CLOCK, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._users, self._clock, self._monotonic = users, clock, monotonic
        self._quota, self._machine, self._cores = cgroup.quota(), boot.machine(), len(os.sched_getaffinity(0))
        self._distance = Distance()
        self._seconds: defaultdict[int, Health] = defaultdict(Health)
        self._gc_began = self._gc_seconds = self._gc_max = 0.0
        self._most_users = 0  # since the last account: those who ask may be gone when it is given
        self._before = self._read()
        self._due = monotonic() + TICK_SECONDS

    def start(self) -> None:
        """Watches from now on."""
        see_connects(self._distance.connects)
        gc.callbacks.append(self._on_gc)
        self._timer = gevent.get_hub().loop.timer(TICK_SECONDS, TICK_SECONDS, ref=False)
        self._due = self._monotonic() + TICK_SECONDS
        self._timer.start(self._on_time, update=True)

    def begin(self, targets: Iterable[str]) -> None:
        """Forgets all figures, and reads the quota again: it can be changed between two runs."""
        self._quota = cgroup.quota()
        self._distance.begin(targets)
        self._before = self._read()
        self._seconds.clear()
        self._gc_max = 0.0
        self._most_users = 0

    def tick(self) -> None:
        """Records how late this call is."""
        now = self._monotonic()
        late = now - self._due - TIMER_GRAIN_SECONDS
        if late >= STANDSTILL_SECONDS:
            for second, seconds in _split(self._due + self._clock.ahead, now + self._clock.ahead):
                self._seconds[second].stood_still_seconds += seconds
        due = self._due
        while True:
            self._seconds[int(due + self._clock.ahead)].lag(late * 1000)
            late, due = late - TICK_SECONDS, due + TICK_SECONDS
            if late < 0:
                break
        self._due = now + TICK_SECONDS
        self._most_users = max(self._most_users, self._users())

    def drain(self) -> list[tuple[int, dict[str, Any]]]:
        """The figures since the last call: for each second a Health, as a document."""
        before, now = self._before, self._read()
        # where no file more can be opened, the kernel's counts cannot be read: they stay what they were
        now = replace(now, waited=max(now.waited, before.waited), throttled=max(now.throttled, before.throttled))
        self._before = now
        (files, limit), room, round_trip_ms = open_files(), most_visits(), self._distance.round_trip_ms()
        users, self._most_users = max(self._most_users, self._users()), self._users()
        whole = max(now.at - before.at, 1e-9)
        for second, seconds in _split(before.at + self._clock.ahead, now.at + self._clock.ahead):
            share = seconds / whole
            health = self._seconds[second]
            health.seconds += seconds
            health.cpu_seconds += (now.cpu - before.cpu) * share
            health.waited_seconds += (now.waited - before.waited) * share
            health.gc_seconds += (now.gc - before.gc) * share
            if self._quota:
                health.periods = (health.periods or 0.0) + seconds / self._quota.period_seconds
                health.throttled += (now.throttled - before.throttled) * share
            health.cpus, health.users = min(1.0, self._quota.cpus if self._quota else 1.0), users
            health.files, health.files_limit, health.machine = files, limit, self._machine
            health.cores, health.round_trip_ms = self._cores, round_trip_ms
            health.visits_limit = None if room >= MOST_VISITS else room
            health.files_full_seconds += seconds if files == limit else 0.0
        last = self._seconds[int(now.at + self._clock.ahead)]
        last.gc_max_ms = self._gc_max * 1000
        last.intended, last.started = now.intended - before.intended, now.started - before.started
        seen, self._seconds = self._seconds, defaultdict(Health)
        self._gc_max = 0.0
        return [(second, health.document()) for second, health in seen.items()]

    def _on_time(self) -> None:
        self.tick()
        self._timer.again(self._on_time, update=True)

    def _on_gc(self, phase: str, _: dict[str, int]) -> None:
        if phase == "start":
            self._gc_began = time.perf_counter()
            return
        took = time.perf_counter() - self._gc_began
        self._gc_seconds += took
        self._gc_max = max(self._gc_max, took)

    def _read(self) -> ProcessCounters:
        return ProcessCounters(
            at=self._monotonic(),
            cpu=time.process_time(),
            waited=waited_seconds(),
            throttled=self._quota.throttled() if self._quota else 0,
            gc=self._gc_seconds,
            intended=Source.intended_of_all,
            started=Source.started_of_all,
        )


def _split(since: float, until: float) -> Iterator[tuple[int, float]]:
    """The seconds of a stretch of time, each with how much of it is in the stretch."""
    second = int(since)
    while second < until:
        yield second, min(until, second + 1) - max(since, second)
        second += 1


def waited_seconds(schedstat: Path = Path("/proc/self/schedstat")) -> float:
    """How long the main thread, since its start, was ready to run but had no CPU; 0 where the kernel does not say."""
    try:
        return int(schedstat.read_text().split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return 0.0


def open_files() -> tuple[int, int | None]:
    """The open files and their limit, None if unlimited. Both are equal where no file more can be opened."""
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        # listing them opens one more
        return len(list(Path("/proc/self/fd").iterdir())) - 1, None if limit == resource.RLIM_INFINITY else limit
    except OSError:
        return limit, limit
