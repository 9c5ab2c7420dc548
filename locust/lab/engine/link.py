"""The link between a worker and its master: what was sent and not yet acknowledged, and when the master was heard last.

A worker's counts travel in Locust's report. They are numbered and sent again until the master has acknowledged them, so
that a link that is cut and comes back loses nothing; and the master takes each of them once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, TypedDict

REPORT = "lab"
"""Where in Locust's own report a worker's Report travels."""
ACK = "lab_ack"
"""The message that answers it."""
REFUSED = "lab_refused"
"""The message to a worker that runs something else than the master: {"reason": a sentence}."""
HURRY = "lab_hurry"
"""The message that cuts a stop short: {"seconds": how long requests in flight are still waited for}."""
ROWS = "lab_rows"
"""The message by which users ask for rows that are given once, and the master's answer (lab/data/desk.py)."""
QUIT = "lab_quit"
"""The message that the scenario called runner.quit() on a worker, which is for the master to do."""
MASTER_SILENT_SECONDS = 3.0
"""After so long without the master a worker stops its users: a second later at the earliest the master gives it up, and
deals its users to the others."""
MASTER_LOST_SECONDS = 30.0
"""After so long a worker gives its master up, and ends."""
MOST_UNACKNOWLEDGED = 120
"""Reports that are kept for a master that does not answer: more than it takes for it to be given up."""


class Silence(TypedDict):
    """That a worker did not hear its master (s), and stopped its users: so many still waited for an answer then.

    It is said when they have stopped, and once more when the master can be heard again: `is_over`.
    """

    seconds: float
    cut_off: int
    is_over: bool


class Report(TypedDict):
    """What a worker says in each report. `batches` are numbered parts of its counts, until they are acknowledged."""

    run: str
    build: Mapping[str, str]
    sent: float  # monotonic time of the worker
    until: int  # what was counted before this second of the master's clock is in this report or was in one before
    wall_offset: float | None  # by how much the worker's wall clock is ahead of the master's; None while unknown
    cut_off: int
    in_tasks: int  # users who are not between two tasks
    batches: list[tuple[int, Mapping[str, Any]]]


class Ack(TypedDict):
    """The master's answer to a report."""

    sent: float  # as it came
    time: float  # by the master's clock
    run: str  # the run that goes on; empty where there is none
    heard: int  # the number of the last batch


class Outbox:
    """The worker's side: batches that the master has not acknowledged."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._batches: dict[int, Mapping[str, Any]] = {}
        self._number = 0
        self._heard_at = monotonic()
        self.lost = 0

    def add(self, batch: Mapping[str, Any]) -> list[tuple[int, Mapping[str, Any]]]:
        """Numbers the batch; returns all that the master has to hear, the oldest first."""
        self._number += 1
        self._batches[self._number] = batch
        while len(self._batches) > MOST_UNACKNOWLEDGED:
            del self._batches[next(iter(self._batches))]
            self.lost += 1
        return list(self._batches.items())

    def clear(self) -> None:
        """Forgets what was not heard: it is of a run that nobody asks for any more."""
        self._batches.clear()

    def hear(self, ack: Ack) -> None:
        """Lets go of what the master has heard."""
        self._heard_at = self._monotonic()
        for number in [number for number in self._batches if number <= ack["heard"]]:
            del self._batches[number]

    def excuse(self) -> None:
        """Counts the master's silence from now on: until now nothing was read."""
        self._heard_at = self._monotonic()

    @property
    def silent_seconds(self) -> float:
        """How long ago the master was heard."""
        return self._monotonic() - self._heard_at


class Inbox:
    """The master's side: which batch of each worker was heard last."""

    def __init__(self) -> None:
        self._heard: dict[str, int] = {}

    def new(self, worker: str, report: Report) -> list[Mapping[str, Any]]:
        """The batches that were not heard before, in their order."""
        last = self._heard.get(worker, 0)
        fresh = [(number, batch) for number, batch in report["batches"] if number > last]
        if fresh:
            self._heard[worker] = fresh[-1][0]
        return [batch for _, batch in fresh]

    def heard(self, worker: str) -> int:
        """The number of the worker's last batch."""
        return self._heard.get(worker, 0)
