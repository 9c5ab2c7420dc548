"""Have the answers settled? Those of the first seconds at a load are held against those that came after. Pure.

When users come, they come together: answers are slower for a moment, and caches and connections are new. A fixed time
is too long nearly always. So the last seconds of it are measured, and left out where they differ from what follows by
more than chance.
"""

from __future__ import annotations

from math import sqrt

from lab.counts.timeline import Tally

TRIED_SECONDS = 2
"""So much of the time to settle is measured; of the rest it is known that users are still coming into step."""
LEAST_ANSWERS = 10
"""Of fewer nothing can be said."""
ALIKE = 2.0
"""By so many standard deviations two figures may differ by chance: they do so in 95 of 100 times."""


def are_alike(early: Tally, early_seconds: float, late: Tally, late_seconds: float) -> bool:
    """Whether answers of the first seconds are as many, as fast and as good as those of the seconds that followed."""
    if min(early.successes, late.successes) < LEAST_ANSWERS:
        return False
    faster = early.requests / early_seconds - late.requests / late_seconds
    by_chance = sqrt(early.requests / early_seconds**2 + late.requests / late_seconds**2)
    slower = early.sum_ms / early.successes - late.sum_ms / late.successes
    scatter = sqrt(_variance(early) / early.successes + _variance(late) / late.successes)
    worse = (early.failure_share or 0.0) - (late.failure_share or 0.0)
    share = (early.failed + late.failed) / (early.requests + late.requests)
    of_share = sqrt(share * (1 - share) * (1 / early.requests + 1 / late.requests))
    return abs(faster) <= ALIKE * by_chance and abs(slower) <= ALIKE * scatter and abs(worse) <= ALIKE * of_share


def _variance(tally: Tally) -> float:
    """Of the times, in square milliseconds."""
    mean = tally.sum_ms / tally.successes
    return sum((time - mean) ** 2 * count for time, count in tally.times.items()) / tally.successes
