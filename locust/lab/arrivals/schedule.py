"""When do visitors come? The intended times of one source of arrivals, which makes one a second on average. Pure."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator

ARRIVALS = CLOSED, OPEN = "closed", "open"
"""Closed: a user waits for the answer and thinks before its next request. Open: arrivals do not wait for answers."""
SPACINGS = POISSON, EVEN = "poisson", "even"
GOLDEN_RATIO = (math.sqrt(5) - 1) / 2


def intended_times(spacing: str, start: float, source: int, worker: int = 0) -> Iterator[float]:
    """The times (s) after `start` at which the source starts a visit, without end.

    Poisson: gaps are exponential with a mean of a second, so that any number of sources together are Poisson again.
    The same source of the same worker has the same gaps in each run.

    Even: a second apart. The sources of a worker share the second evenly, however many there are: multiples of the
    golden ratio, modulo 1, leave gaps of at most three lengths (Sos, 1958). A worker's sources are shifted as a whole.
    """
    if spacing == EVEN:
        phase = (source * GOLDEN_RATIO + worker * math.sqrt(2)) % 1.0
        first = math.floor(start - phase) + 1 + phase
        number = 0
        while True:
            yield first + number
            number += 1
    chance = random.Random(f"{worker}/{source}")  # noqa: S311 - a schedule is no secret
    due = start
    while True:
        due += chance.expovariate(1.0)
        yield due
