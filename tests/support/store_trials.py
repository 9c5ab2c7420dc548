"""What every store must withstand: writers that note what they were answered, and the checks after a fault."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.running_service import Answer, RunningService


WITHIN_SECONDS = 4.0
"""The two seconds that a store has to answer, and as much again for a machine that is busy."""


def assert_store_down(answer: Answer, status: int = 503, because: str = "") -> None:
    """The answer of a service whose store does not: nothing was stored, for this reason, and it is worth a retry."""
    assert (answer.status, answer.headers["Content-Type"]) == (status, "application/problem+json"), answer
    assert int(answer.headers["Retry-After"]) >= 1
    assert because in answer.json()["detail"]


def assert_outcome_unknown(answer: Answer) -> None:
    """The answer of a service that cannot know what became of a write; it invites nobody to send it again."""
    assert (answer.status, answer.headers["Content-Type"]) == (504, "application/problem+json"), answer
    assert answer.json()["type"].endswith("OutcomeUnknown")
    assert answer.headers["Retry-After"] is None


@contextmanager
def within(seconds: float = WITHIN_SECONDS) -> Iterator[None]:
    """The block takes no longer than this."""
    began = time.monotonic()
    yield
    assert time.monotonic() - began < seconds


class Writers:
    """Clients that post names of their own until they are stopped; `answers` has the names by status."""

    def __init__(self, running: RunningService, count: int, label: str = "") -> None:
        self.answers: dict[int, list[str]] = {204: [], 503: [], 504: []}
        self.slowest = 0.0  # seconds
        self._running, self._label = running, label
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=self._write, args=(number,)) for number in range(count)]
        for thread in self._threads:
            thread.start()

    @property
    def acknowledged(self) -> list[str]:
        """The names of the writes that the service said are stored."""
        return self.answers[204]

    @property
    def refused(self) -> set[str]:
        """The names of the writes that the service said are not stored; after a 504 nobody knows."""
        return {name for status, names in self.answers.items() if status not in (204, 504) for name in names}

    def _write(self, number: int) -> None:
        for turn in range(1_000_000):
            if self._stopped.is_set():
                return
            name = f"{self._label} writer {number} turn {turn}"
            began = time.monotonic()
            try:
                answer = self._running.add(name)
            except OSError:
                return
            self.answers[answer.status].append(name)
            self.slowest = max(self.slowest, time.monotonic() - began)

    def stop(self) -> None:
        """Let each finish its request."""
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def assert_told_the_truth(self) -> None:
        """What was acknowledged is there, what was refused is not, and nothing is there twice."""
        names = self._running.names()
        assert set(self.acknowledged) <= set(names)
        assert not set(self.answers[503]) & set(names)
        assert len(names) == len(set(names))
