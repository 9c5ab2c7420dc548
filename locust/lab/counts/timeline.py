"""What was asked and answered, second by second: counted on the workers (recorder.py), added up on the master.

A worker hands its counts over with Locust's own report. The master adds them up and knows for each second which step it
belongs to, if any.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

from lab.counts import histogram
from lab.counts.health import Health
from lab.counts.histogram import Histogram

MOST_MESSAGES = 50
"""Different failure messages that a tally tells apart; what comes beyond them is counted together."""


LATE_SECONDS = 600
"""How long after its end what was answered in a second still counts for its step."""


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


class Answers(NamedTuple):
    """What a worker counted in one second, for one endpoint and one replica: the row that it sends to the master."""

    second: int
    endpoint: str
    times: Mapping[float, int]
    failures: Mapping[str, int]
    sum_ms: float
    max_ms: float
    replica: str | None = ""  # "" where the answer names none, None where there was no answer
    closed: Mapping[float, int] = MappingProxyType({})

    def tally(self) -> Tally:
        """The same as a tally of its own."""
        return Tally(dict(self.times), dict(self.failures), self.sum_ms, self.max_ms, dict(self.closed))


Workers = dict[int, Health]
"""What each worker measured of itself, by its number."""


@dataclass
class Step:
    """A stretch at constant load that is measured: its users, its seconds, what was answered in them,
    and what the workers measured of themselves meanwhile.

    `number` counts the run's steps from 1. In a search, `purpose` is why the step was run (lab/plans/search.py), `kept`
    whether it kept all limits, and `excess` how far beyond them it was.
    """

    users: int
    started: int
    purpose: str = ""
    kept: bool | None = None
    seconds: int = 0
    successes: list[int] = field(default_factory=list)  # of each second
    endpoints: Endpoints = field(default_factory=lambda: defaultdict(Tally))
    excess: float | None = None
    health: Workers = field(default_factory=dict)
    number: int = 0


def measured(steps: Iterable[Step]) -> tuple[int, Endpoints]:
    """Several steps together: how many seconds were measured, and what was answered in them."""
    seconds, endpoints = 0, defaultdict[str, Tally](Tally)
    for step in steps:
        seconds += step.seconds
        for endpoint, tally in step.endpoints.items():
            endpoints[endpoint].add(tally)
    return seconds, endpoints


def health_of(steps: Iterable[Step]) -> Workers:
    """What each worker measured of itself in several steps together."""
    whole: defaultdict[int, Health] = defaultdict(Health)
    for step in steps:
        for worker, health in step.health.items():
            whole[worker].add(health)
    return whole


class Timeline:
    """The master's side: every second's answers until they have settled, and every step's for good."""

    def __init__(self, started: int) -> None:
        """`started` is the first second of the run; what was answered before it is not of this run.

        `taken_back` is what the workers measured of themselves in seconds whose measurement was taken back.
        """
        self.steps: list[Step] = []
        self._seconds: dict[int, Endpoints] = {}
        self._steps_by_second: dict[int, Step] = {}
        self._taken_back: set[int] = set()
        self._health: dict[int, Workers] = {}
        self.taken_back: Workers = {}
        self._settled_until = started

    def merge(self, rows: Iterable[Answers]) -> None:
        """Adds what a worker drained. A second that was handed out already still counts for its step."""
        for row in rows:
            if row.second >= self._settled_until:
                self._seconds.setdefault(row.second, defaultdict(Tally))[row.endpoint].add(row.tally())
            elif step := self._steps_by_second.get(row.second):
                step.endpoints[row.endpoint].add(row.tally())

    def examine(self, second: int, worker: int, health: Health) -> None:
        """Adds what a worker measured of itself in the second."""
        if second >= self._settled_until:
            workers = self._health.setdefault(second, {})
        elif step := self._steps_by_second.get(second):
            workers = step.health
        elif second in self._taken_back:
            workers = self.taken_back
        else:
            return
        if known := workers.get(worker):
            known.add(health)
        else:
            workers[worker] = health

    def measure(self, second: int, step: Step) -> None:
        """Says that all of this second belongs to the step."""
        self._steps_by_second[second] = step
        step.seconds += 1
        if not self.steps or self.steps[-1] is not step:
            self.steps.append(step)
            step.number = len(self.steps)

    def retract(self, since: int) -> None:
        """Takes back that the seconds from `since` on were measured, as far as they have not been handed out."""
        last = next(reversed(self._steps_by_second), -1)
        for second in range(max(since, self._settled_until), last + 1):
            if step := self._steps_by_second.pop(second, None):
                step.seconds -= 1
                self._taken_back.add(second)
        self.steps = [step for step in self.steps if step.seconds]

    def settle(self, until: int) -> Iterator[tuple[int, Endpoints, Step | None]]:
        """Hands out the seconds before `until`, in order, and counts each into its step: (second, endpoints, step)."""
        for second in range(self._settled_until, until):
            endpoints = self._seconds.pop(second, {})
            step = self._steps_by_second.get(second)
            if step:
                step.successes.append(sum(tally.successes for tally in endpoints.values()))
                for endpoint, tally in endpoints.items():
                    step.endpoints[endpoint].add(tally)
            self._settled_until = second + 1
            self._steps_by_second.pop(second - LATE_SECONDS, None)
            for worker, health in self._health.pop(second, {}).items():
                self.examine(second, worker, health)
            yield second, endpoints, step

    def so_far(self, step: Step, until: int) -> tuple[int, Endpoints]:
        """What the step has measured before the second `until`: its seconds, and what was answered in them."""
        unsettled = range(self._settled_until, until)
        open_seconds = [second for second in unsettled if self._steps_by_second.get(second) is step]
        endpoints: Endpoints = defaultdict(Tally)
        for part in (step.endpoints, *(self._seconds.get(second, {}) for second in open_seconds)):
            for endpoint, tally in part.items():
                endpoints[endpoint].add(tally)
        return len(step.successes) + len(open_seconds), endpoints

    def answered(self, since: int, until: int) -> Tally:
        """What was answered in these seconds, as far as they have not been handed out."""
        seconds = range(max(since, self._settled_until), until)
        return together(tally for second in seconds for tally in self._seconds.get(second, {}).values())
