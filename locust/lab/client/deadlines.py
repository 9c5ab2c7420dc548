"""What waits too long? One timer of the event loop for all connections: a timer for each wait would cost too much."""

from __future__ import annotations

import heapq
import time
from functools import cache
from itertools import count
from math import inf
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from gevent.hub import Hub


class Waiting(Protocol):
    """What can wait: until `deadline` (s, monotonic; infinite while it does not), and is looked at at `looked_at`."""

    deadline: float
    looked_at: float

    def expire(self) -> None:
        """The deadline is over."""


class Watchdog:
    """Looks at who waits when the deadline may be over. Most have a later one by then, and are looked at again."""

    def __init__(self, hub: Hub) -> None:
        self._loop = hub.loop
        self._timer = hub.loop.timer(0.0)
        self._looks: list[tuple[float, int, Waiting]] = []
        self._numbers = count()

    def watch(self, waiting: Waiting) -> None:
        """Looks at it when its present deadline is over. Not needed where an earlier look is to come."""
        waiting.looked_at = waiting.deadline
        heapq.heappush(self._looks, (waiting.deadline, next(self._numbers), waiting))
        if self._looks[0][2] is waiting:
            self._set()

    def _set(self) -> None:
        self._timer.close()
        self._timer = self._loop.timer(max(0.001, self._looks[0][0] - time.perf_counter()))
        self._timer.start(self._look)

    def _look(self) -> None:
        now = time.perf_counter()
        while self._looks and self._looks[0][0] <= now:
            look_at, _, waiting = heapq.heappop(self._looks)
            if waiting.looked_at != look_at:
                continue  # an earlier look was asked for after this one
            waiting.looked_at = inf
            if waiting.deadline <= now:
                waiting.expire()
            elif waiting.deadline < inf:
                self.watch(waiting)
        if self._looks:
            self._set()


@cache
def watchdog(hub: Hub) -> Watchdog:
    """The one of this event loop."""
    return Watchdog(hub)
