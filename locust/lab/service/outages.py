"""Outages of replicas: how many requests failed, when the traffic had moved, and when the replica was back."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from statistics import fmean
from typing import Any, overload

from lab.figures import utc

BEFORE_SECONDS = 5
"""How many seconds before an outage show the usual rate."""
USUAL = 0.9
"""The share of the usual answers at which the traffic counts as moved."""


@dataclass(frozen=True)
class Moment:
    """A second of the run as the swarm saw it: the answers of each replica, and the failed requests."""

    second: int
    answered: Mapping[str, int]
    failed: int


class Moments(Sequence[Moment]):
    """The run's seconds in order, a few bytes each: a day takes a few MB."""

    def __init__(self) -> None:
        self._seconds, self._failed = array("q"), array("q")
        self._answered: dict[str, array[int]] = {}

    def append(self, moment: Moment) -> None:
        """Adds the second that comes next."""
        for name in moment.answered.keys() - self._answered.keys():
            self._answered[name] = array("q", bytes(8 * len(self)))
        self._seconds.append(moment.second)
        self._failed.append(moment.failed)
        for name, counts in self._answered.items():
            counts.append(moment.answered.get(name, 0))

    def __len__(self) -> int:
        return len(self._seconds)

    @overload
    def __getitem__(self, index: int) -> Moment: ...
    @overload
    def __getitem__(self, index: slice) -> list[Moment]: ...
    def __getitem__(self, index: int | slice) -> Moment | list[Moment]:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(len(self)))]
        answered = {name: counts[index] for name, counts in self._answered.items()}
        return Moment(self._seconds[index], answered, self._failed[index])


@dataclass(frozen=True)
class Absence:
    """A replica that could not be read from `since` on, until it was read again; None: it never was."""

    replica: str
    since: float
    until: float | None


def figures(absence: Absence, course: Sequence[Moment]) -> dict[str, Any]:
    """The absence in figures, to the second, as the swarm saw it; the row of verdict.json."""
    name = absence.replica
    until = inf if absence.until is None else absence.until
    # it may answer for a second after its last reading; answers after its restart belong to its next life
    answered = [moment.second for moment in course if moment.answered.get(name)]
    gone = max((second for second in answered if second <= min(absence.since + 1, until)), default=int(absence.since))
    back = next((second for second in answered if second > gone and second + 1 > until), None)
    moved = _moved(course, gone)
    return {
        "replica": name,
        "gone": utc(gone),
        "failed": _failed(course, gone, back if moved is None else moved),
        "moved_after_seconds": None if moved is None else moved - gone,
        "back_after_seconds": None if back is None else back - gone,
    }


def sentence(row: Mapping[str, Any]) -> str:
    """The outage for people."""
    moved, back = row["moved_after_seconds"], row["back_after_seconds"]
    failed = f"{row['failed']:,} request{'' if row['failed'] == 1 else 's'} failed"
    return (
        f"Replica {row['replica']} was gone at {row['gone'][11:19]} UTC: {failed}, "
        + (f"the others had its traffic after {moved} s" if moved is not None else "its traffic never moved")
        + (f", and it was back after {back} s." if back is not None else ", and it did not come back.")
    )


def _failed(course: Sequence[Moment], gone: int, end: int | None) -> int:
    last = inf if end is None else end
    return sum(moment.failed for moment in course if gone <= moment.second <= last)


def _moved(course: Sequence[Moment], gone: int) -> int | None:
    """The first second afterwards without a failure and with about as many answers as before."""
    usual = _usual(course, gone)
    return next(
        (
            moment.second
            for moment in course
            if moment.second > gone and not moment.failed and sum(moment.answered.values()) >= USUAL * usual
        ),
        None,
    )


def _usual(course: Sequence[Moment], gone: int) -> float:
    before = [sum(moment.answered.values()) for moment in course if gone - BEFORE_SECONDS <= moment.second < gone]
    return fmean(before) if before else 0.0
