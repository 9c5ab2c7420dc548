"""Is a limit surely broken already, so that a held load may end before its time? Pure.

Two things would make false stops of it. Answers near in time resemble each other, so a slow second would speak for
hundreds: what scatters here is the figure of a stretch of seconds, by the method of batch means (A. M. Law, Simulation
Modeling and Analysis, 9.5.3), and Wilson's interval has to agree where the answers are few. And whoever looks often
enough sees any chance: the looks share one risk, the k-th of them has 1 / (k (k + 1)) of it, which adds up to all of it
however long the plan is; and they get rarer with the time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import inf, sqrt
from statistics import NormalDist

from lab.counts.timeline import Extremes, Tally
from lab.distributions import t_quantile
from lab.limits import EXCEPTIONS, OF_THE_RUN, OUTAGE, Limit, Source, tally_of
from lab.limits.source import A_SECOND, CPU
from lab.plans import sampling

FALSE_STOPS = 0.01
"""How often a load that keeps its limit just so is stopped, at most, where no slow spell outlasts a batch."""
FIRST_LOOK_SECONDS = 5
LATER = 1.1
"""After how many times the time measured is looked again."""
FEWEST_BATCHES, MOST_BATCHES = 5, 30
BATCH_SECONDS = 3
"""What a batch has at least, where there are more than the fewest."""


@dataclass
class Watch:
    """Looks at a load that is held, second by second."""

    looks: int = 0
    next_look: float = FIRST_LOOK_SECONDS
    _sums: dict[str, list[tuple[float, float]]] = field(default_factory=dict)  # after each measured second

    def see(
        self, limits: Sequence[Limit], seconds: int, endpoints: Mapping[str, Tally], extremes: Extremes
    ) -> Limit | None:
        """The limit that is surely broken by what was measured in so many seconds; None where there is none yet.

        It is to be called once a second. Seconds that are taken back are forgotten.
        """
        for limit in limits:
            if seconds >= (limit.window or 0) and _is_certain(limit, endpoints, extremes):
                return limit
        for limit in filter(_is_of_chance, limits):
            sums = self._sums.setdefault(limit.key, [])
            del sums[seconds:]
            missing = seconds - len(sums)
            sums.extend([_sum(limit, endpoints, seconds, extremes) or (sums[-1] if sums else (0.0, 0.0))] * missing)
        if seconds < self.next_look:
            return None
        self.next_look = seconds * LATER
        self.looks += 1
        risk = FALSE_STOPS / (self.looks * (self.looks + 1))
        return next((limit for limit in limits if _is_of_chance(limit) and self._is_sure(limit, endpoints, risk)), None)

    def _is_sure(self, limit: Limit, endpoints: Mapping[str, Tally], risk: float) -> bool:
        if (
            limit.source is None
            and limit.measure != "rps"
            and not sampling.is_broken(limit, endpoints, NormalDist().inv_cdf(1 - risk))
        ):
            return False
        low, high = ratio([(0.0, 0.0), *self._sums[limit.key]], risk)
        allowed = _allowed(limit)
        # of a percentile, the share of those beyond it is looked at, on whichever side that is
        return high < allowed if limit.is_at_least and not _is_percentile(limit) else low > allowed


def ratio(sums: Sequence[tuple[float, float]], risk: float) -> tuple[float, float]:
    """The interval of a ratio, from its sums (of what is counted, of what it is counted among) after each second.

    Each of its ends is beyond the truth with that risk. Without limits where there are too few seconds.
    """
    seconds = len(sums) - 1
    batches = min(seconds, MOST_BATCHES, max(FEWEST_BATCHES, seconds // BATCH_SECONDS))
    if batches < 2:
        return -inf, inf
    ends = [round(batch * seconds / batches) for batch in range(batches + 1)]
    parts = [(sums[end][0] - sums[start][0], sums[end][1] - sums[start][1]) for start, end in pairwise(ends)]
    hits, of = (sum(column) for column in zip(*parts, strict=True))
    if not of:
        return -inf, inf
    whole = hits / of
    scatter = sum((part - whole * among) ** 2 for part, among in parts) * batches / (batches - 1)
    half = t_quantile(1 - risk, batches - 1) * sqrt(scatter) / of
    return whole - half, whole + half


def _is_certain(limit: Limit, endpoints: Mapping[str, Tally], extremes: Extremes) -> bool:
    """Whether it is broken for good: no answer that is yet to come can mend a worst, or a count."""
    if limit.source:
        # memory, and a figure as it stands, is held by its peak or its sum; the least of one may be a sum as well
        used = None if limit.is_at_least or _is_mean(limit.source) else extremes.used.get(limit.key)
        return used is not None and not limit.keeps(used)
    if limit.measure == OUTAGE:
        return not limit.keeps(extremes.silent_seconds or 0)
    if limit.window:
        figure = extremes.windows.get(limit.key)
        return figure is not None and not limit.keeps(figure)
    if limit.measure == EXCEPTIONS:
        return not limit.keeps(tally_of(limit, endpoints).died)
    return limit.measure == "max" and not limit.keeps(tally_of(limit, endpoints).max_ms)


def _is_of_chance(limit: Limit) -> bool:
    if limit.source:
        return _is_mean(limit.source)
    return limit.is_of_sums and limit.measure != "max" and limit.measure not in OF_THE_RUN


def _is_mean(source: Source) -> bool:
    """Whether it is a mean over the seconds: a share of CPU, or so many a second."""
    return source.name == CPU or source.unit == A_SECOND


def _sum(limit: Limit, endpoints: Mapping[str, Tally], seconds: int, extremes: Extremes) -> tuple[float, float] | None:
    """What the limit's figure is the ratio of: a share of answers, or a sum over answers or seconds.

    None where the service did not say it.
    """
    if limit.source:
        used = extremes.used.get(limit.key)
        return None if used is None else (used * seconds, seconds)
    tally = tally_of(limit, endpoints)
    match limit.measure:
        case "fail":
            return tally.failed + tally.died, tally.requests + tally.died
        case "rps":
            return tally.successes, seconds
        case "avg":
            return tally.sum_ms, tally.successes
        case _:
            return sum(count for time, count in tally.times.items() if not limit.keeps(time)), tally.successes


def _allowed(limit: Limit) -> float:
    if not _is_percentile(limit):
        return limit.bound
    share = float(limit.measure[1:]) / 100
    return share if limit.is_at_least else 1 - share


def _is_percentile(limit: Limit) -> bool:
    return limit.source is None and limit.measure[0] == "p"
