"""Is the service still the same? The first step of a search against its repetition. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import TypedDict

from lab.counts import histogram
from lab.counts.histogram import Histogram
from lab.counts.timeline import Step
from lab.figures import three_digits
from lab.plans.search import Purpose

DRIFT_RATIO = 1.5
"""Up to how many times as long the repeated first step may take by chance ..."""
DRIFT_MS = 2.0
"""... or how much longer, if that is more: on a busy machine answers wait for the CPU by as much. Beyond both, the
answers depend on history, unless so few of them may mislead: the 95 % intervals of the two medians must lie apart."""

FEWEST_ANSWERS = 5
"""An endpoint that was asked less often in one of the two steps is no witness."""


class Stationarity(TypedDict):
    """The first step against its repetition, as verdict.json holds it: the median of the endpoint that changed most."""

    endpoint: str
    first_ms: float
    repeated_ms: float
    ratio: float
    stationary: bool


def has_drifted(first: Step, step: Step) -> bool:
    """Whether a step is a repetition of the first one that shows that the answers depend on history."""
    change = compare(first, step) if step.purpose == Purpose.REPEAT else None
    return bool(change and not change["stationary"])


def compare(first: Step, repeated: Step) -> Stationarity | None:
    """The two steps by the endpoint that changed most; None where no endpoint was asked often enough in both."""
    times, again = ({name: tally.times for name, tally in step.endpoints.items()} for step in (first, repeated))
    witnesses = [name for name in times if min(_count(times[name]), _count(again.get(name, {}))) >= FEWEST_ANSWERS]
    changes = [_change(name, times[name], again[name]) for name in witnesses]
    return max(changes, key=lambda change: (not change["stationary"], change["ratio"]), default=None)


def noise_until_ms(first_ms: float) -> float:
    """Below which median of the repeated step its difference to the first one is noise.

    >>> noise_until_ms(2.04), noise_until_ms(12.0)
    (4.04, 18.0)
    """
    return max(DRIFT_RATIO * first_ms, first_ms + DRIFT_MS)


def sentence(change: Stationarity, seen: Sequence[str] = ()) -> str:
    """What the repetition of the first step showed, by which rule, and why, as the second half of a sentence.

    `seen` are other causes of slower answers that were seen in the run, such as "other work used 71 % of this machine".
    """
    first_ms, again_ms, endpoint = change["first_ms"], change["repeated_ms"], change["endpoint"]
    figures = f"{three_digits(first_ms)} ms, then {three_digits(again_ms)} ms at {endpoint}"
    until_ms = noise_until_ms(first_ms)
    noise = f"{three_digits(until_ms)} ms"
    took = f"took {three_digits(change['ratio'])} times as long ({figures})"
    if change["stationary"]:
        why = (
            f"noise reaches to {noise}"
            if again_ms < until_ms
            else f"noise reaches to {noise}, but so few answers may mislead"
        )
        return f"{took}, which is as before: {why}"
    if seen:
        return f"{took}, and {' and '.join(seen)}: whether the answers depend on history cannot be told"
    return f"{took}: the answers depend on history"


def _count(times: Histogram) -> int:
    return sum(times.values())


def _change(endpoint: str, first: Histogram, again: Histogram) -> Stationarity:
    first_ms, first_high_ms = histogram.percentile(first, 50) or 0, _median_bound(first, +1)
    again_ms, again_low_ms = histogram.percentile(again, 50) or 0, _median_bound(again, -1)
    ratio = again_ms / first_ms
    slower = again_ms >= noise_until_ms(first_ms) and again_low_ms > first_high_ms
    return {
        "endpoint": endpoint,
        "first_ms": first_ms,
        "repeated_ms": again_ms,
        "ratio": round(ratio, 3),
        "stationary": not slower,
    }


def _median_bound(times: Histogram, side: int) -> float:
    """The lower (-1) or upper (+1) end of the 95 % interval of the median: the ranks of its answers give it."""
    half = 98 / sqrt(sum(times.values()))
    return histogram.percentile(times, min(100.0, max(0.0, 50 + side * half))) or 0.0
