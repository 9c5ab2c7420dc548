"""Waits for a machine that others keep busy: a run in such a spell is INVALID, or wider than the difference sought."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import psutil

from lab import wording

BUSY = 0.25
"""From which share of all CPUs on it is not calm. Nothing of the job runs while it is looked at."""
LOOK_SECONDS = 2.0
PATIENCE = 0.25
"""The share of the job's time that may be spent waiting; after that, runs begin whatever else goes on."""


def used() -> float:
    """The share of the CPUs that was in use while this looked."""
    return psutil.cpu_percent(LOOK_SECONDS) / 100


@dataclass
class Calm:
    """Called before each run."""

    seconds_left: float
    say: Callable[[str], None]
    look: Callable[[], float] = used

    def __call__(self) -> None:
        """Returns when the machine is calm, or the patience is at its end."""
        told = False
        while self.seconds_left > 0 and (share := self.look()) > BUSY:
            self.seconds_left -= LOOK_SECONDS
            if not told:
                left = wording.duration_text(self.seconds_left)
                self.say(f"other work uses {wording.percent_text(share)} of the machine: waits for it, {left} at most")
                told = True
