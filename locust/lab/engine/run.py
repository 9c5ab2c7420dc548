"""One execution of a plan, on the master: from its first user to its verdict and its folder."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import gevent
from gevent.event import Event
from gevent.lock import BoundedSemaphore
from locust.runners import STATE_RUNNING

from lab import figures
from lab.counts.clock import CLOCK
from lab.counts.health import Health
from lab.counts.seconds import REPORTED_SECONDS, REPORTS_ARE_IN_SECONDS, Load, Seconds
from lab.counts.timeline import Extremes, Step, Timeline
from lab.engine import locust_tables
from lab.engine.attendance import Attendance
from lab.engine.dispatch import Master
from lab.engine.hearing import Hearing
from lab.engine.instruments import NOTHING, Instruments, Measured
from lab.engine.keeper import Keeper
from lab.engine.snapshot import snapshot
from lab.engine.standstill import OwnLoop, stood_still
from lab.engine.targets import mean_think_seconds, shown
from lab.judging import verdict
from lab.judging.evidence import Evidence, Interruption
from lab.judging.tolerances import NOT_HELD_SECONDS
from lab.ledger import audit
from lab.limits import windows
from lab.results import files
from lab.settings import ACCEPT

if TYPE_CHECKING:
    from locust.env import Environment

    from lab.judging.verdict import Verdict
    from lab.ledger.findings import Ledger
    from lab.limits import Limit
    from lab.settings import Settings
    from lab.shapes import LabShape

log = logging.getLogger(__name__)


class Run:
    """What the master keeps of a run while it lasts. Everything in it happens on the master's one event loop."""

    def __init__(
        self, environment: Environment, settings: Settings, plan: str, limits: tuple[Limit, ...], shape: LabShape | None
    ) -> None:
        """Makes the run's folder and begins to watch. Raises ResultsError when there can be no folder."""
        runner = environment.runner
        assert isinstance(runner, Master)
        self.settings, self.limits, self.plan = settings, limits, plan
        self.started, self.id = datetime.fromtimestamp(CLOCK.now(), UTC), secrets.token_hex(4)
        self.fault: str | None = None
        self.timeline, self._own_loop = Timeline(int(self.started.timestamp()), windows(limits)), OwnLoop()
        self.step: Step | None = None
        self.verdict: Verdict | None = None
        self.finished, self.judging, self._deadline = Event(), BoundedSemaphore(), audit.Deadline()
        self._target, self._runner, self._shape, self._purpose = runner.targets[0], runner, shape, ""
        self._attendance, self.seconds = Attendance(runner), Seconds(CLOCK.second(), NOT_HELD_SECONDS)
        think_seconds, began = mean_think_seconds(environment, settings.think_seconds), self.started.timestamp()
        self._instruments = Instruments(settings, runner.targets, plan, limits, began, think_seconds, runner.server)
        self.hearing = Hearing(self.id, self.timeline, self._instruments, self._attendance, self._measure_anew)
        self.hearing.totals = runner.totals
        self._keeper = Keeper(settings, self.started, plan, environment, self.hearing.exchanges)
        self.folder = self._keeper.folder
        self._instruments.keep_seconds(self.folder)
        self._save()
        self._watching = gevent.spawn(self._watch)

    @property
    def now(self) -> float:
        """The time of the plan, which stands still while the master does."""
        return self._own_loop.now

    def reported_until(self) -> int:
        """The second before which every worker that is well has reported."""
        return max(int(self.now) - REPORTED_SECONDS, min(int(self.now), self.hearing.heard_until))

    def begin_step(self, purpose: str = "") -> None:
        """What is measured from now on is a step of its own, once its users are there and have settled."""
        self.seconds.begin_step()
        self.step, self._purpose = None, purpose

    def extremes(self, step: Step, until: int) -> Extremes:
        """What the step's sums cannot tell, before the second `until`."""
        return self.timeline.extremes(step, until)._replace(used=self._instruments.used(step, self.timeline, until))

    def judge_step(self, step: Step, kept: bool, excess: float | None, until: int) -> None:
        """Notes how the step was judged by its seconds before `until`: those after it could say something else."""
        step.kept, step.excess = kept, excess
        self.timeline.retract(until)
        step.silent_seconds = self.timeline.extremes(step, until).silent_seconds

    def close(self) -> None:
        """Ends the watching: what comes from now on, such as workers that leave, is the end of the run and no event."""
        if not self._watching.ready():
            self._watching.kill()
            self._look_at_itself(CLOCK.second() - 1)
        self.timeline.end()
        self._keeper.stop()
        self._instruments.close()

    def hurry(self, seconds: float) -> None:
        """Has the writes audited within so many seconds from now, or not at all."""
        self._deadline.come(seconds)

    def finish(self, interrupted_by: Callable[[], Interruption | None]) -> Verdict:
        """Audits and judges the run and writes its folder. Raises ResultsError when the folder cannot be written.

        What cuts the run short may come in its audit as well.
        """
        self.close()
        self._instruments.look_once_more()
        try:
            with suppress(OSError):  # rows that find no room change no verdict; the folder's other files say so again
                self._write_samples(CLOCK.second() + 1)
            self.timeline.conclude()
            # a plan that is cut short leaves no time to hear which requests were
            cut_off = None if interrupted_by() else self.hearing.cut_off
            steps, users = len(self.timeline.steps), self.seconds.most_users
            measured = self._instruments.conclude(steps, users, cut_off, self.hearing.lost())
            evidence = self._evidence(interrupted_by(), measured)
            evidence = replace(evidence, ledger=self._audit(), interrupted_by=interrupted_by())
            self.verdict = verdict.judge(evidence)
            self._keeper.finish(self.verdict, evidence, self._step_rows(), self._attendance.rows())
        except OSError as error:
            raise files.ResultsError(files.explain(self.folder, error)) from error
        finally:
            self.finished.set()
        return self.verdict

    def snapshot(self) -> dict[str, Any]:
        """The run as it stands, in the shape of its files: what the live page shows."""
        progress = self._shape.progress if self._shape and not self.finished.is_set() else None
        state = {"progress": progress, "verdict": self.verdict.document if self.verdict else None}
        used = self._instruments.used_by_step(self.timeline, self.reported_until())
        return snapshot(self._evidence(None), used, self._step_rows(), self._keeper, state)

    def _save(self) -> None:
        """Keeps what is known so far, if it is time: the verdict on it is what a master that is killed leaves."""
        self._keeper.save(lambda: (self._evidence(Interruption.MASTER), self._step_rows(), self._attendance.rows()))

    def _audit(self) -> Ledger | None:
        self.hurry(self.settings.audit_seconds)
        seconds, seconds_left = self.settings.timeout_seconds, self._deadline.seconds_left
        found = audit.audit(self.hearing.books, self._target, seconds, seconds_left)
        self._instruments.end_journal()
        return found

    def _evidence(self, interrupted_by: Interruption | None, measured: Measured = NOTHING) -> Evidence:
        line = self.timeline
        return Evidence(
            plan=self.plan,
            target=shown(self._runner.targets),
            limits=self.limits,
            started=self.started.isoformat(timespec="seconds"),
            seconds=round(CLOCK.now() - self.started.timestamp()),
            steps=line.known(self.reported_until()) if interrupted_by is Interruption.MASTER else line.steps,
            workers=self._attendance.most_workers,
            losses=self._attendance.losses(by_signal=interrupted_by is Interruption.SIGNAL),
            taken_back=self.timeline.taken_back,
            not_held=self.seconds.not_held,
            undone=self.timeline.undone.endpoints,
            interrupted_by=interrupted_by,
            search=self._shape.search if self._shape else None,
            stopped=self._shape.stopped if self._shape else None,
            peak_users=self.settings.peak_users,
            peak_rps=self.settings.peak_rps,
            arrivals=self.settings.arrivals,
            soak=measured.soak,
            service=measured.service,
            faults=self._instruments.injector.evidence(),
            data=self._runner.lender.rows(),
            accepts_neighbours=self.settings.neighbours == ACCEPT,
            part=str(self.settings.part) if self.settings.part else None,
        )

    def _watch(self) -> None:
        while True:
            gevent.sleep(1 - CLOCK.now() % 1)
            second = CLOCK.second() - 1
            try:
                # workers that did not hear a master who stood still are on their way back
                if not self._look_at_itself(second) and self._attendance.lost_one():
                    # nobody knows for how long it was gone: what is not settled yet is not of this load
                    self._measure_anew(second - REPORTS_ARE_IN_SECONDS)
                self._observe(second)
                self._write_samples(second - REPORTS_ARE_IN_SECONDS)
                locust_tables.trim(self._runner.stats, second)
                self._save()
            except OSError as error:
                log.warning("%s", files.explain(self.folder, error))
            except Exception as error:
                log.exception("the run cannot be watched")
                self.fault = repr(error)

    def _look_at_itself(self, second: int) -> bool:
        """Whether the master itself did nothing for a while; it is noted, and what was measured then measured anew."""
        if jump := self._own_loop.jump():
            self._attendance.note(jump)
        if missed := self._own_loop.missed(second):
            self._attendance.note(stood_still(second, missed))
            self.hearing.stand_still()
            self._measure_anew(second - missed - REPORTS_ARE_IN_SECONDS)
        return bool(missed)

    def _measure_anew(self, since: int) -> None:
        """Leaves out what was measured since then, as far as it is not settled, and begins the step once more."""
        self.timeline.retract(since)
        self.begin_step(self._purpose)

    def _observe(self, second: int) -> None:
        """Notes what was so at the end of the second: users, workers, and whether it counts for a step."""
        self._instruments.look()
        is_started = (runner := self._runner).state == STATE_RUNNING and runner.spawning_completed
        load = Load(runner.user_count, runner.target_user_count, is_started, self.hearing.asks_nothing)
        if not load.is_steady or (self.step and self.step.users != load.wanted):
            self.begin_step(self._purpose)
        self.seconds.note(second, load)
        self.timeline.attend(second, load.there)
        measures = self._shape is None or self._shape.measures
        settle_seconds = self._shape.settle_seconds if self._shape else self.settings.settle_seconds
        if measures and self.seconds.is_settled(second, settle_seconds):
            self._instruments.injector.begin(second)
            self.step = self.step or Step(load.wanted, second, self._purpose)
            self.timeline.measure(second, self.step)
            for number, host in self._attendance.working():
                self.timeline.examine(second, number, Health(expected_seconds=1.0, host=host))

    def _write_samples(self, until: int) -> None:
        for second, endpoints, step in self.timeline.settle(until):
            self._keeper.add(*self._instruments.settle(second, self.seconds.take(second), step, endpoints))
        self._keeper.show(
            figures.sample_row(second, self.seconds.at(second), step.number if step else None, endpoints)
            for second, endpoints, step in self.timeline.unsettled(self.reported_until())
        )

    def _step_rows(self) -> list[dict[str, Any]]:
        line, until = self.timeline, self.reported_until()
        return [figures.step_row(step, *line.so_far(step, until)) for step in line.steps]
