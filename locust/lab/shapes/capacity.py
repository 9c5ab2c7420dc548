"""The plan whose loads are found on the way, as Locust knows it: drives the search (lab/plans/search.py)."""

from __future__ import annotations

import time
from math import ceil
from typing import ClassVar

from lab import limits, wording
from lab.arrivals import schedule
from lab.counts.seconds import REPORTED_SECONDS
from lab.counts.timeline import Step, together
from lab.judging.evidence import Search
from lab.judging.reading import trials
from lab.plans import sampling, search, settling
from lab.plans.sampling import Stretch
from lab.plans.search import Ask, Goal, Purpose, Trial
from lab.shapes.base import SPAWN_RATE, LabShape, ShapeRun
from lab.shapes.watched import outcome, so_far

SPAWN_SECONDS = 1.0
"""How long a search takes, at most, from one load to the next; Locust advises against more than 100 users a second."""
SURENESS = {Purpose.EXPLORE: 1.0, Purpose.NARROW: 1.64, Purpose.REPEAT: 1.0}
"""How sure a step must be of its answer, in standard deviations; what is told in the end is surest (99 %)."""
MOST_SURENESS = 2.58
GLANCE_SETTLE_SECONDS, GLANCE_SECONDS = 1.0, 2
"""When a glance at a load begins, and how long it is: enough where the limit turns out to be far."""
TRY_TO_SETTLE = (Purpose.EXPLORE, Purpose.REPEAT)
"""Steps that may be measured before LAB_SETTLE is over: loads that decide are measured where no doubt is left."""
DRAINS_WITHIN_SECONDS = 20
"""How long a search waits, at most, until a service has answered what an open step too much has left in its queues."""
DRAINED_RATIO = 2.0
"""How many times as long as in the first step an answer may take once the queues are empty."""


