"""One execution of a plan, on the master: from its first user to its verdict and its folder."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import gevent
from gevent.event import Event
from gevent.lock import BoundedSemaphore
from locust.runners import STATE_RUNNING, MasterRunner

from lab import figures
from lab.counts import health
from lab.counts.health import Health
from lab.counts.timeline import Step, Timeline
from lab.engine import locust_memory
from lab.engine.attendance import Attendance
from lab.judging import belief, verdict
from lab.judging.evidence import Evidence, Interruption, Search
from lab.judging.tolerances import NOT_HELD_SECONDS
from lab.ledger import audit
from lab.ledger.books import Books
from lab.plans.stages import SOAK
from lab.results import files
from lab.results.run_folder import RunFolder
from lab.service import machine, metrics
from lab.service.both_ends import Observer, Service
from lab.service.scraper import Scraper
from lab.soak import course
from lab.soak.watch import FailureRule, Watch

if TYPE_CHECKING:
    from locust.env import Environment

    from lab.judging.verdict import Verdict
    from lab.ledger.findings import Ledger
    from lab.limits import Limit
    from lab.settings import Settings

log = logging.getLogger(__name__)

REPORTED_SECONDS = 2
"""How long after its end a second is taken as reported by every worker that is well."""
REPORTS_ARE_IN_SECONDS = 6
"""How long after its end a second is settled: by then every worker has reported it, or is known to be lost."""
LEAVING_SECONDS = 12
"""How long before the end of a run that a signal cuts short a worker may have left because of it."""
READING_PATIENCE_SECONDS = 1.0
"""How long the first and the last reading of the service's metrics may hold up the run."""


