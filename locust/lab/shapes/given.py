"""Plans whose loads are given beforehand (lab/plans/stages.py), as Locust knows them."""

from __future__ import annotations

from typing import ClassVar

from lab import limits
from lab.counts.timeline import measured
from lab.judging.evidence import Stop
from lab.plans import stages
from lab.plans.stopping import Watch
from lab.settings import BREACH
from lab.shapes.base import SPAWN_RATE, USERS, LabShape, ShapeRun


class PlanShape(LabShape):
    """A plan whose loads are given: it walks through its holds."""

    abstract: ClassVar[bool] = True
    plan: ClassVar[stages.Plan]

    def reset_time(self) -> None:
        super().reset_time()
        self.watch = self._watch()
        self.holds_one_load = len(self.plan.stages) == 1
        self.spawn_rate = self.conductor.options.spawn_rate or SPAWN_RATE
        self.begin(self.conductor.options.num_users or USERS)

    def begin(self, users: int) -> None:
        """The plan from its first hold on, with so many users at its height."""
        settings = self.conductor.settings
        seconds = self.conductor.options.run_time or settings.run_seconds
        self.stands = stages.start(self.plan, users, seconds, settings.settle_seconds)

    @property
    def is_done(self) -> bool:
        return self.gave_up or self.stopped is not None or self.stands.hold is None

    @property
    def seconds(self) -> float:
        holds = self.stands.holds
        most_users = max(hold.users for hold in holds)
        return sum(self.stands.settle_seconds + hold.seconds + most_users / self.spawn_rate for hold in holds)

    def load(self) -> tuple[int, float] | None:
        before, run = self.stands.index, self.run
        if run:
            self.stands = stages.advance(self.stands, run.now, run.seconds.steady_since)
        if run and self.stands.index != before:
            run.begin_step()
        if run and self.watch and self.stands.hold:
            self._look_for_a_breach(run, self.watch)
        hold = None if self.stopped else self.stands.hold
        return (hold.users, self.spawn_rate) if hold else None

    def _watch(self) -> Watch | None:
        """What ends the plan at a breach, where that is asked for."""
        is_asked = self.conductor.settings.stop == BREACH and self.plan.name in stages.HELD
        return Watch() if is_asked else None

    def _look_for_a_breach(self, run: ShapeRun, watch: Watch) -> None:
        steps = run.timeline.known(until := run.reported_until())
        seconds, endpoints = measured(steps)
        # a load that was begun once more has a figure of the service for each of its steps: they wait for the end
        used = run.extremes(run.step, until).used if run.step and len(steps) == 1 else {}
        extremes = limits.extremes(steps, run.limits)._replace(used=used)
        if broken := watch.see(run.limits, seconds, endpoints, extremes):
            self.stopped = Stop(broken.text, sum(hold.seconds for hold in self.stands.holds))
