"""Which exchanges are kept: the first of each kind of failure, the slowest of each endpoint, and traced ones. Bounded.

A request that succeeds in usual time costs one look into `slow`; all else is rare, and stops when enough is kept.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from heapq import heappush, heappushpop
from math import inf
from typing import Any

from lab.counts.clock import CLOCK, Clock
from lab.exchanges import taking
from lab.exchanges.exchange import FAILURE, SLOWEST, TRACED, Exchange, Message
from lab.exchanges.secrets import Known

MOST_OF_A_KIND = 2
MOST_KINDS = 40
"""Kinds of failures, each an endpoint with a message."""
MOST_SLOW = 20
"""Endpoints of which the slowest request is kept."""
SLOWER = 1.05
"""A request is kept as the slowest where it took so many times as long as the one before: a service that gets slower
with every request shall not have each of them kept."""
MOST_TRACED = 10
"""The slowest of those that carried a trace id; of the failed, as many as of any other."""
MOST_IN_A_BATCH = 10
"""How many travel in a report."""
MOST_WAITING = 100
MOST_CHARACTERS = 1_000_000
"""Of all that a run keeps."""

Endpoint = tuple[str, str]
"""Request type and name."""


class Keeping:
    """The worker's part: takes what is worth keeping, until it is drained into a report."""

    def __init__(self, known: Known, clock: Clock = CLOCK) -> None:
        self.known = known
        self._clock = clock
        self.begin()

    def begin(self) -> None:
        """Forgets all: another run begins."""
        self.slow: dict[Endpoint, float] = {}
        self.slow_from = 0.0
        """From which time on (ms) the first request of an endpoint is kept: for ever, once there are enough of them."""
        self._kinds: dict[tuple[str, str], int] = {}
        self._slow_traced: list[float] = []
        self._waiting: deque[Exchange] = deque(maxlen=MOST_WAITING)

    def take_slow(self, endpoint: Endpoint, time_ms: float, response: Any, url: str | None) -> None:
        """Keeps the request, which took longer than `slow` says of its endpoint."""
        self.slow[endpoint] = time_ms * SLOWER
        if len(self.slow) >= MOST_SLOW:
            self.slow_from = inf
        self._take(SLOWEST, endpoint, time_ms, "", response, url)

    def take_failed(
        self, endpoint: Endpoint, time_ms: float | None, failure: str, response: Any, url: str | None
    ) -> None:
        """Keeps the request, if it is among the first of its kind."""
        if self._is_new(" ".join(endpoint), failure):
            self._take(FAILURE, endpoint, time_ms, failure, response, url)

    def take_exception(self, place: str, failure: str, error: BaseException) -> None:
        """Keeps that a task died, and where, if it is among the first of its kind."""
        if self._is_new(place, failure):
            at = self._clock.now()
            self._waiting.append(taking.take_exception(place, failure, error, at=at, known=self.known))

    def take_traced(  # noqa: PLR0913, PLR0917 - what Locust says of a request
        self, endpoint: Endpoint, time_ms: float | None, failure: str, response: Any, url: str | None, trace_id: str
    ) -> None:
        """Keeps a request that carried a trace id, if it failed or is among the slowest of them."""
        if failure and not self._is_new(f"{TRACED} {' '.join(endpoint)}", failure):
            return
        if not failure:
            slowest = self._slow_traced
            if time_ms is None or (len(slowest) == MOST_TRACED and time_ms <= slowest[0]):
                return
            (heappushpop if len(slowest) == MOST_TRACED else heappush)(slowest, time_ms)
        self._take(TRACED, endpoint, time_ms, failure, response, url, trace_id)

    def drain(self) -> list[Exchange]:
        """What goes into the next report; the rest goes into those after it."""
        return [self._waiting.popleft() for _ in range(min(MOST_IN_A_BATCH, len(self._waiting)))]

    def _is_new(self, endpoint: str, failure: str) -> bool:
        kind = endpoint, failure
        seen = self._kinds.get(kind, 0)
        if seen >= MOST_OF_A_KIND or (not seen and len(self._kinds) >= MOST_KINDS):
            return False
        self._kinds[kind] = seen + 1
        return True

    def _take(  # noqa: PLR0913, PLR0917 - what Locust says of a request
        self,
        kept_as: str,
        endpoint: Endpoint,
        time_ms: float | None,
        failure: str,
        response: Any,
        url: str | None,
        trace_id: str = "",
    ) -> None:
        said: dict[str, Any] = {"time_ms": time_ms, "failure": failure, "response": response, "url": url}
        at, name = self._clock.now(), " ".join(endpoint)
        self._waiting.append(taking.take(kept_as, name, at=at, known=self.known, trace_id=trace_id, **said))


class Kept:
    """The master's part: what all workers kept, as far as it is new to the run."""

    def __init__(self) -> None:
        self._failures: dict[tuple[str, str], list[Exchange]] = {}
        self._slowest: dict[str, Exchange] = {}
        self._traced: list[Exchange] = []
        self.left_out = 0

    def hear(self, exchanges: Iterable[Exchange]) -> None:
        """Takes in what a worker kept."""
        for each in exchanges:
            if each["kept_as"] == SLOWEST:
                self._hear_slow(each)
            elif each["kept_as"] == TRACED and not each["failure"]:
                self._traced = sorted([*self._traced, each], key=_slowest_first)[:MOST_TRACED]
            else:
                self._hear_failed(each)

    def all(self) -> Sequence[Exchange]:
        """The failures in the order in which their kinds came, then the slowest of each endpoint, and the traced."""
        failures = [each for kind in self._failures.values() for each in sorted(kind, key=lambda one: one["at"])]
        return [*failures, *sorted(self._slowest.values(), key=_slowest_first), *self._traced]

    def document(self) -> dict[str, Any]:
        """The content of exchanges.json: what has room, the failures first."""
        found, room = [], MOST_CHARACTERS
        for each in self.all():
            room -= _size(each)
            if room >= 0:
                found.append(each)
        return {"schema": 1, "exchanges": found, "left_out": self.left_out + len(self.all()) - len(found)}

    def _hear_slow(self, each: Exchange) -> None:
        known = self._slowest.get(each["endpoint"])
        if known is None and len(self._slowest) >= MOST_SLOW:
            self.left_out += 1
        elif known is None or (each["time_ms"] or 0) > (known["time_ms"] or 0):
            self._slowest[each["endpoint"]] = each

    def _hear_failed(self, each: Exchange) -> None:
        kind = f"{each['kept_as']} {each['endpoint']}", each["failure"]
        if kind not in self._failures and len(self._failures) >= MOST_KINDS:
            self.left_out += 1
            return
        known = self._failures.setdefault(kind, [])
        known.append(each)
        # workers report in any order: the first are those that were first
        known.sort(key=lambda one: one["at"])
        del known[MOST_OF_A_KIND:]


def _slowest_first(each: Exchange) -> float:
    return -(each["time_ms"] or 0)


def _size(each: Exchange) -> int:
    messages: list[Message | None] = [each["request"], each["answer"]]
    return len(each["trace"]) + sum(
        len(message["body"]) + len(message["line"]) + sum(len(name) + len(value) for name, value in message["headers"])
        for message in messages
        if message
    )
