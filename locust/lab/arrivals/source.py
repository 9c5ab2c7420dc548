"""Open arrivals: visitors come on schedule, whether or not earlier ones have their answers.

With LAB_ARRIVALS=open each Locust user is a source of one visit a second, so N users are N arrivals a second, and
every plan works unchanged. A response time counts from the intended start of its visit: a service that stands still
is charged for every visitor that waited (G. Tene, "How NOT to Measure Latency": coordinated omission).
"""

from __future__ import annotations

import itertools
import resource
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar

import gevent
from gevent.event import Event
from gevent.pool import Group
from locust import User

from lab.arrivals.schedule import CLOSED, POISSON, intended_times
from lab.arrivals.visit import Visits, charge_late_starts
from lab.journeys import visiting
from lab.locust_internals import is_between_tasks, start_as

if TYPE_CHECKING:
    from locust.env import Environment

VISIT = "VISIT"
"""The request type of a visit without any answer: what it would have asked for is unknown."""
MOST_VISITS = 10_000
"""Most visits in flight in a worker; each takes about 30 KB."""
IDLE_VISITORS = 2
"""Idle visitors that a source keeps, with their connections; after a crowd the others are dropped one by one."""
OTHER_FILES = 100
"""File descriptors that a worker needs besides those of its visitors' connections."""


def most_visits() -> int:
    """How many visits can be in flight in this process: each has a connection and may leave an idle one.

    In practice LAB_TIMEOUT bounds them: at most about that many seconds of arrivals are in flight.
    """
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        return MOST_VISITS
    return max(1, min(MOST_VISITS, (files - OTHER_FILES) // 2))


class ArrivalDropped(Exception):  # noqa: N818 - its name is what the report shows
    """A visitor that was not let in: the swarm already has as many visits in flight as it can hold."""

    def __init__(self, in_flight: int) -> None:
        super().__init__(f"arrival dropped: {in_flight} visits in flight")


class OpenArrivals(User):
    """A user that is a source of arrivals where its class says so: `arrivals = "open"`.

    At each due time one task, chosen by weight, runs on a visitor: another object of this class, with its own client,
    that is reused when it is free. So a task may keep state in `self` during a visit, but must not rely on state of
    earlier ones. The wait time between tasks does not apply; that within a TaskSet does.
    """

    abstract = True
    arrivals: ClassVar[str] = CLOSED
    arrival_spacing: ClassVar[str] = POISSON
    _numbers: ClassVar[Iterator[int]] = itertools.count()
    _source: Source | None = None

    def start(self, group: Group) -> Any:
        if self.arrivals == CLOSED:
            return super().start(group)
        worker = max(0, getattr(self.environment.runner, "worker_index", 0))
        times = intended_times(self.arrival_spacing, time.monotonic(), next(self._numbers), worker)
        self._source = Source(type(self), self.environment, times)
        return start_as(self, group, self._source.run)

    def stop(self, force: bool = False) -> bool:
        if self._source:
            self._source.stop()
        killed: bool = super().stop(force)
        return killed


def in_tasks(greenlets: Iterable[Any]) -> list[User]:
    """The users who are not between two tasks; a source is in none itself, and fails its own visits."""
    # gevent takes the arguments away a moment before a greenlet is ready
    users: list[User] = [greenlet.args[0] for greenlet in greenlets if greenlet.args and not greenlet.ready()]
    return [user for user in users if not is_between_tasks(user) and getattr(user, "arrivals", CLOSED) == CLOSED]


class Source:
    """Starts a visit whenever one is due; waits for visits only at the end."""

    in_flight_of_all: ClassVar[int] = 0
    intended_of_all: ClassVar[int] = 0
    started_of_all: ClassVar[int] = 0

    def __init__(self, visitor_class: type[User], environment: Environment, times: Iterator[float]) -> None:
        self.visitor_class, self.environment = visitor_class, environment
        self._times = times
        self._due = next(times)
        self._timer = gevent.get_hub().loop.timer(0.0)
        self._stopping = Event()
        self._visitors: set[Visits] = set()
        self._free: list[Visits] = []
        self._most_visits = most_visits()
        charge_late_starts(environment)

    def run(self) -> None:
        """Makes arrivals until it is stopped, then waits for the visits in flight. A kill kills them too."""
        try:
            self._await_due()
            self._stopping.wait()
            gevent.joinall(list(self._visitors))
        finally:
            self._timer.close()
            gevent.killall(list(self._visitors))

    def stop(self) -> None:
        """Makes no further arrivals; visits in flight end as Locust's tasks would."""
        self._stopping.set()
        self._timer.close()
        for visits in list(self._visitors):
            visits.stop()

    def keeps(self, visits: Visits) -> bool:
        """Counts a visit as ended; returns whether its visitor is kept for the next one."""
        in_flight = len(self._visitors) - len(self._free) - 1
        if self._stopping.is_set() or len(self._free) >= in_flight + IDLE_VISITORS:
            return False
        Source.in_flight_of_all -= 1
        self._free.append(visits)
        return True

    def fail(self, reason: Exception) -> None:
        """Counts a visit without any answer as a failure."""
        visiting.note(self.visitor_class.__name__)
        self.environment.events.request.fire(
            request_type=VISIT,
            name=self.visitor_class.__name__,
            response_time=None,
            response_length=0,
            response=None,
            context={},
            exception=reason,
            start_time=time.time(),
            url=None,
        )

    def _await_due(self) -> None:
        # a timer of the event loop: sleeping in a greenlet would cost twice as much
        self._timer = gevent.get_hub().loop.timer(max(0.0, self._due - time.monotonic()))
        self._timer.start(self._on_time)

    def _on_time(self) -> None:
        """Starts what is due. The event loop runs this: it must not wait."""
        self._timer.close()
        now = time.monotonic()
        # the loop's clock may be a little ahead; after a standstill of the process, everything missed is due at once
        while self._due <= now and not self._stopping.is_set():
            self._arrive(self._due)
            self._due = next(self._times)
        if not self._stopping.is_set():
            self._await_due()

    def _arrive(self, due: float) -> None:
        Source.intended_of_all += 1
        if Source.in_flight_of_all >= self._most_visits:
            gevent.spawn(self.fail, ArrivalDropped(self._most_visits))
            return
        Source.started_of_all += 1
        Source.in_flight_of_all += 1
        if self._free:
            visits = self._free.pop()
        else:
            visits = Visits(self)
            self._visitors.add(visits)
            visits.rawlink(self._end)
        visits.begin(due)

    def _end(self, visits: Visits) -> None:
        self._visitors.discard(visits)
        if visits.in_flight:
            Source.in_flight_of_all -= 1
