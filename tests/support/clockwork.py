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
    stall_every: float | None = None  # and again and again, each so long after the one before began


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
        # the slots live by a clock that stands still during a stall
        end = self._slots.serve(self._worked(now - self._began), seconds)
        return self._began + end + self._stalls_before(end) * nature.stall_seconds

    def _worked(self, elapsed: float) -> float:
        """How long it has worked, so long after its first request."""
        nature = self._nature
        since = elapsed - (nature.stall_at or 0.0)
        if since <= 0:
            return elapsed
        earlier = int(since // nature.stall_every) if nature.stall_every else 0
        in_this = since - earlier * (nature.stall_every or 0.0)
        return elapsed - earlier * nature.stall_seconds - min(nature.stall_seconds, in_this)

    def _stalls_before(self, worked: float) -> int:
        """How many stalls there were before it had worked for so long."""
        nature = self._nature
        since = worked - (nature.stall_at or 0.0)
        if since <= 0:
            return 0
        return 1 + int(since // (nature.stall_every - nature.stall_seconds)) if nature.stall_every else 1
