"""Time-outs of all connections with one timer of the event loop: a timer for each wait would cost too much."""

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
    """Something that can wait until `deadline` (s, monotonic; infinite: it does not). `looked_at` is its next check."""

    deadline: float
    looked_at: float

    def expire(self) -> None:
        """Called when the deadline has passed."""


class Watchdog:
    """Checks each connection when its deadline may have passed. Most have a later one by then: it checks again."""

    def __init__(self, hub: Hub) -> None:
        self._loop = hub.loop
        self._timer = hub.loop.timer(0.0)
        self._looks: list[tuple[float, int, Waiting]] = []
        self._numbers = count()

    def watch(self, waiting: Waiting) -> None:
        """Checks it at its present deadline. Not needed where an earlier check is due."""
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
                continue  # an earlier check was asked for after this one
            waiting.looked_at = inf
            if waiting.deadline <= now:
                waiting.expire()
            elif waiting.deadline < inf:
                self.watch(waiting)
        if self._looks:
            self._set()


@cache
def watchdog(hub: Hub) -> Watchdog:
    """The watchdog of this event loop."""
    return Watchdog(hub)
