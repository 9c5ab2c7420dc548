"""Plans as Locust knows them: shapes, which its UI offers and its runner asks once a second for the number of users."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any, ClassVar

from locust import LoadTestShape

from lab import capacity, limits, plans, sampling, schedule, search, wording
from lab.evidence import Interruption, Search
from lab.figures import three_digits
from lab.run import REPORTED_SECONDS
from lab.sampling import Stretch
from lab.search import Ask, Goal, Purpose, Trial
from lab.timeline import together

if TYPE_CHECKING:
    from lab.master import Conductor
    from lab.run import Run
    from lab.timeline import Step

log = logging.getLogger(__name__)

USERS, SPAWN_RATE = 20, 10.0
"""Users, and users a second, where neither LOCUST_USERS nor LOCUST_SPAWN_RATE nor the UI says."""
SPAWN_SECONDS = 2.0
"""How long a search takes, at most, from one load to the next; Locust advises against more than 100 users a second."""
SURENESS = {Purpose.EXPLORE: 1.0, Purpose.NARROW: 1.64, Purpose.REPEAT: 1.0}
"""How sure a step must be of its answer, in standard deviations; what is told in the end is surest (99 %)."""
MOST_SURENESS = 2.58


DRAINS_WITHIN_SECONDS = 20
"""How long a search waits, at most, until a service has answered what an open step too much has left in its queues."""
DRAINED_RATIO = 2.0
"""How many times as long as in the first step an answer may take once the queues are empty."""


class LabShape(LoadTestShape):
    """What the lab's shapes have in common."""

    abstract: ClassVar[bool] = True
    use_common_options: ClassVar[bool] = True
    conductor: ClassVar[Conductor]

    @property
    def run(self) -> Run | None:
        """The run that goes on; None before its first user."""
        run = self.conductor.run
        return run if run and not run.finished.is_set() else None

    @property
    def is_done(self) -> bool:
        """Whether the plan came to its own end."""
        raise NotImplementedError

    def load(self) -> tuple[int, float] | None:
        """How many users there shall be now, and how many of them a second may come; None when the plan is done."""
        raise NotImplementedError

    def tick(self) -> tuple[int, float] | None:
        """What Locust asks once a second. A fault of the plan ends the test: Locust would go on for ever."""
        try:
            if self.run and self.run.fault:
                raise RuntimeError(self.run.fault)
            return self.load()
        except Exception:
            log.exception("the plan failed")
            self.conductor.interrupted_by = Interruption.FAULT
            return None


class PlanShape(LabShape):
    """A plan whose loads are given: it walks through its holds."""

    abstract: ClassVar[bool] = True
    plan: ClassVar[plans.Plan]

    def reset_time(self) -> None:
        super().reset_time()
        options, settings = self.conductor.options, self.conductor.settings
        users = settings.peak_users if self.plan.name == plans.PEAK else None
        self.spawn_rate = options.spawn_rate or SPAWN_RATE
        self.progress = plans.start(
            self.plan,
            users or options.num_users or USERS,
            options.run_time or settings.run_seconds,
            settings.settle_seconds,
        )

    @property
    def is_done(self) -> bool:
        return self.progress.hold is None

    def load(self) -> tuple[int, float] | None:
        before, run = self.progress.index, self.run
        self.progress = plans.advance(self.progress, time.time(), run.steady_since if run else None)
        if run and self.progress.index != before:
            run.begin_step()
        hold = self.progress.hold
        return (hold.users, self.spawn_rate) if hold else None