class Run:
    """What the master keeps of a run while it lasts. Everything in it happens on the master's one event loop."""

    def __init__(self, environment: Environment, settings: Settings, plan: str, limits: tuple[Limit, ...]) -> None:
        """Makes the run's folder and begins to watch. Raises ResultsError when there can be no folder."""
        runner = environment.runner
        assert isinstance(runner, MasterRunner)
        self.environment, self.runner, self.settings = environment, runner, settings
        self.plan, self.limits = plan, limits
        self.started = datetime.now(UTC)
        self.id = secrets.token_hex(4)
        self.folder = files.folder(settings.results, self.started, plan)
        self.fault: str | None = None
        self.not_held: str | None = None
        self.timeline = Timeline(int(self.started.timestamp()))
        self.attendance = Attendance(runner)
        self.books = Books(self.id)
        self.steady_since: float | None = None
        self.measures = True
        self.step: Step | None = None
        self.search: Search | None = None
        self.progress: dict[str, Any] | None = None
        self.verdict: Verdict | None = None
        self.finished = Event()
        self.judging = BoundedSemaphore()
        self._purpose = ""
        self._audit_until = float("inf")
        self._held = int(time.time())
        self._users: dict[int, int] = {}
        self._most_users = 0
        rule = FailureRule(limits, settings.failure_seconds, settings.failure_errors)
        self._soak = Watch(rule) if plan == SOAK else None
        self._observer = Observer(self.started.timestamp(), sum(settings.think_seconds) / 2)
        self._scraper = Scraper(
            settings.metrics_urls, environment.host or "", settings.allowed_hosts, self._observer.read
        )
        self._files = RunFolder(self.folder, environment)
        self._scraper.start(READING_PATIENCE_SECONDS)
        self._greenlets = [gevent.spawn(self._files.locust_csv.stats_writer), gevent.spawn(self._watch)]

    def begin_step(self, purpose: str = "") -> None:
        """What is measured from now on is a step of its own, once its users are there and have settled."""
        self.steady_since = self.step = None
        self._purpose = purpose

    def hear(self, worker: str, report: Mapping[str, Any]) -> None:
        """Takes in what a worker has to say (lab/engine/worker.py)."""
        answers = report.get("answers", ())
        self.timeline.merge(answers)
        self._observer.hear(answers)
        self.books.hear(report.get("writes"))
        if vitals := report.get("health"):
            self._examine(worker, vitals)

    def close(self) -> None:
        """Ends the watching: what comes from now on, such as workers that leave, is the end of the run and no event."""
        gevent.killall(self._greenlets)
        self._scraper.close()

    def hurry(self, seconds: float) -> None:
        """Has the writes audited within so many seconds from now, or not at all."""
        self._audit_until = min(self._audit_until, time.monotonic() + seconds)

    def finish(self, interrupted_by: Interruption | None) -> Verdict:
        """Audits and judges the run and writes its folder. Raises ResultsError when the folder cannot be written."""
        self.close()
        self._scraper.read_once_more(READING_PATIENCE_SECONDS)
        try:
            self._write_samples(int(time.time()) + 1)
            evidence = replace(self._evidence(interrupted_by, self._conclude()), ledger=self._audit())
            self.verdict = verdict.judge(evidence)
            workers = [{"id": client.id, "state": client.state} for client in self.runner.clients.all]
            self._files.finish(self.verdict, evidence, self._step_rows(), workers)
        except OSError as error:
            raise files.ResultsError(files.explain(self.folder, error)) from error
        finally:
            self.progress = None
            self.finished.set()
        return self.verdict

    def _conclude(self) -> Service | None:
        return self._observer.conclude(len(self.timeline.steps), self._most_users)

    def _audit(self) -> Ledger | None:
        self.hurry(self.settings.audit_seconds)
        timeout_seconds = self.settings.timeout_seconds
        return audit.audit(
            self.books, self.environment.host or "", timeout_seconds, lambda: self._audit_until - time.monotonic()
        )

    def _evidence(self, interrupted_by: Interruption | None, told: Service | None) -> Evidence:
        seconds = (datetime.now(UTC) - self.started).total_seconds()
        measured_seconds, endpoints = self.timeline.measured()
        # a signal to the whole lab reaches the workers as well: that they leave then is no loss
        losses_count_until = time.time() - (LEAVING_SECONDS if interrupted_by is Interruption.SIGNAL else 0)
        return Evidence(
            plan=self.plan,
            target=self.environment.host or "",
            limits=self.limits,
            started=self.started.isoformat(timespec="seconds"),
            seconds=round(seconds),
            steps=self.timeline.steps,
            measured_seconds=measured_seconds,
            endpoints=endpoints,
            workers=self.attendance.most_workers,
            losses=self.attendance.losses(losses_count_until),
            taken_back=self.timeline.taken_back,
            not_held=self.not_held,
            interrupted_by=interrupted_by,
            search=self.search,
            peak_users=self.settings.peak_users,
            peak_rps=self.settings.peak_rps,
            arrivals=self.settings.arrivals,
            soak=course.conclude(self._soak, told.outages if told else ()) if self._soak else None,
            service=told,
        )

    def snapshot(self) -> dict[str, Any]:
        """The run as it stands, in the shape of its files: what the live page shows."""
        return {
            "plan": self.plan,
            "target": self.environment.host or "",
            "limits": [
                {"text": limit.text, "endpoint": limit.endpoint, "measure": limit.measure}
                | {"unit": limit.unit, "bound": limit.bound}
                for limit in self.limits
            ],
            "started": self.started.isoformat(timespec="seconds"),
            "steps": self._step_rows(),
            "samples": list(self._files.samples),
            "replicas": list(self._files.replicas),
            "arrivals": self.settings.arrivals,
            "generator": belief.document(self._evidence(None, None)),
            "progress": self.progress,
            "verdict": self.verdict.document if self.verdict else None,
        }

    def _examine(self, worker: str, vitals: Mapping[str, Any]) -> None:
        number, _ = self.attendance.who(worker)
        for second, figures_then in vitals["seconds"]:
            self.timeline.examine(second, number, health.from_document(figures_then))
        clock, now = vitals["clock"], time.time()
        # by the master's clock: the worker's may be wrong
        offset = Health(offset_ms=round((now - clock["time"]) * 1000, 1), jump_ms=abs(clock["jump_ms"]))
        self.timeline.examine(int(now) - 1, number, offset)

    def _watch(self) -> None:
        while True:
            gevent.sleep(1 - time.time() % 1)
            second = int(time.time()) - 1
            try:
                self._observe(second)
                self._write_samples(second - REPORTS_ARE_IN_SECONDS)
                locust_memory.trim(self.runner.stats, second)
            except OSError as error:
                log.warning("%s", files.explain(self.folder, error))
            except Exception as error:
                log.exception("the run cannot be watched")
                self.fault = repr(error)

    def _observe(self, second: int) -> None:
        """Notes what was so at the end of the second: users, workers, and whether it counts for a step."""
        self._observer.read(metrics.MACHINE, metrics.MACHINE, machine.read())
        self._users[second] = self.runner.user_count
        self._most_users = max(self._most_users, self.runner.user_count)
        self._note_users_who_are_not_held(second)
        if self.attendance.lost_one():
            # nobody knows for how long it was gone: the seconds that are not settled yet are not of this load
            self.timeline.retract(second - REPORTS_ARE_IN_SECONDS)
            self.begin_step(self._purpose)
        target = self.runner.target_user_count
        steady = (
            self.runner.state == STATE_RUNNING and self.runner.spawning_completed and self.runner.user_count == target
        )
        if not steady or (self.step and self.step.users != target):
            self.begin_step(self._purpose)
        if not steady:
            return
        if self.steady_since is None:
            self.steady_since = second + 1
        elif self.measures and second >= self.steady_since + self.settings.settle_seconds:
            self.step = self.step or Step(target, second, self._purpose)
            self.timeline.measure(second, self.step)
            for number, host in self.attendance.working():
                self.timeline.examine(second, number, Health(expected_seconds=1.0, host=host))

    def _note_users_who_are_not_held(self, second: int) -> None:
        target, there = self.runner.target_user_count, self.runner.user_count
        if self.runner.state != STATE_RUNNING or not self.runner.spawning_completed or there == target:
            self._held = second
        elif second - self._held >= NOT_HELD_SECONDS:
            self.not_held = f"{there} of {target} were there for {second - self._held} s"

    def _write_samples(self, until: int) -> None:
        for second, endpoints, step in self.timeline.settle(until):
            number = self.timeline.steps.index(step) + 1 if step else None
            used, replicas = self._observer.settle(second, number)
            row = {**figures.sample_row(second, self._users.pop(second, None), number, endpoints), **used}
            if self._soak and step:
                course.take(self._soak, second, endpoints, row, replicas)
            self._files.add(row, replicas)

    def _step_rows(self) -> list[dict[str, Any]]:
        reported = int(time.time()) - REPORTED_SECONDS
        return [
            figures.step_row(number, step, *self.timeline.so_far(step, reported))
            for number, step in enumerate(self.timeline.steps, 1)
        ]
