"""Outages of replicas: how many requests failed, when the traffic had moved, and when the replica was back."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, inf
from statistics import fmean
from typing import TypedDict, overload

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


class OutageRow(TypedDict):
    """An absence as verdict.json holds it. Documents of earlier versions lack the last two."""

    replica: str
    gone: str
    failed: int
    moved_after_seconds: int | None
    back_after_seconds: int | None
    others: bool
    silent_seconds: int | None


def figures(absence: Absence, course: Sequence[Moment], timeout_seconds: float) -> OutageRow:
    """The absence in figures, to the second, as the swarm saw it.

    Failures are counted whoever they are booked on, and for as long as requests can hang that it took along.
    """
    gone, back = _gap(absence, course)
    moved = _moved(course, gone)
    end = back if moved is None else moved
    return {
        "replica": absence.replica,
        "gone": utc(gone),
        "failed": _failed(course, gone, inf if end is None else end + ceil(timeout_seconds)),
        "moved_after_seconds": None if moved is None else moved - gone,
        "back_after_seconds": None if back is None else back - gone,
        "others": bool(_answering(course, gone, inf if back is None else back) - {absence.replica}),
        "silent_seconds": _silent_seconds(course, gone),
    }


def _answering(course: Sequence[Moment], gone: int, back: float) -> set[str]:
    """The replicas that answered in between, or, where no second is in between, in the two."""
    between = [moment for moment in course if gone < moment.second < back]
    between = between or [moment for moment in course if gone <= moment.second <= back]
    return {name for moment in between for name, answers in moment.answered.items() if answers}


def _silent_seconds(course: Sequence[Moment], gone: int) -> int | None:
    """How long nothing at all answered from then on; None: to the end."""
    answered = (moment.second for moment in course if moment.second > gone and any(moment.answered.values()))
    first = next(answered, None)
    if first is None:
        return None
    return first - gone if first > gone + 1 else 0


def _gap(absence: Absence, course: Sequence[Moment]) -> tuple[int, int | None]:
    """The second of its last answer, and of the first one since; None: there was none."""
    until = inf if absence.until is None else absence.until
    answered = [moment.second for moment in course if moment.answered.get(absence.replica)]
    # it may answer for a second after its last reading; the second in which it starts again is of its next life
    last = max(absence.since, min(absence.since + 1, until - 1))
    gone = max((second for second in answered if second <= last), default=int(absence.since))
    back = next((second for second in answered if second > gone and second + 1 > until), None)
    # its metrics may be read again some seconds after it answers again
    if back is not None and (longest := _longest_gap(answered, absence.since, until)):
        return longest
    return gone, back


def _longest_gap(seconds: Sequence[int], since: float, until: float) -> tuple[int, int] | None:
    """The two seconds around the longest gap that reaches into this time; None where no second is missing."""
    gaps = [(end - begin, begin, end) for begin, end in pairwise(seconds) if begin < until and since < end]
    missing, begin, end = max(gaps, default=(0, 0, 0))
    return (begin, end) if missing > 1 else None


def sentence(row: OutageRow) -> str:
    """The outage for people."""
    moved, back = row["moved_after_seconds"], row["back_after_seconds"]
    failed = f"{row['failed']:,} request{'' if row['failed'] == 1 else 's'} failed"
    text = f"Replica {row['replica']} was gone at {row['gone'][11:19]} UTC: {failed}, "
    # older runs do not say whether there were others
    if not row.get("others", True):
        silent = row["silent_seconds"]
        if silent is None:
            return text + "and it did not come back: nothing answered from then on."
        return text + (f"and nothing answered for {silent} s." if silent else f"and it was back after {back} s.")
    text += f"the others had its traffic after {moved} s" if moved is not None else "its traffic never moved"
    return text + (f", and it was back after {back} s." if back is not None else ", and it did not come back.")


def _failed(course: Sequence[Moment], gone: int, end: float) -> int:
    return sum(moment.failed for moment in course if gone <= moment.second <= end)


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
