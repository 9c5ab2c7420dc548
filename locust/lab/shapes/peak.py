"""Plan peak, as Locust knows it: holds the users of the expected peak, or those that make its requests a second."""

from __future__ import annotations

from typing import ClassVar

from lab.arrivals import schedule
from lab.counts.seconds import REPORTED_SECONDS
from lab.plans import stages
from lab.shapes.base import USERS, ShapeRun
from lab.shapes.given import PlanShape


class Peak(PlanShape):
    """Holds LAB_PEAK_USERS, or else as many users as make LAB_PEAK_RPS: they are sought first, which is not judged."""

    abstract: ClassVar[bool] = True

    def reset_time(self) -> None:
        super().reset_time()
        settings = self.conductor.settings
        self.glances: list[tuple[int, float]] = []
        self.sought_rps = None if settings.peak_users or settings.arrivals == schedule.OPEN else settings.peak_rps
        given = None if self.sought_rps else settings.peak_users or settings.peak_rps
        self.begin(given or self.conductor.options.num_users or USERS)

    @property
    def seconds(self) -> float:
        settings = self.conductor.settings
        spawned = settings.most_users / self.spawn_rate
        glance = settings.settle_seconds + stages.GLANCE_SECONDS + REPORTED_SECONDS + spawned
        return super().seconds + (stages.MOST_GLANCES * glance if self.sought_rps else 0)

    def load(self) -> tuple[int, float] | None:
        if (run := self.run) and self.sought_rps:
            self.measures = False
            self._look(run, self.sought_rps)
        return super().load() if not self.sought_rps else (self.stands.holds[0].users, self.spawn_rate)

    def _look(self, run: ShapeRun, rps: float) -> None:
        """Once the users have settled: do they make the wanted throughput, or can none?"""
        until = run.reported_until()
        users = self.stands.holds[0].users
        settled = run.seconds.steady_since and run.seconds.steady_since + self.conductor.settings.settle_seconds
        if not settled or until - settled < stages.GLANCE_SECONDS or self.conductor.runner.target_user_count != users:
            return
        answered = run.timeline.answered(until - stages.GLANCE_SECONDS, until)
        self.glances.append((users, answered.successes / stages.GLANCE_SECONDS))
        self.begin(stages.users_for(rps, self.glances, self.conductor.settings.most_users))
        run.begin_step()
        if self.stands.holds[0].users == users:
            self.sought_rps, self.measures = None, True
