"""Who of the swarm was there, and who was lost on the way."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from locust.runners import STATE_MISSING, MasterRunner, WorkerNode

log = logging.getLogger(__name__)


class Attendance:
    """The workers of a run, looked after once a second."""

    def __init__(self, runner: MasterRunner) -> None:
        self._losses: list[tuple[float, str]] = []
        self._runner = runner
        self._states = _states(runner.clients.all)
        self.most_workers = len(self._states)

    def losses(self, until: float) -> list[str]:
        """Who was lost before that time (s since the epoch), a sentence each."""
        return [sentence for second, sentence in self._losses if second <= until]

    def lost_one(self) -> bool:
        """Notes who is gone since the last look; says whether one went without handing its counts in."""
        lost, now = False, _states(self._runner.clients.all)
        for worker, before in self._states.items():
            if before != STATE_MISSING and now.get(worker, STATE_MISSING) == STATE_MISSING:
                lost = lost or worker in now
                self._note(worker, "stopped answering" if worker in now else "left")
        self._states = now
        self.most_workers = max(self.most_workers, len(now))
        return lost

    def working(self) -> Iterator[tuple[int, str]]:
        """Who has users, as far as is known: number and host of each."""
        for client in self._runner.clients.all:
            if client.state != STATE_MISSING and client.user_count:
                yield self.who(client.id)

    def who(self, worker: str) -> tuple[int, str]:
        """The worker's number, counted from 1, and its host."""
        return self._runner.get_worker_index(worker) + 1, worker.rpartition("_")[0]

    def _note(self, worker: str, what: str) -> None:
        number, host = self.who(worker)
        fate = "the others took its users" if self._runner.worker_count else "nobody was left to take its users"
        sentence = f"Worker {number} ({host}) {what} at {datetime.now(UTC):%H:%M:%S} UTC; {fate}."
        self._losses.append((time.time(), sentence))
        log.warning("%s", sentence)


def _states(clients: Iterable[WorkerNode]) -> dict[str, str]:
    return {client.id: client.state for client in clients}
