"""The steps of a run: stretches at constant load, with everything that was counted and measured in them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

from lab.counts.endpoints import Endpoints
from lab.counts.health import Health

Workers = dict[int, Health]
"""What each worker measured of itself, by its number."""


class Extremes(NamedTuple):
    """What the sums of a stretch of seconds cannot tell.

    Its longest silence in which answers were due (s), the worst figure of each window that is looked for (windows.py),
    of a soak the share of its time in which it served, of faults the longest time until all limits held again (s), and
    how many acknowledged writes are lost. None, or no such window: not known.
    """

    silent_seconds: int | None = None
    windows: Mapping[str, float | None] = MappingProxyType({})
    availability: float | None = None
    recovery_seconds: float | None = None
    lost: int | None = None
    used: Mapping[str, float | None] = MappingProxyType({})  # of what a service says of itself, by limit


@dataclass
class Step:
    """A stretch at constant load that is measured: its users, its seconds, what was answered in them,
    and what the workers measured of themselves meanwhile.

    `number` counts the run's steps from 1. In a search, `purpose` is why the step was run (lab/plans/search.py), `kept`
    whether it kept all limits, and `excess` how far beyond them it was.
    """

    users: int
    started: int
    purpose: str = ""
    kept: bool | None = None
    seconds: int = 0
    successes: list[int] = field(default_factory=list)  # of each second
    endpoints: Endpoints = field(default_factory=Endpoints)
    excess: float | None = None
    health: Workers = field(default_factory=dict)
    number: int = 0
    silent_seconds: int | None = 0  # None in folders of runs that did not look for it
    windows: dict[str, float | None] = field(default_factory=dict)
    counts_exceptions: bool = True  # False in folders of runs that did not count them

    @property
    def ended(self) -> int:
        """The second after its last one."""
        return self.started + self.seconds

    @property
    def requests(self) -> int:
        """All that was answered in it, failures too."""
        return sum(tally.requests for tally in self.endpoints.values())

    @property
    def extremes(self) -> Extremes:
        """What its sums cannot tell."""
        return Extremes(self.silent_seconds, self.windows)


def measured(steps: Iterable[Step]) -> tuple[int, Endpoints]:
    """Several steps together: how many seconds were measured, and what was answered in them."""
    seconds, endpoints = 0, Endpoints()
    for step in steps:
        seconds += step.seconds
        endpoints.add(step.endpoints)
    return seconds, endpoints


def health_of(steps: Iterable[Step]) -> Workers:
    """What each worker measured of itself in several steps together."""
    whole: defaultdict[int, Health] = defaultdict(Health)
    for step in steps:
        for worker, health in step.health.items():
            whole[worker].add(health)
    return whole
