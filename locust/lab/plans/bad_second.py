"""Is a second bad? What a soak and the recovery from a fault have in common. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from lab.counts.endpoints import Tallies
from lab.counts.tally import Tally
from lab.limits import Limit
from lab.plans import sampling

SURENESS = 1.64
"""How sure a second must be of a broken limit, in standard deviations."""
FEWEST_ERRORS = 3
"""The fewest failed requests in a second that are a burst."""
DUE = 5.0
"""From so many answers a second on average, a second without any is no chance: it would be 7 in 1,000."""


def broken(limits: Sequence[Limit], endpoints: Tallies) -> str:
    """Which limit the second surely breaks: "p95<=450ms broken"; empty where it breaks none."""
    return next((f"{limit.text} broken" for limit in limits if sampling.is_broken(limit, endpoints, SURENESS)), "")


def is_burst(whole: Tally, share: float) -> bool:
    """Whether so large a share of the second's requests failed, and enough of them to be no chance."""
    return whole.failed >= FEWEST_ERRORS and whole.failed >= share * whole.requests
