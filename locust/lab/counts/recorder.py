"""The worker's count of answers: into the second (lab/counts/clock.py) in which they came.

Every request passes here, so it is made cheap: one count serves the lab's time line and Locust's own tables
(lab/engine/locust_tables.py), to which it is added once for each report instead of once for each request.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from math import inf

from lab.counts import histogram
from lab.counts.answers import Answers
from lab.counts.clock import CLOCK, Clock
from lab.counts.names import MOST_ENDPOINTS, MOST_NAME_LETTERS, MOST_REPLICAS, Names
from lab.counts.tally import Tally

Endpoint = tuple[str, str, str | None, str]
"""Request type, name, which replica answered ("" where the answer names none, None where there was no answer), and the
class of the user who asked ("" where that is not known)."""


TASK = "TASK"
"""In place of a request type: a task, where it died."""


class Count(Tally):
    """A tally of one second, with what only Locust's tables show."""

    min_ms: float = inf
    bytes: int = 0


Counts = Mapping[int, Mapping[Endpoint, Count]]
"""What was counted, by second and endpoint."""


def rows(counts: Counts) -> Iterator[Answers]:
    """The counts as they travel to the master."""
    for second, endpoints in counts.items():
        for (request_type, name, replica, user), count in endpoints.items():
            yield Answers(
                second,
                f"{request_type} {name}",
                count.times,
                count.failures,
                count.sum_ms,
                count.max_ms,
                replica,
                count.closed,
                count.exceptions,
                user,
            )


class Recorder:
    """Counts answers until they are drained into a report."""

    def __init__(self, clock: Clock = CLOCK, shown: Callable[[str], str] = str) -> None:
        """`shown` says how a name may be shown: without the secrets in it."""
        self._clock, self._shown = clock, shown
        self._forget_names()
        self._seconds: dict[int, dict[Endpoint, Count]] = {}
        self._second = 0
        self._counts: dict[Endpoint, Count] = {}
        self._waits_until = 0.0

    def waits(self, service_time_ms: float, now: float) -> bool:
        """Whether a user who waits for every answer would have made this request, which was answered now (s).

        There is one such user, who asks again as soon as it is answered. While a service stands still it has made one
        request, and open arrivals hundreds: it tells what a closed loop tells (G. Tene: coordinated omission).
        """
        if now - service_time_ms / 1000 < self._waits_until:
            return False
        self._waits_until = now
        return True

    def succeed_closed(self, endpoint: Endpoint, service_time_ms: float) -> None:
        """Counts a success as that user would have told it, beside the count of `succeed`."""
        closed = self._count(endpoint).closed
        key = histogram.bucket(service_time_ms)
        closed[key] = closed.get(key, 0) + 1

    def succeed(self, endpoint: Endpoint, response_time_ms: float, length: int) -> None:
        """Counts a success into the present second."""
        count = self._count(endpoint)
        # what count.succeed(…) does, without its call and two more: this is done for each request
        key, times = histogram.bucket(response_time_ms), count.times
        times[key] = times.get(key, 0) + 1
        count.sum_ms += response_time_ms
        if response_time_ms > count.max_ms:  # noqa: PLR1730 - max(…) is a call
            count.max_ms = response_time_ms
        if response_time_ms < count.min_ms:  # noqa: PLR1730 - as above
            count.min_ms = response_time_ms
        count.bytes += length

    def fail(self, endpoint: Endpoint, failure: str) -> None:
        """Counts a failure into the present second."""
        self._count(endpoint).fail(failure)

    def die(self, task: str, exception: str, user: str = "") -> None:
        """Counts a task of a user of that class that an exception ended into the present second."""
        self._count((TASK, self._names.kept(task), None, user)).die(exception)

    def _count(self, endpoint: Endpoint) -> Count:
        second = self._clock.second()
        if second != self._second:
            self._second, self._counts = second, self._seconds.setdefault(second, {})
        count = self._counts.get(endpoint)
        if count is None:
            count = self._counts[endpoint] = Count()
        return count

    def kept(self, name: str, replica: str | None) -> tuple[str, str | None]:
        """Name and replica as they are counted: there is a bound to how many are told apart."""
        return self._names.kept(name), self._replicas.kept(replica) if replica else replica

    def begin(self) -> None:
        """Forgets all counts and names."""
        self.drain()
        self._forget_names()

    def _forget_names(self) -> None:
        self._names = Names(MOST_ENDPOINTS, MOST_NAME_LETTERS, self._shown)
        self._replicas = Names(MOST_REPLICAS)

    def drain(self) -> Counts:
        """The counts since the last call."""
        counts, self._seconds, self._second = self._seconds, {}, 0
        return counts
