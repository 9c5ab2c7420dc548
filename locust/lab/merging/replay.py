"""What several masters heard, counted as one: the same time line and the same observer as on one master."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from math import floor
from typing import Any, NamedTuple

from lab import figures
from lab.counts.answers import Answers
from lab.counts.health import Health
from lab.counts.marks import Mark
from lab.counts.steps import Step
from lab.counts.timeline import Timeline
from lab.limits import Limit, windows
from lab.merging.parts import LEAST_SHARED, Heard, NotParts, PartRun
from lab.results.journal import Reading
from lab.service.both_ends import Observer, Service
from lab.service.metrics import MACHINE, Scrape

NOTHING = Heard()

Row = tuple[dict[str, Any], list[dict[str, Any]]]
"""A second as a row of samples.csv, and as rows of replicas.csv."""


class Counted(NamedTuple):
    """What came of it."""

    timeline: Timeline
    service: Service | None
    rows: list[Row]
    of_parts: Mapping[int, list[set[int]]]  # for each step the steps of each part that it is made of
    left_out_seconds: int


class Replay:
    """Goes through the seconds of all parts at once. A second is measured where all of them measured the same step."""

    def __init__(self, parts: Sequence[PartRun], limits: Sequence[Limit]) -> None:
        self._parts = parts
        self._levels = [part.levels() for part in parts]
        self._users = [{step.number: step.users for step in part.evidence.steps} for part in parts]
        self._began = min(part.head.began for part in parts)
        self._overs = [part.over for part in parts]
        self._timeline = Timeline(floor(self._began), windows(limits))
        head = parts[0].head
        alone = all(part.head.targets == 1 for part in parts)
        self._observer = Observer(self._began, head.think_seconds, head.timeout_seconds, is_alone=alone)
        self._machines = Machines(parts)
        self._workers: dict[tuple[int, str, int], int] = {}
        self._step: Step | None = None
        self._at = (0, 0)  # the second that was measured last, and its level
        self._of_parts: dict[int, list[set[int]]] = {}

    def count(self) -> Counted:
        """Counts all of it. Raises NotParts where the parts were hardly measured at the same time."""
        last = max(max(part.seconds, default=0) for part in self._parts)
        rows: list[Row] = []
        left_out, over = 0, max(self._overs)
        last = max(last, over)
        for second in range(floor(self._began), last + 1):
            if second == over:
                self._timeline.end()
            heard = [part.seconds.get(second, NOTHING) for part in self._parts]
            self._hear(heard)
            if (users := _users(heard)) is not None:
                self._timeline.attend(second, users)
            numbers = [each.step or 0 for each in heard]
            left_out += not self._measure(second, numbers) and any(numbers)
            rows += self._settle(second, heard)
        self._timeline.conclude()
        self._check()
        return Counted(self._timeline, self._service(), rows, self._of_parts, left_out)

    def _hear(self, heard: Sequence[Heard]) -> None:
        for at, each in enumerate(heard):
            for line in each.lines:
                self._observer.hear(line.answers)
                self._timeline.merge(*self._due(at, line.answers, line.marks))

    def _measure(self, second: int, numbers: Sequence[int]) -> bool:
        """Whether all parts measured the second in the same step; `numbers` are those of their steps, 0 for none."""
        level, *others = {of.get(number) for of, number in zip(self._levels, numbers, strict=True)}
        if level is None or others:
            return False
        if self._step is None or self._at != (second - 1, level):
            self._step = Step(sum(of[number] for of, number in zip(self._users, numbers, strict=True)), second)
        self._at = second, level
        self._timeline.measure(second, self._step)
        of_parts = self._of_parts.setdefault(self._step.number, [set() for _ in numbers])
        for seen, number in zip(of_parts, numbers, strict=True):
            seen.add(number)
        return True

    def _due(self, at: int, answers: Sequence[Answers], marks: Sequence[Mark]) -> tuple[list[Answers], list[Mark]]:
        """What a part counted. What failed after its own end was asked before: it is of the last step of all."""
        own, last = self._overs[at], max(self._overs)
        rows = [
            row._replace(second=max(row.second, last), times={}, sum_ms=0.0, max_ms=0.0, closed={})
            if own <= row.second < last
            else row
            for row in answers
        ]
        kept = [row for row in rows if row.times or row.failures or row.exceptions]
        return kept, [mark for mark in marks if not own <= mark.second < last]

    def _settle(self, second: int, heard: Sequence[Heard]) -> Iterator[Row]:
        lines = [(at, line) for at, each in enumerate(heard) for line in each.lines]
        readings = [(at, reading) for at, line in lines for reading in line.readings]
        for at, reading in sorted(readings, key=lambda each: each[1][2].at):
            self._read(at, reading)
        for at, line in lines:
            self._examine(second, at, line.machines)
        for settled, endpoints, step in self._timeline.settle(second + 1):
            number = step.number if step else None
            row = figures.sample_row(settled, _users(heard), number, endpoints)
            used, replicas = self._observer.settle(settled, number)
            yield {**row, **used}, replicas

    def _read(self, at: int, reading: Reading) -> None:
        name, service, scrape = reading
        taken = self._machines.take(at, scrape) if name == MACHINE else scrape
        if taken:
            self._observer.read(name, service, taken)

    def _examine(self, second: int, at: int, machines: Mapping[str, Any]) -> None:
        """Takes in the workers of a machine, which are alike: of them only the sums are kept."""
        for machine, there in machines.items():
            for number in range(there.workers):
                worker = self._workers.setdefault((at, machine, number), len(self._workers) + 1)
                each = Health(seconds=1.0, machine=machine, stood_still_seconds=float(number < there.stood_still))
                each.cpu_seconds, each.cpus = there.cpu_seconds / there.workers, there.cpus / there.workers
                self._observer.examine(second, worker, each)

    def _check(self) -> None:
        shared = sum(step.seconds for step in self._timeline.steps)
        least = min(sum(step.seconds for step in part.evidence.steps) for part in self._parts)
        levels = max((max(of.values(), default=0) for of in self._levels), default=0)
        if least and shared < LEAST_SHARED * least:
            spans = "; ".join(f"{part.name} from {_clock(part)}" for part in self._parts)
            raise NotParts(
                f"the times do not overlap: {shared} s were measured by all parts at once, and {least} s by the "
                f"shortest ({spans}). Start the parts together, and keep the clocks of their machines in step (NTP)."
            )
        found = {self._levels[0][number] for steps in self._of_parts.values() for number in steps[0]}
        if least and len(found) < levels:
            raise NotParts(f"of the plan's {levels} loads, {len(found)} were measured by all parts at the same time")

    def _service(self) -> Service | None:
        ends = [part.end for part in self._parts if part.end]
        self._observer.look_last(max((end.looked_last for end in ends), default=self._began))
        cut_off = [end.cut_off for end in ends if end.cut_off is not None]
        whole = len(cut_off) == len(self._parts)
        self._observer.of_masters = sum(end.asked for end in ends)
        lost = [worker for end in ends for worker in end.lost]
        users = sum(max(self._users[at].values(), default=0) for at in range(len(self._parts)))
        return self._observer.conclude(len(self._timeline.steps), users, sum(cut_off) if whole else None, lost)


class Machines:
    """The machine that is looked at: the service's where a master is on it, or else the first master's."""

    def __init__(self, parts: Sequence[PartRun]) -> None:
        own = [next((scrape.machine for name, _, scrape in part.readings if name == MACHINE), "") for part in parts]
        of_service = {scrape.machine for part in parts for name, _, scrape in part.readings if name != MACHINE} - {""}
        self._chosen = next((at for at, machine in enumerate(own) if machine in of_service), 0)
        self._beside = [at for at, machine in enumerate(own) if machine and machine == own[self._chosen]]
        self._first: dict[int, float] = {}
        self._last: dict[int, float] = {}

    def take(self, at: int, reading: Scrape) -> Scrape | None:
        """The reading with the CPU of all masters on the machine; None where it is of another machine or master."""
        if at not in self._beside and at != self._chosen:
            return None
        used = reading.counters.get("master_seconds", 0.0)
        self._first.setdefault(at, used)
        self._last[at] = used
        if at != self._chosen:
            return None
        others = sum(self._last[other] - self._first[other] for other in self._last if other != at)
        return replace(reading, counters={**reading.counters, "master_seconds": used + others})


def _users(heard: Sequence[Heard]) -> int | None:
    """The users of all parts; None where nobody looked."""
    known = [each.users for each in heard if each.users is not None]
    return sum(known) if known else None


def _clock(part: PartRun) -> str:
    steps = part.evidence.steps
    return f"{figures.utc(steps[0].started)} to {figures.utc(steps[-1].ended)}" if steps else "never on"
