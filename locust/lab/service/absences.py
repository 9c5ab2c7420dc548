"""Which replicas were gone, and when? Both sides must say so: their metrics were silent, and so were their answers.

Silence proves nothing while nobody listens: seconds in which the master or the workers stood still do not count.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import floor, inf
from statistics import fmean

from lab.counts.health import Health
from lab.service.metrics import MACHINE, REPLICA
from lab.service.outages import BEFORE_SECONDS, Absence, Moment
from lab.service.series import MOST_GAP_SECONDS, SILENT_SECONDS, Series

GONE_SECONDS = 5.0
"""A replica that fell silent so long before the end is gone; before that, only if answers were due meanwhile."""
LISTENED_SECONDS = 2.0
"""So long at least somebody must have listened."""
MISSED_ANSWERS = 10.0
"""So many answers at least must be missing in a short silence: fewer may be chance."""


class Standstills:
    """The seconds in which workers stood still."""

    def __init__(self) -> None:
        self._workers: set[int] = set()
        self._stood: dict[int, set[int]] = {}

    def examine(self, second: int, worker: int, health: Health) -> None:
        """Takes in what a worker measured of itself in the second."""
        self._workers.add(worker)
        if health.stood_still_seconds:
            self._stood.setdefault(second, set()).add(worker)

    def listening(self, second: int) -> float:
        """The share of the workers that did not stand still."""
        return 1 - len(self._stood.get(second, ())) / max(1, len(self._workers))


def find(series: Mapping[str, Series], course: Sequence[Moment], standstills: Standstills) -> Iterator[Absence]:
    """The absences: replicas that restarted, and those that were silent to the master and to the swarm."""
    ended = max((each.last_at for each in series.values()), default=0.0)
    swarm = _Swarm(course, standstills, series[MACHINE].silences if MACHINE in series else [])
    for name, each in series.items():
        if each.kind != REPLICA:
            continue
        gone = [Absence(name, *restart) for restart in each.restarts]
        gone += [Absence(name, since, until) for since, until in each.silences if swarm.missed(name, since, until)]
        silent_seconds = ended - each.last_at
        if (
            silent_seconds > SILENT_SECONDS
            and not each.is_coarse
            and swarm.missed(name, each.last_at, inf if silent_seconds > GONE_SECONDS else ended)
        ):
            gone.append(Absence(name, each.last_at, None))
        yield from sorted(gone, key=lambda absence: absence.since)


@dataclass(frozen=True)
class _Swarm:
    """What the swarm heard, and when nobody listened: `deaf` are the stretches in which the master stood still."""

    course: Sequence[Moment]
    standstills: Standstills
    deaf: Sequence[tuple[float, float]]

    def missed(self, replica: str, since: float, until: float) -> bool:
        """Whether it got no answer from the replica either, apart from the first and last second."""
        inside = [moment for moment in self.course if since + 1 < moment.second < until - 1]
        if any(moment.answered.get(replica) for moment in inside):
            return False
        listened = sum(self._listened(moment.second) for moment in inside)
        if until - since > MOST_GAP_SECONDS:
            return listened >= LISTENED_SECONDS
        seconds = range(floor(since) - BEFORE_SECONDS, floor(since))
        before = [moment.answered.get(replica, 0) for moment in self.course if moment.second in seconds]
        return listened * fmean(before or [0]) >= MISSED_ANSWERS

    def _listened(self, second: int) -> float:
        if any(begin - 1 < second < end for begin, end in self.deaf):
            return 0.0
        return self.standstills.listening(second)
