"""What is measured besides the answers: the service's own side, this machine, and the course of a soak."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

from locust.rpc.zmqrpc import Server

from lab import figures
from lab.counts.clock import CLOCK
from lab.counts.endpoints import Endpoints
from lab.counts.health import Health
from lab.counts.marks import Mark
from lab.counts.timeline import Answers, Step
from lab.engine.injector import Injector
from lab.limits import Limit
from lab.plans.stages import SOAK
from lab.service import limited, metrics
from lab.service.both_ends import Observer, Service
from lab.service.double_entry import LostWorker
from lab.service.machine import Machine
from lab.service.scraper import Scraper
from lab.settings import Settings
from lab.soak import course
from lab.soak.watch import FailureRule, SoakRow, Watch

READING_PATIENCE_SECONDS = 1.0
"""How long the first and the last reading of the service's metrics may hold up the run."""


class Measured(NamedTuple):
    """What the instruments have found in the end; None where there is nothing to find."""

    service: Service | None
    soak: SoakRow | None


NOTHING = Measured(None, None)


class Instruments:
    """They run from the first user of a run until it is closed."""

    def __init__(  # noqa: PLR0913, PLR0917 - a run is all of these
        self,
        settings: Settings,
        targets: tuple[str, ...],
        plan: str,
        limits: tuple[Limit, ...],
        began: float,
        mean_think_seconds: float | None,
        server: Server,
    ) -> None:
        """Returns when the service's metrics were read once, or the patience is over."""
        target = targets[0]
        self.injector = Injector(settings, plan, target, server)
        rule = FailureRule(limits, settings.failure_seconds, settings.failure_errors)
        self._soak = Watch(rule) if plan == SOAK else None
        is_alone = len(targets) == 1
        self._observer = Observer(began, mean_think_seconds, settings.timeout_seconds, is_alone=is_alone)
        self._machine = Machine(target)
        self._limits = [limit for limit in limits if limit.source]
        wanted = {limit.source for limit in self._limits if limit.source and limit.source.is_series}
        self._scraper = Scraper(settings.metrics_urls, target, settings.allowed_hosts, self._observer.read, wanted)
        self._scraper.start(READING_PATIENCE_SECONDS)

    def hear(self, answers: Iterable[Answers], marks: Iterable[Mark]) -> None:
        """Takes in what a worker counted."""
        self._observer.hear(answers)
        self.injector.hear(answers, marks)

    def examine(self, second: int, worker: int, health: Health) -> None:
        """Takes in what a worker measured of itself in the second."""
        self._observer.examine(second, worker, health)

    def used(self, step: Step, unsettled: Collection[int]) -> limited.Used:
        """What limits ask of the service itself in the step so far, also in those of its seconds that are unsettled."""
        if not self._limits:
            return {}
        read = limited.Read(self._observer.used(step.number, unsettled), len(step.successes) + len(unsettled))
        return limited.figures(self._limits, read)

    def look(self) -> None:
        """Reads how busy this machine is."""
        self._observer.read(metrics.MACHINE, metrics.MACHINE, self._machine.read())

    def settle(
        self, second: int, users: int | None, step: Step | None, endpoints: Endpoints
    ) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """A second that is settled as a row of samples.csv, and as rows of replicas.csv."""
        number = step.number if step else None
        used, replicas = self._observer.settle(second, number)
        row = {**figures.sample_row(second, users, number, endpoints), **used}
        if self._soak and step:
            course.take(self._soak, second, endpoints, row, replicas)
        return row, replicas

    def close(self) -> None:
        """Reads the metrics no more, and breaks nothing more."""
        self.injector.close()
        self._scraper.close()

    def look_once_more(self) -> None:
        """Reads the metrics one last time, when all users are gone."""
        self.injector.leave()
        self._observer.look_last(CLOCK.now())
        self._scraper.read_once_more(READING_PATIENCE_SECONDS)

    def conclude(self, steps: int, users: int, cut_off: int | None = None, lost: Sequence[LostWorker] = ()) -> Measured:
        """Sums up, for so many steps and so many users at most (lab/service/both_ends.py)."""
        service = self._observer.conclude(steps, users, cut_off, lost)
        outages = service.outages if service else ()
        return Measured(service, course.conclude(self._soak, outages) if self._soak else None)
