"""How long did a service answer nobody, though answers were due? Pure.

Users who wait for their answers hide a standstill: each of them has asked once, so a percentile hardly moves. But a
second without an answer may also be one in which nobody asked. So what ends a silence is looked at: where users waited,
an answer comes late or a request fails.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import inf
from typing import NamedTuple

from lab.counts.tally import Tally

DUE_ANSWERS = 7.0
"""So many answers must have been due in a silence: where 7 come on average, none comes by chance in fewer than one of
a thousand stretches (Poisson: e to the -7)."""
WAITED_SHARE = 0.5
"""Of a silence that one of the answers which end it must have waited: users think before they ask, so not all of it."""


class Second(NamedTuple):
    """A second of a run: how many requests ended in it, and the longest of their times (ms; infinite: one failed).

    `users` is how many were there; None after the plan's end, when nobody asks and some still wait for an answer.
    """

    answers: int
    waited_ms: float
    users: int | None
    is_measured: bool = True


def second_of(whole: Tally, users: int | None) -> Second:
    """The second in which that was answered."""
    return Second(whole.requests, inf if whole.failures else whole.max_ms, users)


@dataclass(frozen=True)
class Pace:
    """What a step answers when it does: its answers, its measured seconds, its users, and its median time (s).

    `otherwise` is how many answers a second to expect where all of the step is silent.
    """

    answers: int
    seconds: int
    users: int
    median_seconds: float = 0.0
    otherwise: float = 0.0


def longest(course: Iterable[Second], pace: Pace) -> int:
    """The longest silence of the course in which answers were due, in whole seconds."""
    silences = list(_silences(course))
    usual = max((len(silence) for silence, ending in silences if ending and not _waited(silence, ending)), default=0)
    return max((len(silence) for silence, ending in silences if _is_due(silence, ending, pace, usual)), default=0)


def _silences(course: Iterable[Second]) -> Iterator[tuple[Sequence[Second], Second | None]]:
    """Each silence with the second whose answers ended it; None where nobody was left, or it goes on."""
    silence = list[Second]()
    for second in course:
        if not second.answers and second.users != 0:
            silence.append(second)
        elif silence:
            yield silence, second if second.answers else None
            silence = []
    if silence:
        yield silence, None


def _waited(silence: Sequence[Second], ending: Second) -> bool:
    return ending.waited_ms >= WAITED_SHARE * 1000 * len(silence)


def _is_due(silence: Sequence[Second], ending: Second | None, pace: Pace, usual: int) -> bool:
    """Whether answers were due in a silence, by what was answered outside of it.

    Fewer users are due fewer answers, and who waits long for every answer misses none that soon. While nothing has
    ended it, it may become one in which nobody waited: only what is longer than these are, as a rule, counts.
    """
    if ending and not _waited(silence, ending):
        return False
    outside = pace.seconds - sum(second.is_measured for second in silence)
    rate = pace.answers / outside if outside > 0 else pace.otherwise
    present = sum(second.users or 0 for second in silence) / pace.users
    return rate * (present - max(pace.median_seconds, 0 if ending else usual)) >= DUE_ANSWERS


class Course:
    """Every settled second of a run, at some bytes each: a day of them weighs two MB."""

    def __init__(self, started: int) -> None:
        self._started = started
        self._answers, self._users, self._waited_ms = array("L"), array("L"), array("d")

    def append(self, second: Second) -> None:
        """Adds the second that comes next."""
        self._answers.append(second.answers)
        self._users.append(second.users or 0)
        self._waited_ms.append(second.waited_ms)

    def add(self, at: int, late: Second) -> None:
        """Adds to a second that is there already what came late."""
        self._answers[at - self._started] += late.answers
        self._waited_ms[at - self._started] = max(self._waited_ms[at - self._started], late.waited_ms)

    def __getitem__(self, second: int) -> Second:
        """The second, which must have been added."""
        at = second - self._started
        return Second(self._answers[at], self._waited_ms[at], self._users[at])
