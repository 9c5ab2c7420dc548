"""What the lab's shapes have in common: they ask the conductor for the run, and a fault of theirs ends the test."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from typing import Any, ClassVar, Protocol

import gevent
from gevent.event import Event
from locust import LoadTestShape

from lab.counts.seconds import Seconds
from lab.counts.timeline import Extremes, Step, Timeline
from lab.judging.evidence import Interruption, Search, Stop
from lab.limits import Limit
from lab.settings import Settings

log = logging.getLogger(__name__)

USERS, SPAWN_RATE = 20, 10.0
"""Users, and users a second, where neither LOCUST_USERS nor LOCUST_SPAWN_RATE nor the UI says."""


LOOKS_EVERY_SECONDS, LOOKS = 0.1, 10
"""How often a plan that waits for answers looks whether a further second is reported, in each second."""
LATE_SECONDS = 300.0
"""By how much a plan may take longer than three times its time, its stop and its audit included."""


class ShapeRun(Protocol):
    """What a shape needs of the run that goes on (lab/engine/run.py)."""

    settings: Settings
    limits: tuple[Limit, ...]
    timeline: Timeline
    step: Step | None
    seconds: Seconds
    fault: str | None
    finished: Event

    @property
    def now(self) -> float: ...

    def reported_until(self) -> int: ...

    def begin_step(self, purpose: str = "") -> None: ...

    def extremes(self, step: Step, until: int) -> Extremes: ...

    def judge_step(self, step: Step, kept: bool, excess: float | None, until: int) -> None: ...


class Swarm(Protocol):
    """What a shape needs of Locust's runner."""

    target_user_count: int

    @property
    def worker_count(self) -> int: ...


class ShapeConductor(Protocol):
    """What a shape needs of the master's conductor (lab/engine/conductor.py)."""

    settings: Settings
    options: Any

    @property
    def runner(self) -> Swarm: ...

    @property
    def run(self) -> ShapeRun | None: ...

    def interrupt(self, by: Interruption) -> None: ...


class LabShape(LoadTestShape):
    """What the lab's shapes have in common, and what the run asks them: `search`, `progress` and `measures`."""

    abstract: ClassVar[bool] = True
    use_common_options: ClassVar[bool] = True
    conductor: ClassVar[ShapeConductor]
    stopped: Stop | None = None
    """The breach that ended the plan before its time (LAB_STOP); None where there is none."""
    gave_up = False
    """Whether the plan cannot be carried out, because its users do not stay; what is known of it is judged."""
    last: tuple[int, float] | None = None
    """What was asked for last."""
    search: Search | None = None
    """How the search stands; None where the plan has none."""
    progress: Mapping[str, Any] | None = None
    """What the live page shows of it; None where the load is given beforehand."""
    measures = True
    """Whether seconds at steady load are measured now."""
    looks_often = False
    """Whether the next load is asked for as soon as the reports of a second are in, and not once a second."""
    holds_one_load = False
    """Whether it holds one load from its beginning to its end, so that it is whole however long that lasts."""

    def reset_time(self) -> None:
        super().reset_time()
        self.gave_up, self.measures, self.last = False, True, None
        self.search = self.progress = self.stopped = None

    @property
    def settle_seconds(self) -> float:
        """For how long the load must have stood before a second is measured."""
        return self.conductor.settings.settle_seconds

    @property
    def run(self) -> ShapeRun | None:
        """The run that goes on; None before its first user."""
        run = self.conductor.run
        return run if run and not run.finished.is_set() else None

    @property
    def is_done(self) -> bool:
        """Whether the plan came to its own end."""
        raise NotImplementedError

    @property
    def seconds(self) -> float:
        """How long the plan takes, at most, where nothing gets in its way."""
        raise NotImplementedError

    @property
    def most_seconds(self) -> float | None:
        """After so long it is stopped: what got in its way is measured anew, and takes its time again; None: never."""
        return 3 * self.seconds + self.conductor.settings.audit_seconds + LATE_SECONDS

    def load(self) -> tuple[int, float] | None:
        """How many users there shall be now, and how many of them a second may come; None when the plan is done."""
        raise NotImplementedError

    def tick(self) -> tuple[int, float] | None:
        """What Locust asks once a second; a plan that waits for answers is asked again when there are new ones."""
        asked = self._wanted()
        for _ in range(LOOKS):
            if not self.looks_often or asked is None or asked != self.last or not self.run:
                break
            until = self.run.reported_until()
            gevent.sleep(LOOKS_EVERY_SECONDS)
            if self.run and self.run.reported_until() != until:
                asked = self._wanted()
        self.last = asked
        return asked

    def _wanted(self) -> tuple[int, float] | None:
        """What the load shall be. A fault of the plan ends the test: Locust would go on for ever."""
        try:
            if self.run and self.run.fault:
                raise RuntimeError(self.run.fault)
            if self.run and self.run.seconds.asks_nothing:
                self.conductor.interrupt(Interruption.ASKS_NOTHING)
                return None
            self.gave_up = self.gave_up or bool(self.run and self.run.seconds.not_held)
            asked = None if self.gave_up else self.load()
            if asked is not None:
                check_load(asked[0], asked[1], self.conductor.settings.most_users)
        except Exception:
            log.exception("the plan failed")
            self.conductor.interrupt(Interruption.FAULT)
            return None
        return asked


def check_load(users: int, spawn_rate: float, most_users: int) -> None:
    """Raises ValueError where no run may have so many users, or nobody can come at that rate, in users a second."""
    if not 0 <= users <= most_users:
        raise ValueError(f"{users} users are more than LAB_MAX_USERS allows, or less than none: {most_users}")
    if not (math.isfinite(spawn_rate) and spawn_rate > 0):
        raise ValueError(f"{spawn_rate} users a second is no rate at which users can come")
