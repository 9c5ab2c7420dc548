"""One execution of a plan, on the master: from its first user to its verdict and its folder."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import gevent
from gevent.event import Event
from gevent.lock import BoundedSemaphore
from locust.runners import STATE_RUNNING, MasterRunner

from lab import figures, report
from lab.counts import health
from lab.counts.clock import CLOCK
from lab.counts.health import Health
from lab.counts.seconds import REPORTED_SECONDS, REPORTS_ARE_IN_SECONDS, Load, Seconds
from lab.counts.timeline import Answers, Step, Timeline
from lab.engine import locust_tables
from lab.engine.attendance import Attendance
from lab.engine.instruments import Instruments, Measured
from lab.engine.locust_files import LocustFiles
from lab.engine.standstill import OwnLoop, stood_still
from lab.judging import belief, verdict
from lab.judging.evidence import Evidence, Interruption
from lab.judging.reading import read
from lab.judging.tolerances import NOT_HELD_SECONDS
from lab.ledger import audit
from lab.ledger.books import Books
from lab.results import files
from lab.results.run_folder import RunFolder

if TYPE_CHECKING:
    from locust.env import Environment

    from lab.judging.verdict import Verdict
    from lab.ledger.findings import Ledger
    from lab.limits import Limit
    from lab.settings import Settings
    from lab.shapes import LabShape

log = logging.getLogger(__name__)

SAVES_EVERY_SECONDS = 5
"""How often what is known is kept, for the case that the master is killed."""
LEAVING_SECONDS = 12
"""How long before the end of a run that a signal cuts short a worker may have left because of it."""


class Run:
    """What the master keeps of a run while it lasts. Everything in it happens on the master's one event loop."""

    def __init__(
        self, environment: Environment, settings: Settings, plan: str, limits: tuple[Limit, ...], shape: LabShape | None
    ) -> None:
        """Makes the run's folder and begins to watch. Raises ResultsError when there can be no folder."""
        runner = environment.runner
        assert isinstance(runner, MasterRunner)
        self.settings, self.limits, self.plan = settings, limits, plan
        self.started = datetime.fromtimestamp(CLOCK.now(), UTC)
        self.id = secrets.token_hex(4)
        self.folder = files.folder(settings.results, self.started, plan)
        self.fault: str | None = None
        self.timeline = Timeline(int(self.started.timestamp()))
        self.step: Step | None = None
        self.verdict: Verdict | None = None
        self.finished = Event()
        self.judging = BoundedSemaphore()
        self._target, self._runner, self._shape = environment.host or "", runner, shape
        self._attendance = Attendance(runner)
        self._books = Books(self.id)
        self._dropped: set[str] = set()
        self._purpose = ""
        self._audit_until = float("inf")
        self._seconds = Seconds(CLOCK.second(), NOT_HELD_SECONDS)
        self._files = RunFolder(self.folder)
        self._locust_files = LocustFiles(self.folder, environment)
        self._instruments = Instruments(settings, self._target, plan, limits, self.started.timestamp())
        self._own_loop = OwnLoop()
        self._save()
        self._watching = gevent.spawn(self._watch)

    @property
    def steady_since(self) -> int | None:
        """The first second since which the load has stood as asked for; None while it does not."""
        return self._seconds.steady_since

    @property
    def not_held(self) -> str | None:
        """Which number of users was not held for too long; None while all is well."""
        return self._seconds.not_held

    @staticmethod
    def reported_until() -> int:
        """The second before which every worker that is well has reported."""
        return CLOCK.second() - REPORTED_SECONDS

    def begin_step(self, purpose: str = "") -> None:
        """What is measured from now on is a step of its own, once its users are there and have settled."""
        self._seconds.begin_step()
        self.step = None
        self._purpose = purpose

    def judge_step(self, step: Step, kept: bool, excess: float | None, until: int) -> None:
        """Notes how the step was judged by its seconds before `until`: those after it could say something else."""
        step.kept, step.excess = kept, excess
        self.timeline.retract(until)

    def hear(self, worker: str, batch: Mapping[str, Any]) -> None:
        """Takes in a part of a worker's counts (lab/engine/worker.py)."""
        answers = [Answers(*row) for row in batch["answers"]]
        self.timeline.merge(answers)
        self._instruments.hear(answers)
        self._books.hear(batch["writes"])
        number, _ = self._attendance.who(worker)
        for second, vitals in batch["health"]:
            seen = health.from_document(vitals)
            self.timeline.examine(second, number, seen)
            self._instruments.examine(second, number, seen)

    def look_at_clock(self, worker: str, wall_offset: float | None) -> None:
        """Takes in by how much a worker's wall clock is ahead of the master's."""
        self._attendance.look_at_clock(worker, wall_offset)

    def drop(self, worker: str, run: str) -> None:
        """Takes in that a worker reported what is of another run; it is not counted."""
        if worker not in self._dropped:
            self._dropped.add(worker)
            self._attendance.note(f"{self._attendance.name(worker)} reported counts of another run ({run}): left out.")

    def close(self) -> None:
        """Ends the watching: what comes from now on, such as workers that leave, is the end of the run and no event."""
        self._watching.kill()
        self._locust_files.stop()
        self._instruments.close()

    def hurry(self, seconds: float) -> None:
        """Has the writes audited within so many seconds from now, or not at all."""
        self._audit_until = min(self._audit_until, time.monotonic() + seconds)

    def finish(self, interrupted_by: Interruption | None) -> Verdict:
        """Audits and judges the run and writes its folder. Raises ResultsError when the folder cannot be written."""
        self.close()
        self._instruments.look_once_more()
        try:
            with suppress(OSError):  # rows that find no room change no verdict; the folder's other files say so again
                self._write_samples(CLOCK.second() + 1)
            measured = self._instruments.conclude(len(self.timeline.steps), self._seconds.most_users)
            evidence = replace(self._evidence(interrupted_by, measured), ledger=self._audit())
            self.verdict = verdict.judge(evidence)
            self._locust_files.finish()
            self._files.close()
            self._write(self.verdict, evidence, is_last=True)
            report.write(self.folder)
        except OSError as error:
            raise files.ResultsError(files.explain(self.folder, error)) from error
        finally:
            self.finished.set()
        return self.verdict

    def snapshot(self) -> dict[str, Any]:
        """The run as it stands, in the shape of its files: what the live page shows."""
        reading = read(self._evidence(None, Measured(None, None)))
        return {
            "plan": self.plan,
            "target": self._target,
            "limits": [finding.row() for finding in reading.findings],
            "started": self.started.isoformat(timespec="seconds"),
            "steps": self._step_rows(),
            "samples": list(self._files.samples),
            "replicas": list(self._files.replicas),
            "arrivals": self.settings.arrivals,
            "generator": belief.document(reading),
            "progress": self._shape.progress if self._shape and not self.finished.is_set() else None,
            "verdict": self.verdict.document if self.verdict else None,
        }

    def _save(self) -> None:
        """Keeps what is known so far: the verdict on it is what a master that is killed leaves."""
        evidence = self._evidence(Interruption.MASTER, Measured(None, None))
        self._write(verdict.judge(evidence), evidence, is_last=False)

    def _write(self, judged: Verdict, evidence: Evidence, *, is_last: bool) -> None:
        workers = [{"id": client.id, "state": client.state} for client in self._runner.clients.all]
        self._files.write(judged, evidence, self._step_rows(), workers, is_last=is_last)

    def _audit(self) -> Ledger | None:
        self.hurry(self.settings.audit_seconds)
        timeout_seconds = self.settings.timeout_seconds
        return audit.audit(self._books, self._target, timeout_seconds, lambda: self._audit_until - time.monotonic())

    def _evidence(self, interrupted_by: Interruption | None, measured: Measured) -> Evidence:
        # a signal to the whole lab reaches the workers as well: that they leave then is no loss
        losses_count_until = CLOCK.now() - (LEAVING_SECONDS if interrupted_by is Interruption.SIGNAL else 0)
        return Evidence(
            plan=self.plan,
            target=self._target,
            limits=self.limits,
            started=self.started.isoformat(timespec="seconds"),
            seconds=round(CLOCK.now() - self.started.timestamp()),
            steps=self.timeline.steps,
            workers=self._attendance.most_workers,
            losses=self._attendance.losses(losses_count_until),
            taken_back=self.timeline.taken_back,
            not_held=self.not_held,
            interrupted_by=interrupted_by,
            search=self._shape.search if self._shape else None,
            peak_users=self.settings.peak_users,
            peak_rps=self.settings.peak_rps,
            arrivals=self.settings.arrivals,
            soak=measured.soak,
            service=measured.service,
        )

    def _watch(self) -> None:
        while True:
            gevent.sleep(1 - CLOCK.now() % 1)
            second = CLOCK.second() - 1
            try:
                self._look_at_itself(second)
                self._observe(second)
                self._write_samples(second - REPORTS_ARE_IN_SECONDS)
                locust_tables.trim(self._runner.stats, second)
                if second % SAVES_EVERY_SECONDS == 0:
                    self._save()
            except OSError as error:
                log.warning("%s", files.explain(self.folder, error))
            except Exception as error:
                log.exception("the run cannot be watched")
                self.fault = repr(error)

    def _look_at_itself(self, second: int) -> None:
        """Notes that the master itself did nothing for a while: what was measured then is measured anew."""
        if jump := self._own_loop.jump():
            self._attendance.note(jump)
        if missed := self._own_loop.missed(second):
            self._attendance.note(stood_still(second, missed))
            self.timeline.retract(second - missed - REPORTS_ARE_IN_SECONDS)
            self.begin_step(self._purpose)

    def _observe(self, second: int) -> None:
        """Notes what was so at the end of the second: users, workers, and whether it counts for a step."""
        self._instruments.look()
        runner = self._runner
        is_started = runner.state == STATE_RUNNING and runner.spawning_completed
        load = Load(runner.user_count, runner.target_user_count, is_started)
        if self._attendance.lost_one():
            # nobody knows for how long it was gone: the seconds that are not settled yet are not of this load
            self.timeline.retract(second - REPORTS_ARE_IN_SECONDS)
            self.begin_step(self._purpose)
        if not load.is_steady or (self.step and self.step.users != load.wanted):
            self.begin_step(self._purpose)
        self._seconds.note(second, load)
        since = self._seconds.steady_since
        if since is not None and self._measures() and second >= since + self.settings.settle_seconds:
            self.step = self.step or Step(load.wanted, second, self._purpose)
            self.timeline.measure(second, self.step)
            for number, host in self._attendance.working():
                self.timeline.examine(second, number, Health(expected_seconds=1.0, host=host))

    def _measures(self) -> bool:
        return self._shape is None or self._shape.measures

    def _write_samples(self, until: int) -> None:
        for second, endpoints, step in self.timeline.settle(until):
            row, replicas = self._instruments.settle(second, self._seconds.take(second), step, endpoints)
            self._files.add(row, replicas)

    def _step_rows(self) -> list[dict[str, Any]]:
        until = self.reported_until()
        return [figures.step_row(step, *self.timeline.so_far(step, until)) for step in self.timeline.steps]
