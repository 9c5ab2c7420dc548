"""The answers of a service that never was: it has a queue, and its users think between their requests."""

from __future__ import annotations

import random
from collections.abc import Mapping

from lab.counts.endpoints import Tallies
from lab.counts.timeline import Tally

THINK_SECONDS, SERVICE_SECONDS, MOST_RPS = 2.8, 0.03, 125.0
QUEUE_SECONDS = 0.009
"""Chosen so that p95 comes to its limit near 350 users."""


def of_a_second(
    users: int, slowness: float, failing: Mapping[str, Mapping[str, float]], chance: random.Random
) -> Tallies:
    """A second of so many users; `slowness` is by how much the service is slower than at first."""
    rate = _rate(users, slowness)
    answers: Tallies = {"GET /tests": Tally(), "POST /tests": Tally()}
    for _ in range(max(1, round(chance.gauss(rate, rate**0.5 / 2)))):
        endpoint = "GET /tests" if chance.random() < 0.75 else "POST /tests"
        for message, share in failing.get(endpoint, {}).items():
            if chance.random() < share:
                answers[endpoint].fail(message)
                break
        else:
            wait = chance.expovariate(1 / _wait(rate, slowness))
            seconds = SERVICE_SECONDS * slowness * max(chance.gauss(1, 0.1), 0.2) + wait
            answers[endpoint].succeed(seconds * 1000 * (1.2 if endpoint == "POST /tests" else 1))
    return answers


def _wait(rate: float, slowness: float) -> float:
    share = min(rate * slowness / MOST_RPS, 0.999)
    return QUEUE_SECONDS * slowness * share**4 / (1 - share) + 0.0005


def _rate(users: int, slowness: float) -> float:
    """The rate at which as many requests end as begin."""
    low, high = 0.0, MOST_RPS / slowness
    for _ in range(40):
        middle = (low + high) / 2
        cycle = THINK_SECONDS + SERVICE_SECONDS * slowness + _wait(middle, slowness)
        low, high = (middle, high) if users / cycle > middle else (low, middle)
    return low
