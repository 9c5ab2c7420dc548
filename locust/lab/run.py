"""One execution of a plan, on the master: from its first user to its verdict and its folder."""

from __future__ import annotations

import csv
import logging
import os
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import gevent
from gevent.event import Event
from locust.html import get_html_report
from locust.runners import STATE_MISSING, STATE_RUNNING, MasterRunner
from locust.stats import PERCENTILES_TO_REPORT, StatsCSVFileWriter

from lab import results, verdict
from lab.timeline import Endpoints, Step, Timeline, together

if TYPE_CHECKING:
    from locust.env import Environment

    from lab.limits import Limit
    from lab.settings import Settings
    from lab.verdict import Interruption, Verdict

log = logging.getLogger(__name__)

REPORTS_ARE_IN_SECONDS = 6
"""How long after its end a second is settled: by then every worker has reported it, or is known to be lost."""


class Run:
    """What the master keeps of a run while it lasts. Everything in it happens on the master's one event loop."""

    def __init__(self, environment: Environment, settings: Settings, plan: str, limits: tuple[Limit, ...]) -> None:
        """Makes the run's folder and begins to watch. Raises ResultsError when there can be no folder."""
        runner = environment.runner
        assert isinstance(runner, MasterRunner)
        self.environment, self.runner, self.settings = environment, runner, settings
        self.plan, self.limits = plan, limits
        self.started = datetime.now(UTC)
        self.folder = results.folder(settings.results, self.started, plan)
        self.timeline = Timeline(int(self.started.timestamp()))
        self.steady_since: float | None = None
        self.losses: list[str] = []
        self.verdict: Verdict | None = None
        self.finished = Event()
        self._step: Step | None = None
        self._users: dict[int, int] = {}
        self._workers = {client.id: client.state for client in runner.clients.all}
        self._most_workers = len(self._workers)
        self._samples = results.Table(
            self.folder / "samples.csv",
            ("time", "users", "step", "requests", "failed", "p50_ms", "p95_ms", "p99_ms"),
        )
        self._locust_csv = StatsCSVFileWriter(environment, PERCENTILES_TO_REPORT, str(self.folder / "locust"))
        self._greenlets = [gevent.spawn(self._locust_csv.stats_writer), gevent.spawn(self._watch)]

    def close(self) -> None:
        """Ends the watching: what comes from now on, such as workers that leave, is the end of the run and no event."""
        gevent.killall(self._greenlets)

    def finish(self, interrupted_by: Interruption | None) -> Verdict:
        """Judges the run and writes its folder. Raises ResultsError when the folder cannot be written."""
        self.close()
        now = datetime.now(UTC)
        self._write_samples(int(now.timestamp()) + 1)
        measured_seconds, endpoints = self.timeline.measured()
        self.verdict = verdict.judge(
            verdict.Evidence(
                plan=self.plan,
                target=self.environment.host or "",
                limits=self.limits,
                started=self.started.isoformat(timespec="seconds"),
                seconds=round((now - self.started).total_seconds()),
                steps=self.timeline.steps,
                measured_seconds=measured_seconds,
                endpoints=endpoints,
                workers=self._most_workers,
                losses=self.losses,
                interrupted_by=interrupted_by,
            )
        )
        try:
            self._write_folder()
        except OSError as error:
            raise results.ResultsError(results.explain(self.folder, error)) from error
        finally:
            self.finished.set()
        return self.verdict

    def _watch(self) -> None:
        while True:
            gevent.sleep(1 - time.time() % 1)
            second = int(time.time()) - 1
            self._observe(second)
            try:
                self._write_samples(second - REPORTS_ARE_IN_SECONDS)
            except OSError as error:
                log.warning("%s", results.explain(self.folder, error))

    def _observe(self, second: int) -> None:
        """Notes what was so at the end of the second: users, workers, and whether it counts for a step."""
        self._users[second] = self.runner.user_count
        if self._lost_a_worker():
            # nobody knows for how long it was gone: the seconds that are not settled yet are not of this load
            self.timeline.retract(second - REPORTS_ARE_IN_SECONDS)
            self.steady_since = self._step = None
        target = self.runner.target_user_count
        steady = (
            self.runner.state == STATE_RUNNING and self.runner.spawning_completed and self.runner.user_count == target
        )
        if not steady or (self._step and self._step.users != target):
            self.steady_since = self._step = None
        if not steady:
            return
        if self.steady_since is None:
            self.steady_since = second + 1
        elif second >= self.steady_since + self.settings.settle_seconds:
            self._step = self._step or Step(target, second)
            self.timeline.measure(second, self._step)

    def _lost_a_worker(self) -> bool:
        """Looks after the workers and notes who is gone; says whether one went without handing its counts in."""
        lost = False
        now = {client.id: client.state for client in self.runner.clients.all}
        for worker, before in self._workers.items():
            if before != STATE_MISSING and now.get(worker, STATE_MISSING) == STATE_MISSING:
                self._note_loss(worker, "stopped answering" if worker in now else "left")
                lost = lost or worker in now
        self._workers = now
        self._most_workers = max(self._most_workers, len(now))
        return lost

    def _note_loss(self, worker: str, what: str) -> None:
        number, host = self.runner.get_worker_index(worker) + 1, worker.rpartition("_")[0]
        sentence = f"Worker {number} ({host}) {what} at {datetime.now(UTC):%H:%M:%S} UTC; the others took its users."
        self.losses.append(sentence)
        log.warning("%s", sentence)

    def _write_samples(self, until: int) -> None:
        for second, endpoints, step in self.timeline.settle(until):
            self._samples.add(self._sample(second, endpoints, step))

    def _sample(self, second: int, endpoints: Endpoints, step: Step | None) -> dict[str, Any]:
        figures = verdict.figures(together(endpoints.values()), 1)
        return {
            "time": datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "users": self._users.pop(second, None),
            "step": self.timeline.steps.index(step) + 1 if step else None,
            **{name: figures[name] for name in ("requests", "failed", "p50_ms", "p95_ms", "p99_ms")},
        }

    def _write_folder(self) -> None:
        assert self.verdict
        self._samples.close()
        self._write_locust_files()
        steps = results.Table(
            self.folder / "steps.csv",
            ("step", "users", "seconds", "requests", "failed", "rps", "avg_ms", "p50_ms", "p95_ms", "p99_ms", "max_ms"),
        )
        for number, step in enumerate(self.timeline.steps, 1):
            figures = verdict.figures(together(step.endpoints.values()), step.seconds)
            steps.add({"step": number, "users": step.users, **figures})
        steps.close()
        knobs = {name: value for name, value in os.environ.items() if name.startswith(("LAB_", "LOCUST_"))}
        workers = [{"id": client.id, "state": client.state} for client in self.runner.clients.all]
        results.write_json(self.folder / "environment.json", results.environment(workers, knobs))
        results.write_json(self.folder / "verdict.json", self.verdict.document)
        results.point_latest(self.folder)

    def _write_locust_files(self) -> None:
        """Locust's own tables, anew: its writer was stopped between two of its rounds."""
        self._locust_csv.close_files()
        tables = {
            "stats": self._locust_csv.requests_csv,
            "failures": self._locust_csv.failures_csv,
            "exceptions": self._locust_csv.exceptions_csv,
        }
        for name, write in tables.items():
            with (self.folder / f"locust_{name}.csv").open("w", encoding="utf-8", newline="") as file:
                write(csv.writer(file))
        results.write_text(self.folder / "locust.html", get_html_report(self.environment, show_download_link=False))
