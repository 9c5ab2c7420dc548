"""What is measured besides the answers: the service's own side, this machine, and the course of a soak."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from locust.rpc.zmqrpc import Server
from msgspec import structs

from lab import figures
from lab.asking.asker import OwnRequests
from lab.counts.clock import CLOCK
from lab.counts.endpoints import Endpoints
from lab.counts.health import Health
from lab.counts.marks import Mark
from lab.counts.timeline import Answers, Step, Timeline
from lab.engine.injector import Injector
from lab.limits import Limit
from lab.plans.stages import SOAK
from lab.results.journal import End, Head, Journal
from lab.service import limited, metrics
from lab.service.both_ends import Observer, Service
from lab.service.double_entry import LostWorker
from lab.service.machine import Machine
from lab.service.metrics import Scrape
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
        part, timeout_seconds = settings.part, settings.timeout_seconds
        self._journal = Journal(part and Head(part, began, len(targets), timeout_seconds, mean_think_seconds))
        is_alone = len(targets) == 1 and part is None
        self._observer = Observer(began, mean_think_seconds, timeout_seconds, is_alone=is_alone)
        self._machine = Machine(target)
        self._looked_last, self._end, self._asked_before = began, End(0, None, [], began), asked_as_load()
        self._limits = [limit for limit in limits if limit.source]
        wanted = {limit.source for limit in self._limits if limit.source and limit.source.is_series}
        self._scraper = Scraper(settings.metrics_urls, target, settings.allowed_hosts, self._read, wanted)
        self._scraper.start(READING_PATIENCE_SECONDS)

    def keep_seconds(self, folder: Path) -> None:
        """Keeps what is heard of a part of a larger run in its folder. Raises ResultsError where that cannot be."""
        self._journal.open(folder)

    def _read(self, name: str, service: str, reading: Scrape) -> None:
        self._observer.read(name, service, reading)
        self._journal.read(name, service, reading)

    def hear(self, answers: Iterable[Answers], marks: Iterable[Mark]) -> None:
        """Takes in what a worker counted."""
        self._observer.hear(answers)
        self._journal.hear(answers, marks)
        self.injector.hear(answers, marks)

    def examine(self, second: int, worker: int, health: Health) -> None:
        """Takes in what a worker measured of itself in the second."""
        self._observer.examine(second, worker, health)
        self._journal.examine(second, worker, health)

    def used(self, step: Step, timeline: Timeline, until: int) -> limited.Used:
        """What limits ask of the service itself in the step before `until`, also in its seconds that are unsettled."""
        if not self._limits:
            return {}
        unsettled = [second for second, _, of in timeline.unsettled(until) if of is step]
        read = limited.Read(self._observer.used(step.number, unsettled), len(step.successes) + len(unsettled))
        return limited.figures(self._limits, read)

    def used_by_step(self, timeline: Timeline, until: int) -> list[limited.Used]:
        """The same of each step of the run."""
        return [self.used(step, timeline, until) for step in timeline.steps]

    def look(self) -> None:
        """Reads how busy this machine is."""
        self._read(metrics.MACHINE, metrics.MACHINE, self._machine.read())

    def settle(
        self, second: int, users: int | None, step: Step | None, endpoints: Endpoints
    ) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """A second that is settled as a row of samples.csv, and as rows of replicas.csv."""
        number = step.number if step else None
        self._journal.settle(second, users, number)
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
        self._looked_last = CLOCK.now()
        self._observer.look_last(self._looked_last)
        self._scraper.read_once_more(READING_PATIENCE_SECONDS)

    def end_journal(self) -> None:
        """Ends what is kept of a part, when its writes were audited. Raises OSError where it cannot be written."""
        self._journal.end(structs.replace(self._end, asked=asked_as_load() - self._asked_before))

    def conclude(self, steps: int, users: int, cut_off: int | None = None, lost: Sequence[LostWorker] = ()) -> Measured:
        """Sums up, for so many steps and so many users at most (lab/service/both_ends.py)."""
        self._end = End(users, cut_off, list(lost), self._looked_last)
        service = self._observer.conclude(steps, users, cut_off, lost)
        outages = service.outages if service else ()
        return Measured(service, course.conclude(self._soak, outages) if self._soak else None)


def asked_as_load() -> int:
    """How many requests the lab itself made so far that a service counts as it counts those of users."""
    return sum(count for endpoint, count in OwnRequests.sent.items() if _is_counted(endpoint))


def _is_counted(endpoint: str) -> bool:
    """Whether a replica counts a request of the lab itself as it counts those of users."""
    return not metrics.is_own_route(endpoint) and not endpoint.startswith(f"{metrics.RESET} ")
