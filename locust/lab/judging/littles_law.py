"""Do the figures agree with each other? Little's law: what is inside = what comes a second x how long each stays.

J. D. C. Little, "A Proof for the Queuing Formula L = lambda W", 1961. It holds for users, who are always either waiting
or thinking, and for the requests inside the service; where it fails, something was not counted or not waited for.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import sqrt
from typing import TypedDict

from lab.service.metrics import REPLICA
from lab.service.usage import Usage

SLACK = 0.05
"""By which ratio the two sides may differ beyond the noise: seconds are cut where requests are under way."""
SURENESS = 3.0
"""In standard deviations."""
FAILED_SECONDS = 10.0
"""For so long a request that failed may have held its user: LAB_TIMEOUT, unless that was set."""
SERVICE_SLACK = 0.5
"""The requests inside are looked at once a second, and only between two of what the event loop does."""


class Law(TypedDict):
    """What was inside, what the law expects, and by how much the two may differ."""

    inside: float
    expected: float
    slack: float
    agrees: bool


class Laws(TypedDict):
    """The law held to both ends: the swarm's users, and the requests inside the service."""

    swarm: Law | None
    service: Law | None


def of_swarm(  # noqa: PLR0913, PLR0917 - the figures of the law
    users: float, requests: int, seconds: int, response_seconds: float, think_seconds: float, failed: int = 0
) -> Law | None:
    """Users against throughput x (response time + think time); None where there were no requests.

    The response time is that of successes: how long a user waited for a request that failed was not counted.
    """
    if not requests or not seconds or not users:
        return None
    expected = requests / seconds * (response_seconds + think_seconds)
    # who waits when the step begins or ends is counted in part
    slack = SLACK + SURENESS / sqrt(requests) + response_seconds / seconds
    return _row(users, expected, slack * users + failed / seconds * FAILED_SECONDS)


def of_service(usages: Iterable[Usage]) -> Law | None:
    """Requests inside the service against those that it answered a second x how long it took for them."""
    inside = expected = 0.0
    seconds = workers = 0
    for usage in usages:
        seen, busy = usage.per_second("in_flight"), usage.per_second("busy_seconds")
        if usage.kind == REPLICA and seen is not None and busy is not None:
            inside, expected, seconds = inside + seen, expected + busy, max(seconds, usage.seconds)
            workers += round(usage.peaks.get("workers", 1))
    if not seconds:
        return None
    noise = SURENESS * sqrt(max(expected, 1.0) / seconds)
    return _row(inside, expected, SERVICE_SLACK * expected + noise + workers)


def _row(inside: float, expected: float, slack: float) -> Law:
    return {
        "inside": round(inside, 3),
        "expected": round(expected, 3),
        "slack": round(slack, 3),
        "agrees": abs(inside - expected) <= slack,
    }