class Capacity(LabShape):
    """The plan whose loads are found on the way: each step's answer decides the next."""

    abstract: ClassVar[bool] = True
    looks_often = True

    def reset_time(self) -> None:
        super().reset_time()
        settings = self.conductor.settings
        self.goal = Goal(settings.start_users, settings.most_users, settings.resolution)
        self.search = Search(self.goal)
        self.trials: list[Trial] = []
        self.asked: Ask | None = search.ask(self.goal, [])
        self.announced: Ask | None = None
        self.is_closing = self.glances = False
        self.tries_to_settle = True
        self.drains_until: float | None = None
        self.deadline = time.monotonic() + settings.deadline_seconds
        self.begun: ShapeRun | None = None

    @property
    def is_done(self) -> bool:
        return self.gave_up or self.asked is None

    @property
    def seconds(self) -> float:
        return self.conductor.settings.deadline_seconds

    @property
    def settle_seconds(self) -> float:
        whole = super().settle_seconds
        if self.glances:
            return min(GLANCE_SETTLE_SECONDS, whole)
        return max(min(GLANCE_SETTLE_SECONDS, whole), whole - settling.TRIED_SECONDS) if self.tries_to_settle else whole

    def load(self) -> tuple[int, float] | None:
        if (run := self.run) and self.asked:
            if self.begun is not run:
                self.begun = run
                run.begin_step(self.asked.purpose)
            if self.drains_until and (time.monotonic() > self.drains_until or _is_drained(run)):
                self.drains_until = None
                self.measures = True
                run.begin_step(self.asked.purpose)
            if not self.drains_until:
                self._consider(run, self.asked)
            self._show(run)
        return self._load(self.asked) if self.asked else None

    def _load(self, asked: Ask) -> tuple[int, float]:
        """The users of the step, and how many of them a second may come."""
        most = 100.0 * max(1, self.conductor.runner.worker_count)
        if self.drains_until:
            return 1, most
        if self.last and self.last[0] == asked.load:
            return self.last  # another rate would have Locust deal out the same users once more
        change = abs(asked.load - self.conductor.runner.target_user_count)
        rate = max(self.conductor.options.spawn_rate or SPAWN_RATE, change / SPAWN_SECONDS)
        return asked.load, min(rate, most)

    def _consider(self, run: ShapeRun, asked: Ask) -> None:
        """Asks for the next step once the present one is judged, and for the last one when the time is nearly up."""
        seconds_left = self.deadline - time.monotonic()
        if self._judge(run, asked, is_over=seconds_left <= 0 and asked.purpose is Purpose.REPEAT):
            follows = search.ask(self.goal, self.trials)
            self._ask(run, None if self.is_closing else follows)
            if self.is_closing and follows:
                self.search = Search(self.goal, time_was_up=True)
        elif seconds_left <= 0:
            self._ask(run, None)
            self.search = Search(self.goal, time_was_up=True)
        elif not self.is_closing and seconds_left < self._seconds_to_repeat():
            self.is_closing = True
            if asked.purpose is not Purpose.REPEAT and len(self.trials) > 1:
                self._ask(run, search.repetition(self.trials))

    def _judge(self, run: ShapeRun, asked: Ask, *, is_over: bool) -> bool:
        """Whether the present step has measured enough, or must do; then it is judged."""
        if not run.step:
            return False
        until, step = run.reported_until(), run.step
        seconds, endpoints = run.timeline.so_far(step, until)
        if seconds < GLANCE_SECONDS if self.glances else not is_over and self._is_settling(run, step, until):
            return False
        stretch = Stretch(0, 0, 0) if is_over else self._stretch(asked)
        extremes = run.extremes(step, until)
        kept = sampling.is_kept(run.limits, endpoints, seconds, stretch, extremes)
        if kept is None and not self.glances:
            return False
        excess = limits.excess(limits.judge(run.limits, endpoints, seconds, extremes))
        if self.glances:
            self.glances = False
            if not kept or not search.is_far(excess):
                self._skip(run, step, self.settle_seconds)
                return False
        run.judge_step(step, bool(kept), excess, until)
        self.trials = trials(run.timeline.steps)
        return True

    def _is_settling(self, run: ShapeRun, step: Step, until: int) -> bool:
        """Whether it is open if the answers had settled when first measured; where not, those are left out."""
        if not self.tries_to_settle or run.seconds.steady_since is None:
            return False
        settled = run.seconds.steady_since + ceil(super().settle_seconds)
        if until < settled + settling.TRIED_SECONDS:
            return True
        self.tries_to_settle = False
        early, late = run.timeline.answered(step.started, settled), run.timeline.answered(settled, until)
        if step.started < settled and not settling.are_alike(early, settled - step.started, late, until - settled):
            self._skip(run, step, super().settle_seconds)
        return False

    def _skip(self, run: ShapeRun, step: Step, settle_seconds: float) -> None:
        """Leaves out what was measured before the load had stood for so long."""
        if run.seconds.steady_since is None:
            return
        until = run.seconds.steady_since + ceil(settle_seconds)
        run.timeline.skip(step, until)
        if step.started < until:  # reports came so late that these seconds are counted already
            run.begin_step(step.purpose)

    def _ask(self, run: ShapeRun, step: Ask | None) -> None:
        self.asked = step
        if step is None:
            return
        self.glances = step.purpose is Purpose.EXPLORE and self.trials[-1].kept
        self.tries_to_settle = step.purpose in TRY_TO_SETTLE
        run.begin_step(step.purpose)
        if self._leaves_a_queue:
            self.measures = False
            self.drains_until = time.monotonic() + DRAINS_WITHIN_SECONDS

    @property
    def _leaves_a_queue(self) -> bool:
        """Whether the step before does: arrivals do not wait for answers, and what is too much piles up."""
        return self.conductor.settings.arrivals == schedule.OPEN and not self.trials[-1].kept

    def _seconds_to_repeat(self) -> float:
        """How long the first step takes once more: the search ends with it even where its time is up."""
        settings = self.conductor.settings
        measured = settings.settle_seconds + settings.step_seconds[0] + 2 * REPORTED_SECONDS
        return SPAWN_SECONDS + measured + (DRAINS_WITHIN_SECONDS if settings.arrivals == schedule.OPEN else 0)

    def _stretch(self, asked: Ask) -> Stretch:
        at_least, at_most = self.conductor.settings.step_seconds
        if self.glances:
            at_least = min(GLANCE_SECONDS, at_least)
        if asked.purpose is Purpose.CONFIRM:
            at_least, at_most = 2 * at_least, 2 * at_most
        return Stretch(at_least, at_most, SURENESS.get(asked.purpose, MOST_SURENESS))

    def _show(self, run: ShapeRun) -> None:
        """What the live page shows, and, when a step begins, what the terminal says."""
        number = len(self.trials) + 1
        if self.asked is None:
            self.progress = None
            return
        left = max(0, round(self.deadline - time.monotonic()))
        load = wording.load(self.asked.load, self.conductor.settings.arrivals)
        figures, excess = so_far(run, run.step) if run.step else ({"rps": None, "figures": {}}, None)
        coming = f"step {number}: {load}, to {self.asked.purpose}; {left} s left at most"
        self.progress = {
            "step": number,
            "purpose": str(self.asked.purpose),
            "users": self.asked.load,
            **figures,
            "next": self._what_follows(self.asked, excess),
            "seconds_left_at_most": left,
        }
        if self.announced is not self.asked:
            self.announced = self.asked
            print(outcome(run) + coming, flush=True)  # noqa: T201 - it is for the person at the terminal

    def _what_follows(self, asked: Ask, excess: float | None) -> str:
        """Which step comes after the present one, with its excess so far, if it keeps the limits and if not."""
        if self.is_closing:
            return "the verdict"
        kept_now = None if excess is None else excess <= 1
        follow = (
            search.ask(
                self.goal,
                [*self.trials, Trial(asked.load, kept, asked.purpose, excess if kept is kept_now else None)],
            )
            for kept in (True, False)
        )
        arrivals = self.conductor.settings.arrivals
        kept, broken = (wording.load(step.load, arrivals) if step else "the verdict" for step in follow)
        return kept if kept == broken else f"{kept} if the limits are kept, {broken} if not"


def _is_drained(run: ShapeRun) -> bool:
    """Whether, at one arrival a second, the latest answer is there as soon as in the first step."""
    until = run.reported_until()
    if run.seconds.steady_since is None or until <= run.seconds.steady_since:
        return False
    latest = run.timeline.answered(until - 1, until)
    first = together(run.timeline.steps[0].endpoints.values())
    return bool(latest.successes) and latest.max_ms <= DRAINED_RATIO * first.sum_ms / max(1, first.successes)
