"""The master's part: starts the plan once target and workers are there, keeps the run, and says the verdict."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import gevent
from gevent.event import Event
from locust.runners import STATE_INIT, STATE_RUNNING, STATE_SPAWNING, STATE_STOPPED, STATE_STOPPING

from lab import limits, reach
from lab.asking import target
from lab.engine import gate, injector, last_word, locust_tables, signals
from lab.engine.admission import Admission
from lab.engine.build import build
from lab.engine.dispatch import Master
from lab.engine.link import HURRY, QUIT, REPORT
from lab.engine.notice import Notice
from lab.engine.run import Run
from lab.engine.targets import Targets, arrivals_a_second, rebuilt
from lab.engine.worker import HURRIED_SECONDS, RUN
from lab.judging.evidence import Interruption
from lab.judging.verdict import ExitCode
from lab.locust_internals import listen_first
from lab.plans import stages
from lab.results import files
from lab.shapes import SPAWN_RATE, USERS, LabShape

if TYPE_CHECKING:
    from locust.env import Environment

    from lab.limits import Limit
    from lab.settings import Settings

log = logging.getLogger(__name__)

MOST_STOP_SECONDS = 55.0
"""Where a stop takes more than a minute, Locust's workers quit by themselves."""


class Conductor:
    """Joins plan, run and verdict to Locust's events on the master."""

    def __init__(self, environment: Environment, settings: Settings, limits_option: str = "limits") -> None:
        """Raises LimitError where that option is no list of limits that the plan can be judged by."""
        assert isinstance(environment.runner, Master)
        self.environment, self.runner, self.settings = environment, environment.runner, settings
        self.options: Any = environment.parsed_options
        text = getattr(self.options, limits_option)
        self.limits_option, self.limits = limits_option, limits.parse(text)
        if settings.plan != stages.MANUAL and (problem := settings.refusal(self.limits, settings.plan)):
            raise limits.LimitError(text, 0, f"{problem}:")
        self.run: Run | None = None
        self._failed: str | None = None
        self._interrupted_by: Interruption | None = None
        LabShape.conductor, self._workers_said_goodbye = self, False
        self._signalled, self._notice = Event(), Notice(settings.notify)
        self.targets, self._last_word = Targets(environment), last_word.LastWord(environment)
        self.runner.interrupt = self.interrupt
        self.runner.register_message(QUIT, lambda **_: gevent.spawn(self.runner.quit))
        self.runner.admission = Admission(build(settings, self.runner.lender.close()))
        self.runner.most_users = settings.most_users
        self._choose_plan()
        (events := environment.events).test_start.add_listener(self._on_test_start)
        # before Locust adds the report to its tables: one of another run is emptied
        listen_first(events.worker_report, self._on_worker_report)
        events.test_stopping.add_listener(self._on_test_stopping)
        events.test_stop.add_listener(self._on_test_stop)
        events.quitting.add_listener(self._on_quitting)
        events.quit.add_listener(lambda **_: self._say())
        if settings.plan != stages.MANUAL:
            gevent.spawn(self._conduct)
        elif self.host and (refusal := reach.refusal(self.host, settings.allowed_hosts)):
            log.warning("No start will be allowed: %s", refusal)

    def check(self, host: str, users: int) -> None:
        """Raises TargetError, with the reason, when this load may not go to the host or cannot be made."""
        gate.check_load(self.targets, self.settings, host, users)
        if obstacle := gate.obstacle(self.runner, self.settings.results if self.is_idle else None):
            raise target.TargetError(obstacle)
        injector.check(self.settings, self.targets.of(host)[0])

    @property
    def host(self) -> str:
        """The target, unless a start names another one."""
        return self.environment.host or ""

    def accept(self, accepted: tuple[Limit, ...]) -> None:
        """Sets what the next run accepts."""
        self.limits = accepted
        # Locust keeps the time of an earlier run where the form has none
        self.options.run_time = None

    def interrupt(self, by: Interruption) -> None:
        """Notes what cuts the run short."""
        self._interrupted_by = by

    def prepare(self, host: str, wait_seconds: float) -> None:
        self.targets.prepare(host, wait_seconds, self.settings)

    @property
    def is_idle(self) -> bool:
        """Whether no test runs: one may start."""
        return self.runner.state in (STATE_INIT, STATE_STOPPED) and not self.is_judging

    @property
    def is_judging(self) -> bool:
        """Whether a run has come to its end, and has no verdict yet."""
        goes_on = self.runner.state not in (STATE_INIT, STATE_STOPPED, STATE_STOPPING)
        return self.run is not None and not self.run.finished.is_set() and not goes_on

    def _choose_plan(self) -> None:
        # Locust would start a run of its own for the option that LOCUST_AUTOQUIT needs beside it (locust.conf)
        self.options.autostart = False
        self.options.num_users = arrivals_a_second(self.environment) or self.options.num_users or USERS
        self.options.spawn_rate = self.options.spawn_rate or SPAWN_RATE
        self.environment.shape_class = None
        if self.settings.plan != stages.MANUAL:
            shapes = (self.environment.available_shape_classes or {}).items()
            shape = next(shape for name, shape in shapes if name.lower() == self.settings.plan)
            shape.runner = self.runner
            self.environment.shape_class = shape

    def _conduct(self) -> None:
        """Runs the plan of LAB_PLAN, and then leaves the master to the person or ends it, as LOCUST_AUTOQUIT says."""
        try:
            gate.come_together(self.runner, self.settings, self.targets, self.host, self.options.num_users)
            self.check(self.host, self.options.num_users)
            self.prepare(self.host, self.settings.target_wait_seconds)
            self.runner.start_shape()
            self._await_end()
        except (gate.LabError, target.TargetError) as error:
            self._fail(str(error), getattr(error, "exit_code", ExitCode.LAB_FAILED))
        if self.options.autoquit >= 0 and self.environment.web_ui:
            gevent.sleep(max(self.options.autoquit, 0.2))  # a UI that is stopped while it begins raises
            # a signal ends the master by itself: two ends at once get in each other's way
            if not self._signalled.is_set():
                self.environment.web_ui.stop()

    def _await_end(self) -> None:
        """Returns when the run has its verdict. Each has an end: a plan that is far behind its time is stopped."""
        shape, drives = self.environment.shape_class, self.runner.shape_greenlet
        most_seconds = shape.most_seconds if isinstance(shape, LabShape) else None
        if drives is not None:
            drives.join(most_seconds)
        if self.runner.state in (STATE_SPAWNING, STATE_RUNNING):
            log.error("the plan is far behind its time: it is stopped")
            self.interrupt(Interruption.FAULT)
            self.runner.stop()
        if self.run and not self.run.finished.wait(most_seconds):
            self.interrupt(Interruption.FAULT)
            self._on_test_stop()

    def _on_test_start(self, **_: Any) -> None:
        shape = self.environment.shape_class
        plan = type(shape).__name__.lower() if shape else stages.MANUAL
        self._failed, self._interrupted_by, self._workers_said_goodbye = None, None, False
        # requests in flight at the end are waited for until their own time-out
        self.environment.stop_timeout = min(self.settings.timeout_seconds + 1, MOST_STOP_SECONDS)
        try:
            self.runner.targets = self.targets.of(self.host)
            self.environment.host = self.host and rebuilt(self.host)
            accepted = limits.with_implied(self.limits, self.settings.failure_seconds)
            self.run = Run(
                self.environment, self.settings, plan, accepted, shape if isinstance(shape, LabShape) else None
            )
            setattr(self.options, RUN, self.run.id)
            self.runner.begin_run(self.run.id)
        except (files.ResultsError, target.TargetError) as error:
            self.run = None
            self._fail(str(error))
            gevent.spawn(self.runner.stop)

    def _on_worker_report(self, client_id: str, data: dict[str, Any], **_: Any) -> None:
        report, run = data[REPORT], self.run
        batches = self.runner.inbox.new(client_id, report)
        if run is None or run.finished.is_set() or run.hearing.take(client_id, report, batches):
            locust_tables.admit(self.runner.stats, data)
        else:  # nor may it come into Locust's tables
            locust_tables.empty(data, self.runner.stats)

    def _on_test_stopping(self, **_: Any) -> None:
        """Notes what cut the run short, while it can still be seen."""
        shape = self.environment.shape_class
        if self.run:
            self.run.close()
        if self._interrupted_by:
            return
        if not self.runner.worker_count:
            # workers that said good-bye may have been sent home with the whole lab: the signal reaches the master, too
            self._interrupted_by = Interruption.NO_WORKERS
            self._workers_said_goodbye = not self.runner.clients.missing
            if self.run:
                self.run.hurry(signals.AUDITS_WITHIN_SECONDS)
        elif self.run and self.run.seconds.asks_nothing:
            self._interrupted_by = Interruption.ASKS_NOTHING
        elif isinstance(shape, LabShape) and not (shape.is_done or self.runner.lender.is_over):
            self._interrupted_by = Interruption.PERSON

    def _on_test_stop(self, **_: Any) -> None:
        if self.run:
            # a signal and the leave of the last worker may both end a run: who comes second waits for the first
            with self.run.judging:
                if not self.run.finished.is_set():
                    self._judge(self.run)

    def _judge(self, run: Run) -> None:
        if self._workers_said_goodbye and self._signalled.wait(signals.REACH_ALL_SECONDS):
            self._interrupted_by = Interruption.SIGNAL
        try:
            verdict = run.finish(lambda: self._interrupted_by)
        except files.ResultsError as error:
            self._fail(str(error))
        except Exception as error:
            log.exception("whatever this is, it must not end in 0")
            self._fail(f"the lab failed to judge the run: {error!r}")
        else:
            self._last_word.say(verdict.exit_code)
            self._notice.give(verdict.sentence, run.folder, is_hurried=self._signalled.is_set())
        self._say()

    def _on_quitting(self, **_: Any) -> None:
        """However the master ends, a run that still goes on is stopped, judged and kept first."""
        signals.once_is_enough()
        self._signalled.set()
        self.runner.is_leaving = True
        self.runner.await_set_up()
        if self.run and not self.run.finished.is_set():
            self._interrupted_by = self._interrupted_by or Interruption.SIGNAL
            self.run.hurry(signals.AUDITS_WITHIN_SECONDS)
            self.runner.send_message(HURRY, {"seconds": HURRIED_SECONDS})
            with gevent.Timeout(signals.STOPS_WITHIN_SECONDS, False):  # type: ignore[arg-type] # False: no exception
                if self.runner.state != STATE_STOPPING:
                    self.runner.stop()
                self.run.finished.wait()
            self._on_test_stop()
        elif not self.run and not self._failed and self.settings.plan != stages.MANUAL:
            self._fail("the plan was interrupted before it began", ExitCode.INTERRUPTED)
        self._notice.join()

    def _fail(self, reason: str, exit_code: ExitCode = ExitCode.LAB_FAILED) -> None:
        self._failed = reason
        self._last_word.say(exit_code)
        log.error("%s", reason)

    def _say(self) -> None:
        """The verdict, as the last line: on the run's end, and where Locust says more then, once more after that."""
        last_word.farewell(self.run, self._failed, self.settings)
