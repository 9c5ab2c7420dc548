"""The worst stretch of so many seconds inside a step, for limits such as `p95<=450ms in 10s`. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from lab.counts.endpoints import Tallies, find
from lab.counts.tally import Tally, together

Key = TypeVar("Key")


class Window(NamedTuple):
    """What is looked for: the worst figure of so many seconds in a row, for one endpoint or (None) for all requests.

    `figure` takes what was answered and in how many seconds, and gives None where there is nothing to take it from.
    """

    key: str
    seconds: int
    endpoint: str | None
    figure: Callable[[Tally, int], float | None]
    least_is_worst: bool

    def worse(self, one: float, other: float) -> float:
        """The worse of two figures."""
        return min(one, other) if self.least_is_worst else max(one, other)


@dataclass
class Rolling:
    """Sums that move with the seconds of a step; at most the window's seconds are kept.

    A window without any request says nothing, and one in which requests failed and none succeeded has no time: then
    no time was kept.
    """

    window: Window
    _seconds: deque[Tally] = field(default_factory=deque)
    _sum: Tally = field(default_factory=Tally)
    _last: int | None = None
    _was_full: bool = False
    _had_none: bool = False
    _worst: float | None = None

    def add(self, second: int, endpoints: Tallies) -> None:
        """Takes in the next second of the step."""
        if self._last is not None and second != self._last + 1:
            self._seconds, self._sum = deque(), Tally()
        self._last = second
        name = self.window.endpoint
        tally = _bare(together(endpoints.values()) if name is None else find(name, endpoints) or Tally())
        self._seconds.append(tally)
        self._sum.add(tally)
        if len(self._seconds) > self.window.seconds:
            first = self._seconds.popleft()
            _take_off(self._sum.times, first.times)
            _take_off(self._sum.failures, first.failures)
            _take_off(self._sum.exceptions, first.exceptions)
        if len(self._seconds) == self.window.seconds:
            self._was_full = True
            self._judge()

    @property
    def found(self) -> float | None:
        """The worst figure so far; of a step that is shorter than the window, that of all its seconds."""
        if self._was_full:
            return None if self._had_none else self._worst
        return self._figure()

    def so_far(self) -> Rolling:
        """The same, to be gone on with by itself."""
        own = copy(self)
        own._seconds, own._sum = copy(self._seconds), _bare(self._sum)  # noqa: SLF001 - of its own class
        return own

    def _judge(self) -> None:
        figure = self._figure()
        if figure is not None:
            self._worst = figure if self._worst is None else self.window.worse(self._worst, figure)
        elif self._sum.requests or self._sum.died:
            self._had_none = True

    def _figure(self) -> float | None:
        self._sum.sum_ms = sum(tally.sum_ms for tally in self._seconds)
        self._sum.max_ms = max((tally.max_ms for tally in self._seconds), default=0.0)
        return self.window.figure(self._sum, len(self._seconds)) if self._seconds else None


def _bare(tally: Tally) -> Tally:
    """A tally of its own, with nothing but what is a figure: failures are one number."""
    failures, exceptions = ({"": count} if count else {} for count in (tally.failed, tally.died))
    return Tally(dict(tally.times), failures, tally.sum_ms, tally.max_ms, exceptions=exceptions)


def _take_off(counts: dict[Key, int], taken: Mapping[Key, int]) -> None:
    for key, count in taken.items():
        counts[key] -= count
        if not counts[key]:
            del counts[key]
