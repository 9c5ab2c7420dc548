"""Which second is it? Seconds since the epoch that never jump: labelled by the wall clock, counted by monotonic time.

A wall clock can be set while a run goes on, and those of two machines can differ by minutes. So each process labels its
seconds when it starts, and workers take over the master's label, with the time that the message needed taken off.
"""

from __future__ import annotations

import time
from collections.abc import Callable

NEW_LABEL_SECONDS = 30.0
"""After so long a label is taken over even if its message was slower: two monotonic clocks drift apart."""


class Clock:
    """This process's clock. `ahead` is how far its seconds are ahead of monotonic time."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic, wall: Callable[[], float] = time.time) -> None:
        self._monotonic, self._wall = monotonic, wall
        self.ahead = wall() - monotonic()
        self._trip_seconds = float("inf")
        self._labelled_at = float("-inf")

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._monotonic() + self.ahead

    def second(self) -> int:
        """The second that goes on."""
        return int(self._monotonic() + self.ahead)

    @property
    def follows(self) -> bool:
        """Whether it has taken over another clock."""
        return self._trip_seconds != float("inf")

    @property
    def wall_offset(self) -> float:
        """By how many seconds the wall clock is ahead of this one; a jump of it is a wall clock that was set."""
        return self._wall() - self.now()

    def follow(self, theirs: float, sent: float) -> None:
        """Takes over another clock, which said `theirs` in its answer to a message of the monotonic time `sent`.

        The answer that came fastest is the most exact (D. Mills, RFC 5905, clock filter).
        """
        now = self._monotonic()
        trip = now - sent
        if trip <= self._trip_seconds or now - self._labelled_at >= NEW_LABEL_SECONDS:
            self._trip_seconds, self._labelled_at = trip, now
            self.ahead = theirs + trip / 2 - now


CLOCK = Clock()
"""The clock of this process: all counts of the lab are labelled by it."""
