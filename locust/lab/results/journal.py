"""seconds.jsonl: what a part of a larger run heard, a line a second, from which `lab merge` counts the whole anew.

The answers of all workers are one row here, as far as second, endpoint, replica and class of users are the same; so a
line has the same size however many workers there are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TextIO

import msgspec

from lab.counts.answers import Answers
from lab.counts.health import Health
from lab.counts.marks import Mark
from lab.counts.part import Part
from lab.counts.tally import Tally
from lab.results import files
from lab.service.double_entry import LostWorker
from lab.service.metrics import Scrape

FILE = "seconds.jsonl"

Reading = tuple[str, str, Scrape]
"""Of whom, of which service, and what it said."""


class Head(msgspec.Struct, tag="head", frozen=True):
    """What is known when the run begins."""

    part: Part
    began: float
    targets: int
    timeout_seconds: float
    think_seconds: float | None


class Machine(msgspec.Struct, frozen=True):
    """The workers on one machine in a second: how many gave account, how many stood still, and their CPU."""

    workers: int
    stood_still: int
    cpu_seconds: float
    cpus: float


class Second(msgspec.Struct, tag="second", omit_defaults=True):
    """What was heard of a second, and what was read of the service meanwhile; a later line may add to it."""

    second: int
    users: int | None = None
    step: int | None = None
    answers: list[Answers] = []  # noqa: RUF012 - msgspec copies them
    marks: list[Mark] = []  # noqa: RUF012
    readings: list[Reading] = []  # noqa: RUF012
    machines: dict[str, Machine] = {}  # noqa: RUF012


class End(msgspec.Struct, tag="end", frozen=True):
    """What is known when the run has ended."""

    users: int  # at most
    cut_off: int | None
    lost: list[LostWorker]
    looked_last: float
    asked: int = 0  # requests of the master itself that the service counts as those of users


Line = Head | Second | End


class Journal:
    """Takes in what a run hears, and writes each second when it is settled. Where nothing is opened, it keeps nothing."""

    def __init__(self, head: Head | None) -> None:
        self._head = head
        self._file: TextIO | None = None
        self._answers: dict[int, dict[tuple[str, str | None, str], Tally]] = defaultdict(lambda: defaultdict(Tally))
        self._marks: dict[int, dict[str, Tally]] = defaultdict(lambda: defaultdict(Tally))
        self._vitals: dict[int, dict[int, Health]] = defaultdict(dict)
        self._readings: list[Reading] = []
        self._settled = 0

    def open(self, folder: Path) -> None:
        """Begins to write. Raises ResultsError where that cannot be."""
        try:
            if self._head:
                self._file = files.open_new(folder / FILE)
                self._write(self._head)
        except OSError as error:
            raise files.ResultsError(files.explain(folder, error)) from error

    def hear(self, answers: Iterable[Answers], marks: Iterable[Mark]) -> None:
        """Takes in what a worker counted."""
        if self._head is None:
            return
        for row in answers:
            self._answers[row.second][row.endpoint, row.replica, row.user].add(row.tally())
        for mark in marks:
            self._marks[mark.second][mark.name].add(mark.tally())

    def read(self, name: str, service: str, reading: Scrape) -> None:
        """Takes in a reading of the service, or of this machine."""
        if self._head:
            self._readings.append((name, service, reading))

    def examine(self, second: int, worker: int, health: Health) -> None:
        """Takes in what a worker measured of itself; what comes late is of no use to anybody."""
        if self._head and second >= self._settled:
            self._vitals[second].setdefault(worker, Health()).add(health)

    def settle(self, second: int, users: int | None, step: int | None) -> None:
        """Writes the second, and what has come late of earlier ones. Raises OSError where it cannot."""
        if self._head is None:
            return
        self._settled = second + 1
        line = self._line(second)
        line.users, line.step = users, step
        line.readings, self._readings = self._readings, []
        line.machines = _machines(self._vitals.pop(second, {}).values())
        self._write(line)
        self._write_late(until=second)

    def end(self, end: End) -> None:
        """Writes what is left, and the end. Raises OSError where it cannot."""
        if self._file:
            self._write_late(until=None)
            self._write(Second(self._settled, readings=self._readings))
            self._write(end)
            self._file.close()
            self._file = None

    def _write_late(self, until: int | None) -> None:
        known = sorted({*self._answers, *self._marks})
        for second in known:
            if until is None or second < until:
                self._write(self._line(second))

    def _line(self, second: int) -> Second:
        answers = self._answers.pop(second, {})
        marks = self._marks.pop(second, {})
        return Second(
            second,
            answers=[_answers(second, *key, tally) for key, tally in answers.items()],
            marks=[
                Mark(second, name, tally.times, tally.failures, tally.sum_ms, tally.max_ms)
                for name, tally in marks.items()
            ],
        )

    def _write(self, line: Line) -> None:
        if self._file:
            self._file.write(msgspec.json.encode(line).decode() + "\n")
            self._file.flush()


def _answers(second: int, endpoint: str, replica: str | None, user: str, tally: Tally) -> Answers:
    return Answers(
        second,
        endpoint,
        tally.times,
        tally.failures,
        tally.sum_ms,
        tally.max_ms,
        replica,
        tally.closed,
        tally.exceptions,
        user,
    )


def _machines(workers: Iterable[Health]) -> dict[str, Machine]:
    found: dict[str, list[Health]] = defaultdict(list)
    for health in workers:
        if health.seconds:
            found[health.machine].append(health)
    return {
        machine: Machine(
            len(there),
            sum(bool(health.stood_still_seconds) for health in there),
            sum(health.cpu_seconds for health in there),
            sum(health.cpus for health in there),
        )
        for machine, there in found.items()
    }


def read(folder: Path) -> Iterator[Line]:
    """The lines of the run in the folder; a last one that a killed master left half is left out.

    Raises OSError where there are none, and ValueError where one is not what a run leaves.
    """
    decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(Line)
    with files.open_old(folder / FILE) as file:
        for number, text in enumerate(file, 1):
            if not text.endswith("\n"):
                return
            try:
                yield decoder.decode(text)
            except msgspec.MsgspecError as error:
                raise ValueError(f"{folder / FILE}, line {number}: {error}") from error
