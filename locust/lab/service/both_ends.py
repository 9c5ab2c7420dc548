"""Both ends of the wire in one run: what the replicas reported, and what the swarm received from each of them.

It sends no requests: readings come from the scraper, answers from the workers' reports.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil, floor, inf, sqrt
from typing import Any

from lab.counts.health import Health
from lab.counts.timeline import Answers, Tally
from lab.service import balance, columns, double_entry, outages, usage
from lab.service.absences import GONE_SECONDS, Standstills
from lab.service.absences import find as find_absences
from lab.service.balance import BalanceRow, ReplicaRow
from lab.service.double_entry import DoubleEntryRow, LostWorker, RequestCounts
from lab.service.metrics import MACHINE, REPLICA, DurabilityRow, Scrape, is_own_route
from lab.service.neighbours import Neighbours
from lab.service.outages import Absence, Moment, Moments, OutageRow
from lab.service.series import Series, total
from lab.service.usage import Usage

FILE = "service.json"
FAILING_SECONDS = 10
"""How long before the end a failure may mean that requests hang."""

Usages = Mapping[str, Usage]
"""What each replica and each proxy used in a stretch of time."""


@dataclass(frozen=True)
class Service:
    """What is known of the service after the run: the part of the evidence that service.json holds."""

    steps: Sequence[Usages] = ()
    replicas: Sequence[ReplicaRow] = ()
    balance: BalanceRow | None = None
    outages: Sequence[OutageRow] = ()
    double_entry: DoubleEntryRow | None = None
    mean_think_seconds: float | None = None
    durability: Sequence[DurabilityRow] = ()  # one for each kind of store that was seen

    def document(self) -> dict[str, Any]:
        """As service.json holds it."""
        steps = [{name: used.document() for name, used in step.items()} for step in self.steps]
        return {"schema": 1, **vars(self), "steps": steps}


def from_document(document: Mapping[str, Any]) -> Service:
    """The counterpart of `document`."""
    steps = [{name: usage.from_document(row) for name, row in step.items()} for step in document["steps"]]
    return Service(**{name: part for name, part in document.items() if name not in ("schema", "steps")}, steps=steps)


@dataclass
class _Second:
    answered: defaultdict[str | None, Tally] = field(default_factory=lambda: defaultdict(Tally))


def _moment(second: int, answered: Mapping[str | None, Tally]) -> Moment:
    by_replica = {name: tally.successes for name, tally in answered.items() if name}
    return Moment(second, by_replica, sum(tally.failed for tally in answered.values()))


class Observer:
    """Joins readings and answers during the run. Each second is settled once, in order."""

    def __init__(
        self, began: float, mean_think_seconds: float | None, timeout_seconds: float = 10.0, *, is_alone: bool = True
    ) -> None:
        """`is_alone`: the swarm asks no other service as well, so that its whole count is of this one."""
        self._began, self._mean_think_seconds, self._timeout_seconds = began, mean_think_seconds, timeout_seconds
        self._is_alone, self.of_masters = is_alone, 0  # requests of other masters themselves
        self._series: dict[str, Series] = {}
        self._neighbours, self._standstills = Neighbours(), Standstills()
        self._seconds: dict[int, _Second] = defaultdict(_Second)
        self._course = Moments()
        self._steps: dict[int, dict[str, Usage]] = defaultdict(dict)
        self._measured: defaultdict[str, Tally] = defaultdict(Tally)  # answers in the measured seconds
        self._busy_seconds: Counter[str] = Counter()  # measured seconds with an answer
        self._measured_seconds = 0
        self._counted: Counter[str | None] = Counter()  # all requests of the run
        self._counted_apart: Counter[str | None] = Counter()  # those to routes that replicas do not count as load
        self._failed_by_nobody = 0
        self._first_second = inf  # with an answer
        self._last_look_at = -inf  # when every replica was read for the last time
        self._waited_seconds: defaultdict[int, float] = defaultdict(float)  # by all requests of each last second

    def read(self, name: str, service: str, reading: Scrape) -> None:
        """Takes in a reading of a replica."""
        self._series.setdefault(name, Series(service, self._began)).add(reading)

    def look_last(self, at: float) -> None:
        """Notes that every replica is read once more, for the last time: one that cannot be may have counted more."""
        self._last_look_at = at

    def hear(self, rows: Iterable[Answers]) -> None:
        """Takes in the counts of a worker."""
        for row in rows:
            if row.second < floor(self._began):
                continue
            tally = row.tally()
            if double_entry.is_of_both_ends(row.endpoint):
                self._counted[row.replica] += tally.requests
                self._counted_apart[row.replica] += tally.requests if is_own_route(row.endpoint) else 0
                self._failed_by_nobody += tally.failed if row.replica == "" else 0
            self._first_second = min(self._first_second, row.second)
            self._waited_seconds[row.second] += row.sum_ms / 1000
            if not self._course or row.second > self._course[-1].second:
                self._seconds[row.second].answered[row.replica].add(tally)

    def examine(self, second: int, worker: int, health: Health) -> None:
        """Takes in what a worker measured of itself in the second."""
        self._neighbours.examine(second, worker, health)
        self._standstills.examine(second, worker, health)

    def settle(self, second: int, step: int | None) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """The second as columns of samples.csv, and as rows of replicas.csv; `step` is the number of its step."""
        answered = self._seconds.pop(second, _Second()).answered
        usages = {name: used for name, series in self._series.items() if (used := series.second(second))}
        others = self._neighbours.settle(second, usages, answered)
        if MACHINE in usages:
            usages[MACHINE].sums.update(others)
        self._course.append(_moment(second, answered))
        self._waited_seconds.pop(second - FAILING_SECONDS, None)
        if step is not None:
            self._measure(step, answered, usages)
        names = sorted({*(name for name in usages if name != MACHINE), *(name for name in answered if name)})
        rows = [columns.replica_row(second, name, answered.get(name), usages.get(name)) for name in names]
        return columns.sample_columns(list(usages.values())), rows

    def used(self, step: int, unsettled: Iterable[int]) -> dict[str, Usage]:
        """What was used in the step, also in those of its seconds that are not settled yet."""
        more = [
            {name: used for name, series in self._series.items() if (used := series.second(second))}
            for second in unsettled
        ]
        return usage.together([self._steps.get(step, {}), *more])

    def _measure(self, step: int, answered: Mapping[str | None, Tally], usages: Usages) -> None:
        self._measured_seconds += 1
        for name, used in usages.items():
            self._steps[step].setdefault(name, Usage(used.kind, used.service)).add(used)
        for replica, tally in answered.items():
            if replica:
                self._measured[replica].add(tally)
                self._busy_seconds[replica] += 1

    def conclude(
        self, steps: int, users: int, cut_off: int | None = None, lost: Sequence[LostWorker] = ()
    ) -> Service | None:
        """All that is known at the end; None without any metrics and any X-Replica.

        `cut_off` is how many requests were in flight when the users were stopped, where that was counted.
        """
        if not self._measured and self._series.keys() <= {MACHINE}:
            return None
        by_step = [self._steps.get(number, {}) for number in range(1, steps + 1)]
        replicas = self._replicas_of_the_target(by_step)
        idle = {name: self._measured_seconds - self._busy_seconds[name] for name in {*self._measured, *replicas}}
        rows = balance.rows(self._measured, replicas, idle, self._measured_seconds)
        absences = list(find_absences(self._series, self._course, self._standstills))
        if cut_off is None:
            cut_off = min(users, self._in_flight_at_end(users))
        return Service(
            steps=by_step,
            replicas=rows,
            balance=balance.judge(rows),
            outages=[outages.figures(absence, self._course, self._timeout_seconds) for absence in absences],
            double_entry=double_entry.audit(self._request_counts(cut_off, lost, absences)) if self._is_alone else None,
            mean_think_seconds=self._mean_think_seconds,
            durability=self._durability(),
        )

    def _durability(self) -> list[DurabilityRow]:
        seen = dict.fromkeys(series.durability for series in self._series.values() if series.durability)
        return [durability.row() for durability in seen]

    def _replicas_of_the_target(self, by_step: Sequence[Usages]) -> dict[str, Usage]:
        """What each replica used in all steps; of the services that are read, those that answered."""
        whole = {name: used for name, used in usage.together(by_step).items() if used.kind == REPLICA}
        targets = {self._series[name].service for name in self._measured if name in self._series}
        return {name: used for name, used in whole.items() if not targets or used.service in targets}

    def _in_flight_at_end(self, users: int) -> int:
        """How many requests at most were cut off when the users stopped: only the service counts these.

        By Little's law, as many are in flight as seconds are waited in a second; where requests fail, all may hang.
        """
        if any(moment.failed for moment in self._course[-FAILING_SECONDS:]):
            return users
        last = [self._waited_seconds[moment.second] for moment in self._course[-FAILING_SECONDS:]]
        most = max(last, default=0.0)
        return ceil(most + 3 * sqrt(most))

    def _is_known_from_the_start(self, series: Series) -> bool:
        """Whether its first reading came before the first answer, or before it had counted anything."""
        return series.is_whole or series.first_at < self._first_second + 1

    def _request_counts(self, cut_off: int, lost: Sequence[LostWorker], absences: Sequence[Absence]) -> RequestCounts:
        names = {name for name in self._counted if name}
        unread, served = names - self._series.keys(), self._served(names)
        proxies = [series for series in self._series.values() if "proxied" in series.totals]
        return RequestCounts(
            answered=self._counted.total() - self._counted[None],
            by_nobody=self._failed_by_nobody if names else 0,
            unanswered=self._counted[None],
            cut_off=cut_off,
            proxied=total(proxies, "proxied") or None,
            served=None if served is None else total(served, "served"),
            retried=total(proxies, "retries"),
            died_unread=self._answered_unread(absences),
            lost=lost,
            elsewhere=sum(self._counted[name] for name in unread),
            of_masters=self.of_masters,
            apart=sum(count for name, count in self._counted_apart.items() if name not in unread),
        )

    def _served(self, names: set[str]) -> list[Series] | None:
        """The replicas that count requests; None unless some of them answered, and each is known from the start."""
        found = [series for series in self._of_replicas() if "served" in series.totals]
        if not found or (names and not names & self._series.keys()):
            return None
        return found if all(self._is_known_from_the_start(series) for series in found) else None

    def _of_replicas(self) -> Iterator[Series]:
        return (series for series in self._series.values() if series.kind == REPLICA)

    def _answered_unread(self, absences: Sequence[Absence]) -> int:
        """Answers of replicas between a reading and the moment they were gone, or the end."""
        unread: list[tuple[str, int, float]] = [
            (absence.replica, floor(absence.since), floor(absence.since) + round(GONE_SECONDS))
            for absence in absences
            if absence.until is not None
        ]
        unread += [
            (name, floor(series.last_at), inf)
            for name, series in self._series.items()
            if series.kind == REPLICA and series.last_at < self._last_look_at
        ]
        return sum(
            moment.answered.get(name, 0)
            for name, begin, end in unread
            for moment in self._course
            if begin <= moment.second < end
        )
