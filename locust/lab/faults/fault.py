"""A fault that is asked for: what is done to whom, when, and for how long."""

from __future__ import annotations

from dataclasses import dataclass

KILL, PAUSE, STOP, DELAY, CUT = "kill", "pause", "stop", "delay", "cut"


@dataclass(frozen=True)
class Fault:
    """One fault of LAB_FAULT. Times are in seconds, `at` is counted from the first measured second."""

    text: str
    verb: str
    at: float
    service: str | None = None  # None: the way from the swarm to the service under load
    seconds: float = 0.0  # 0: it is over at once
    delay_seconds: float = 0.0

    @property
    def over(self) -> float:
        """When it is over."""
        return self.at + self.seconds

    @property
    def is_of_the_way(self) -> bool:
        """Whether it is done to the way from the swarm to the service under load, not to a service."""
        return self.service is None
