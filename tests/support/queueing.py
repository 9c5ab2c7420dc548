"""How much can a service of known slots and service time take? The truth that a found capacity is held against.

Users think, ask, and wait in one FIFO queue for one of c slots: the machine-repairman model, M/M/c//N. Where service
times are exponential it is solved exactly, for think times of any distribution: think time is a delay without a queue,
and of such a station only the mean counts (Baskett, Chandy, Muntz and Palacios, 1975). An answer's time follows from
what an arrival finds, which is what an outsider sees of the same service with one user less (Sevcik and Mitrani, 1981;
Lavenberg and Reiser, 1980). Where service times are even, nothing so simple holds, and the model is simulated.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from heapq import heapify, heappop, heappush, heapreplace
from itertools import accumulate
from math import ceil, exp, inf, lgamma, log


class Law(StrEnum):
    """How service times spread about their mean."""

    EXPONENTIAL = "exponential"
    EVEN = "even"


@dataclass(frozen=True)
class Model:
    """A service and its users: slots, mean service time, and a think time uniform between two bounds, in seconds."""

    slots: int
    service_seconds: float
    think_seconds: tuple[float, float]
    law: Law = Law.EXPONENTIAL

    @property
    def mean_think_seconds(self) -> float:
        return sum(self.think_seconds) / 2

    @property
    def knee(self) -> float:
        """The users from which on somebody must wait: where the two asymptotes of the throughput meet."""
        return self.slots * (self.service_seconds + self.mean_think_seconds) / self.service_seconds


@dataclass(frozen=True)
class Load:
    """What so many users make of a service: answers a second, and the mean and a percentile of their times."""

    users: int
    rps: float
    mean_seconds: float
    percentile_seconds: float


class Slots:
    """One FIFO queue before c slots: tells when each request is served, if they are told in the order they come."""

    def __init__(self, count: int) -> None:
        self._free_at = [-inf] * count

    def serve(self, arrival: float, service_seconds: float) -> float:
        """When the request that arrives now leaves."""
        end = max(arrival, self._free_at[0]) + service_seconds
        heapreplace(self._free_at, end)
        return end


def capacity(model: Model, percent: float, limit_seconds: float, most: int = 10_000) -> Load | None:
    """The most users whose percentile keeps the limit; None where one user breaks it. Beyond `most` nobody looks."""

    def keeps(users: int) -> bool:
        return load(model, users, percent).percentile_seconds <= limit_seconds

    kept, broken = 0, 1
    while broken <= most and keeps(broken):
        kept, broken = broken, broken * 2
    broken = min(broken, most + 1)
    while broken - kept > 1:
        middle = (kept + broken) // 2
        kept, broken = (middle, broken) if keeps(middle) else (kept, middle)
    return load(model, kept, percent) if kept else None


@cache
def load(model: Model, users: int, percent: float) -> Load:
    """What so many users make of the service: solved where that is exact, simulated where it is not."""
    if model.law is Law.EXPONENTIAL:
        return solve(model, users, percent)
    return simulate(model, users, percent)


def solve(model: Model, users: int, percent: float) -> Load:
    """The exact load of exponential service times."""
    rate = 1 / model.service_seconds
    present = _present(model, users)
    rps = rate * sum(min(count, model.slots) * chance for count, chance in enumerate(present))
    # what is rarer than one in 10^18 changes no digit that a float holds
    found = [(count, chance) for count, chance in enumerate(_present(model, users - 1)) if chance > 1e-18]

    def is_over(seconds: float) -> float:
        return sum(chance * _later(seconds, count, model) for count, chance in found)

    return Load(users, rps, users / rps - model.mean_think_seconds, _root(is_over, 1 - percent / 100))


def simulate(model: Model, users: int, percent: float, requests: int = 200_000, seed: int = 1) -> Load:
    """The load as a simulation of so many requests sees it, the first tenth left out."""
    chance = random.Random(seed)
    slots, (shortest, longest) = Slots(model.slots), model.think_seconds
    arrivals = [(chance.uniform(0, longest + model.service_seconds), user) for user in range(users)]
    heapify(arrivals)
    began, last, times = 0.0, 0.0, []
    for number in range(requests):
        now, user = heappop(arrivals)
        if number == requests // 10:
            began = now
        service = chance.expovariate(1 / model.service_seconds) if model.law is Law.EXPONENTIAL else None
        end = slots.serve(now, model.service_seconds if service is None else service)
        if began:
            times.append(end - now)
        heappush(arrivals, (end + chance.uniform(shortest, longest), user))
        last = now
    times.sort()
    rank = ceil(len(times) * percent / 100 - 1e-9)
    return Load(users, len(times) / (last - began), sum(times) / len(times), times[rank - 1])


def _present(model: Model, users: int) -> list[float]:
    """The chance of each number of requests in the service at once, from none to all users."""
    ratio = model.service_seconds / model.mean_think_seconds
    steps = (log((users - count) * ratio / min(count + 1, model.slots)) for count in range(users))
    weights = [0.0, *accumulate(steps)]
    top = max(weights)
    shares = [exp(weight - top) for weight in weights]
    whole = sum(shares)
    return [share / whole for share in shares]


def _later(seconds: float, found: int, model: Model) -> float:
    """The chance that an answer takes longer, to a request that finds so many others in the service.

    It waits until found - c + 1 of them left, at c times the rate of a slot, and then takes a service time of its own.
    """
    rate, waits = 1 / model.service_seconds, max(0, found - model.slots + 1)
    if not waits:
        return exp(-rate * seconds)
    left = model.slots * rate * seconds
    tail = term = exp(-left)
    for count in range(1, waits):
        term *= left / count
        tail += term
    # waited for less than `seconds`, and is served beyond them
    own, more, spare = 0.0, 1.0, (model.slots - 1) * rate * seconds
    step = waits
    while more > 1e-12 * own:
        own += more
        step += 1
        more *= spare / step
    return min(1.0, tail + own * exp(waits * log(left) - left - lgamma(waits + 1)) if left else 1.0)


def _root(falls: Callable[[float], float], level: float) -> float:
    """Where a falling function of time comes down to the level."""
    low, high = 0.0, 1e-3
    while falls(high) > level:
        low, high = high, high * 2
    while low < (middle := (low + high) / 2) < high:
        low, high = (middle, high) if falls(middle) > level else (low, middle)
    return high