class Capacity(LabShape):
    """The plan whose loads are found on the way: each step's answer decides the next."""

    abstract: ClassVar[bool] = True

    def reset_time(self) -> None:
        super().reset_time()
        settings = self.conductor.settings
        self.goal = Goal(settings.start_users, settings.most_users, settings.resolution)
        self.trials: list[Trial] = []
        self.asked: Ask | None = search.ask(self.goal, [])
        self.drains_until: float | None = None
        self.deadline = time.monotonic() + settings.deadline_seconds

    @property
    def is_done(self) -> bool:
        return self.asked is None

    def load(self) -> tuple[int, float] | None:
        if (run := self.run) and self.asked:
            if run.search is None:
                run.search = Search(self.goal)
                run.begin_step(self.asked.purpose)
            if self.drains_until and (time.monotonic() > self.drains_until or _is_drained(run)):
                self.drains_until = None
                run.drains = False
                run.begin_step(self.asked.purpose)
            if not self.drains_until:
                self._consider(run, self.asked)
            self._tell(run)
        if self.asked is None:
            return None
        if self.drains_until:
            return 1, 100.0 * max(1, self.conductor.runner.worker_count)
        change = abs(self.asked.load - self.conductor.runner.target_user_count)
        rate = max(self.conductor.options.spawn_rate or SPAWN_RATE, change / SPAWN_SECONDS)
        return self.asked.load, min(rate, 100.0 * max(1, self.conductor.runner.worker_count))

    def _consider(self, run: Run, asked: Ask) -> None:
        """Asks for the next step once the present one has measured enough; for none when the time is up."""
        kept = None
        if run.step:
            until = int(time.time()) - REPORTED_SECONDS
            seconds, endpoints = run.timeline.so_far(run.step, until)
            kept = sampling.is_kept(run.limits, endpoints, seconds, self._stretch(asked))
        if kept is not None and run.step:
            run.step.kept = kept
            run.step.excess = capacity.excess(limits.judge(run.limits, endpoints, seconds))
            # what came after these seconds was not judged, and could say something else
            run.timeline.retract(until)
            self.trials = capacity.trials(run.timeline.steps)
            self.asked = search.ask(self.goal, self.trials)
            if self.asked:
                run.begin_step(self.asked.purpose)
                if not kept and self.conductor.settings.arrivals == schedule.OPEN:
                    # arrivals do not wait for answers: the next step would begin in the queue that this one has left
                    run.drains = True
                    self.drains_until = time.monotonic() + DRAINS_WITHIN_SECONDS
        if self.asked and time.monotonic() > self.deadline:
            self.asked = None
            run.search = Search(self.goal, time_was_up=True)

    def _stretch(self, asked: Ask) -> Stretch:
        at_least, at_most = self.conductor.settings.step_seconds
        if asked.purpose is Purpose.CONFIRM:
            at_least, at_most = 2 * at_least, 2 * at_most
        return Stretch(at_least, at_most, SURENESS.get(asked.purpose, MOST_SURENESS))

    def _tell(self, run: Run) -> None:
        """What the live page shows, and, when a step begins, what the terminal says."""
        number, before = len(self.trials) + 1, run.progress
        if self.asked is None:
            run.progress = None
            return
        left = max(0, round(self.deadline - time.monotonic()))
        load = wording.load(self.asked.load, self.conductor.settings.arrivals)
        coming = f"step {number}: {load}, to {self.asked.purpose}; {left} s left at most"
        run.progress = {
            "step": number,
            "purpose": str(self.asked.purpose),
            "users": self.asked.load,
            **(_figures(run, run.step) if run.step else {"rps": None, "figures": {}}),
            "next": self._what_follows(self.asked),
            "seconds_left_at_most": left,
        }
        if before is None or before["step"] != number:
            print(_outcome(run) + coming, flush=True)  # noqa: T201 - it is for the person at the terminal

    def _what_follows(self, asked: Ask) -> str:
        """Which step comes after the present one, if it keeps the limits and if not."""
        follow = (
            search.ask(self.goal, [*self.trials, Trial(asked.load, kept, asked.purpose)]) for kept in (True, False)
        )
        arrivals = self.conductor.settings.arrivals
        kept, broken = (wording.load(step.load, arrivals) if step else "the verdict" for step in follow)
        return kept if kept == broken else f"{kept} if the limits are kept, {broken} if not"


def _figures(run: Run, step: Step) -> dict[str, Any]:
    """What the step has measured so far: successes a second, and for each limit on time its figure in ms."""
    seconds, endpoints = run.timeline.so_far(step, int(time.time()) - REPORTED_SECONDS)
    findings = limits.judge(run.limits, endpoints, seconds)
    return {
        "rps": together(endpoints.values()).successes / seconds if seconds else None,
        "figures": {
            wording.name(finding.limit): finding.measured for finding in findings if finding.limit.unit == "ms"
        },
    }


def _is_drained(run: Run) -> bool:
    """Whether, at one arrival a second, the latest answer is there as soon as in the first step."""
    until = int(time.time()) - REPORTED_SECONDS
    if run.steady_since is None or until <= run.steady_since:
        return False
    latest = run.timeline.answered(until - 1, until)
    first = together(run.timeline.steps[0].endpoints.values())
    return bool(latest.successes) and latest.max_ms <= DRAINED_RATIO * first.sum_ms / max(1, first.successes)


def _outcome(run: Run) -> str:
    """How the last step went, for the terminal; empty before there is one."""
    judged = [step for step in run.timeline.steps if step.kept is not None]
    if not judged:
        return ""
    step = judged[-1]
    seconds, endpoints = run.timeline.so_far(step, int(time.time()) - REPORTED_SECONDS)
    finding = capacity.worst(limits.judge(run.limits, endpoints, seconds))
    rps = three_digits(together(endpoints.values()).successes / seconds)
    figure = f"{wording.name(finding.limit)} {wording.figure(finding.limit, finding.measured)}"
    load, outcome = wording.load(step.users, run.settings.arrivals), "kept" if step.kept else "broken"
    return f"{load} = {rps} req/s, {figure} ({outcome}: {finding.limit.text}). Next "


def shapes() -> dict[str, type[LabShape]]:
    """A shape class for each plan, by the name that the UI shows."""
    held: dict[str, type[LabShape]] = {
        name.title(): type(name.title(), (PlanShape,), {"plan": plan}) for name, plan in plans.PLANS.items()
    }
    return {**held, "Capacity": type("Capacity", (Capacity,), {})}
