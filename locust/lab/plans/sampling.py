"""Has a step measured enough to be judged, and what does it say? Pure: tallies in, a judgement out.

A percentile limit says which share of the answers may be slower: `p95<=450ms` allows 5 %. Whether a step keeps it is a
question about that share, and the Wilson interval (E. B. Wilson, 1927) of the share seen answers it: all of it below
what is allowed is kept, all of it above is broken. Where nothing is slower, an interval of 99 % takes 127 answers for
p95, 657 for p99 and 6,630 for p99.9. Answers near in time resemble each other, so a step also has a least time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf, sqrt
from statistics import fmean, stdev

from lab import limits
from lab.counts.timeline import Extremes, Tally
from lab.distributions import t_quantile
from lab.limits import EXCEPTIONS, OUTAGE, Limit
from lab.limits.holding import UNKNOWN

HOPELESS_SHARE = 5.0
"""How many times the allowed share must be exceeded for a step to be cut short."""
HOPELESS_SECONDS = 2


@dataclass(frozen=True)
class Stretch:
    """How long a step measures: not shorter and not longer (s), and in between until it is so sure.

    `sureness` is in standard deviations: 1.64 is an interval of 90 %, 1.96 of 95 %, 2.58 of 99 %.
    """

    at_least: float
    at_most: float
    sureness: float


def is_kept(
    accepted: Sequence[Limit],
    endpoints: Mapping[str, Tally],
    seconds: float,
    stretch: Stretch,
    extremes: Extremes = UNKNOWN,
) -> bool | None:
    """Whether a step that measured so many seconds keeps all the limits; None while that cannot be told yet.

    A limit on throughput is no question to a single step: it is held against what the search found.
    """
    if not seconds:
        return None
    if _was_silent(accepted, extremes):
        return False  # more answers cannot mend a silence
    of_step = [limit for limit in accepted if limit.is_of_a_step]
    sides = [_side_in_step(limit, endpoints, seconds, stretch.sureness, extremes) for limit in of_step]
    worst = max(sides, default=-1.0)
    if seconds >= HOPELESS_SECONDS and worst == inf:
        return False
    if seconds < stretch.at_least:
        return None
    if worst != 0:
        return worst < 0
    if seconds < stretch.at_most:
        return None
    return limits.keeps(limits.judge(accepted, endpoints, seconds, extremes))


def _was_silent(accepted: Sequence[Limit], extremes: Extremes) -> bool:
    silent_seconds = extremes.silent_seconds or 0
    return any(limit.measure == OUTAGE and not limit.keeps(silent_seconds) for limit in accepted)


def is_broken(limit: Limit, endpoints: Mapping[str, Tally], sureness: float) -> bool:
    """Whether these answers alone are enough to be so sure (in standard deviations) that the limit is broken."""
    return limit.is_of_a_step and limit.is_of_sums and _side(limit, limits.tally_of(limit, endpoints), sureness) > 0


def wilson(hits: int, of: int, z: float) -> tuple[float, float]:
    """The interval of `z` standard deviations of a share seen `hits` in `of` times; all of 0 to 1 without any."""
    if not of:
        return 0.0, 1.0
    share, z2 = hits / of, z * z
    middle = (share + z2 / (2 * of)) / (1 + z2 / of)
    half = z * sqrt(share * (1 - share) / of + z2 / (4 * of * of)) / (1 + z2 / of)
    return max(0.0, middle - half), min(1.0, middle + half)


def rate(counts: Sequence[int]) -> tuple[float, float, float]:
    """Counts a second, and the 95 % interval of that, from the scatter of the seconds."""
    if not any(counts):
        return 0.0, 0.0, 0.0
    mean, seconds = fmean(counts), len(counts)
    half = t_quantile(0.975, seconds - 1) * stdev(counts) / sqrt(seconds) if seconds > 1 else mean
    return mean, max(0.0, mean - half), mean + half


def _side_in_step(limit: Limit, endpoints: Mapping[str, Tally], seconds: float, z: float, extremes: Extremes) -> float:
    """As `_side`; what sums cannot tell is what was seen, and chance has no part in it."""
    if limit.is_of_sums:
        return _side(limit, limits.tally_of(limit, endpoints), z)
    if limit.measure == OUTAGE:
        return -1.0  # or else the step was broken already
    if limit.measure == EXCEPTIONS:
        return -1.0 if limit.keeps(limits.tally_of(limit, endpoints).died) else 1.0
    figure = extremes.used.get(limit.key) if limit.source else extremes.windows.get(limit.key)
    if figure is None or seconds < (limit.window or 0):
        return 0.0
    return -1.0 if limit.keeps(figure) else 1.0


def _side(limit: Limit, tally: Tally, z: float) -> float:
    """On which side of the limit the tally is for sure: -1 kept, 1 broken, infinite beyond hope; 0 where it is open."""
    match limit.measure:
        case "fail":
            return _side_of_share(tally.failed + tally.died, tally.requests + tally.died, limit.bound, z)
        case "max":
            return 1.0 if tally.max_ms > limit.bound else 0.0
        case "avg":
            side = _side_of_mean(tally, limit.bound, z)
            return -side if limit.is_at_least else side
        case percentile:
            beyond = sum(count for figure, count in tally.times.items() if not limit.keeps(figure))
            share = float(percentile[1:]) / 100
            return _side_of_share(beyond, tally.successes, share if limit.is_at_least else 1 - share, z)


def _side_of_share(hits: int, of: int, allowed: float, z: float) -> float:
    low, high = wilson(hits, of, z)
    if low > min(0.5, HOPELESS_SHARE * allowed):
        return inf
    return float(low > allowed) - float(high <= allowed)


def _side_of_mean(tally: Tally, bound: float, z: float) -> float:
    count = tally.successes
    if count < 30:
        return 0.0
    mean = tally.sum_ms / count
    variance = sum((time - mean) ** 2 * seen for time, seen in tally.times.items()) / (count - 1)
    half = z * sqrt(variance / count)
    return float(mean - half > bound) - float(mean + half <= bound)
