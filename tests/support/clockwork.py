"""When does a service of known capacity answer? It drifts, has a cliff or stalls, as it is told to."""

from __future__ import annotations

import random
from dataclasses import dataclass

from tests.support.queueing import Law, Slots


@dataclass(frozen=True)
class Nature:
    """What the service is like. Times are in seconds."""

    slots: int = 4
    service_seconds: float = 0.02
    law: Law = Law.EXPONENTIAL
    seed: int = 1
    drift: float = 0.0  # how much longer each request served makes the next, as a ratio of the first service time
    cliff: int | None = None  # with more requests than these in flight ...
    cliff_factor: float = 10.0  # ... service takes so many times as long
    stall_at: float | None = None  # so long after the first request nothing moves ...
    stall_seconds: float = 0.0  # ... for so long


class Clockwork:
    """Tells when each request is answered; pure, but for what it remembers."""

    def __init__(self, nature: Nature) -> None:
        self._nature = nature
        self._slots = Slots(nature.slots)
        self._chance = random.Random(nature.seed)
        self._began: float | None = None
        self._taken = 0

    def answers_at(self, now: float, in_flight: int) -> float:
        """When the request that comes now is answered, `in_flight` others being here."""
        nature = self._nature
        if self._began is None:
            self._began = now
        seconds = nature.service_seconds * (1 + nature.drift * self._taken)
        if nature.law is Law.EXPONENTIAL:
            seconds *= self._chance.expovariate(1)
        if nature.cliff is not None and in_flight >= nature.cliff:
            seconds *= nature.cliff_factor
        self._taken += 1
        if nature.stall_at is None:
            return self._slots.serve(now, seconds)
        # the slots live by a clock that stands still during the stall
        stalls = self._began + nature.stall_at
        worked = min(now, max(stalls, now - nature.stall_seconds))
        end = self._slots.serve(worked, seconds)
        return end if end <= stalls else end + nature.stall_seconds
