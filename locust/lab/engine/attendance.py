"""Who of the swarm was there, and who was lost on the way."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from locust.runners import STATE_MISSING, MasterRunner, WorkerNode

from lab.counts.clock import CLOCK
from lab.engine.refusals import REFUSALS
from lab.engine.standstill import UNCHANGED
from lab.figures import three_digits
from lab.judging import tolerances

log = logging.getLogger(__name__)

LEAVING_SECONDS = 12
"""How long before the end of a run that a signal cuts short a worker may have left because of it."""
TOGETHER_SECONDS = 5.0
"""Within so long all processes of a machine have noticed that its clock was set."""


class Attendance:
    """The workers of a run, looked after once a second."""

    def __init__(self, runner: MasterRunner) -> None:
        self.lost: set[str] = set()  # who went without handing its counts in, and was not heard since
        self._losses: list[tuple[float, str]] = []
        self._runner = runner
        self._states = _states(runner.clients.all)
        self.most_workers = len(self._states)
        self._wall_offsets: dict[str, float] = {}
        self._set_at = float("-inf")
        self._refused_before = REFUSALS.counts()

    def rows(self) -> list[dict[str, str]]:
        """The workers as environment.json holds them."""
        return [{"id": client.id, "state": client.state} for client in self._runner.clients.all]

    def losses(self, *, by_signal: bool) -> list[str]:
        """What became of the swarm, and who was refused, a sentence each; `by_signal`: a signal cuts the run short.

        One to the whole lab reaches the workers as well: that they leave then is no loss.
        """
        until = CLOCK.now() - (LEAVING_SECONDS if by_signal else 0)
        return [
            *(sentence for second, sentence in self._losses if second <= until),
            *REFUSALS.sentences(self._refused_before),
        ]

    def lost_one(self) -> bool:
        """Notes who is gone since the last look; says whether one went without handing its counts in."""
        lost, now = False, _states(self._runner.clients.all)
        for worker, before in self._states.items():
            if before != STATE_MISSING and now.get(worker, STATE_MISSING) == STATE_MISSING:
                if worker in now:
                    lost = True
                    self.lost.add(worker)
                self._note(worker, "stopped answering" if worker in now else "left")
        self._states = now
        self.most_workers = max(self.most_workers, len(now))
        return lost

    def present(self) -> Iterator[str]:
        """The workers that are connected."""
        return (client.id for client in self._runner.clients.all if client.state != STATE_MISSING)

    def working(self) -> Iterator[tuple[int, str]]:
        """Who has users, as far as is known: number and host of each."""
        for client in self._runner.clients.all:
            if client.state != STATE_MISSING and client.user_count:
                yield self.who(client.id)

    def who(self, worker: str) -> tuple[int, str]:
        """The worker's number, counted from 1, and its host."""
        return self._runner.get_worker_index(worker) + 1, worker.rpartition("_")[0]

    def _note(self, worker: str, what: str) -> None:
        fate = "the others took its users" if self._runner.worker_count else "nobody was left to take its users"
        self.note(f"{self.name(worker)} {what} at {_clock()} UTC; {fate}.")

    def note(self, sentence: str) -> None:
        """Takes in something else that became of the swarm."""
        self._losses.append((CLOCK.now(), sentence))
        log.warning("%s", sentence)

    def name(self, worker: str) -> str:
        """The worker in words: "Worker 2 (host)"."""
        return "Worker {} ({})".format(*self.who(worker))

    def look_at_clock(self, worker: str, wall_offset: float | None) -> None:
        """Notes a worker's wall clock that is off or was set: a remark, for the lab counts by a clock of its own."""
        before = self._wall_offsets.get(worker)
        if wall_offset is None:
            return
        self._wall_offsets[worker] = wall_offset
        if before is None and abs(wall_offset) > tolerances.OFFSET_MS / 1000:
            side = "ahead of" if wall_offset > 0 else "behind"
            text = f"has a wall clock {three_digits(abs(wall_offset))} s {side} the master's"
            self.note(f"{self.name(worker)} {text}; {UNCHANGED}")
        elif (
            before is not None and abs(wall_offset - before) > tolerances.JUMP_MS / 1000 and not self._was_set_before()
        ):
            self.note(f"{self.name(worker)} had its wall clock set by {wall_offset - before:+.3g} s; {UNCHANGED}")

    def _was_set_before(self) -> bool:
        """Whether the clock of another process was set at the same time: they share a machine, and one remark does."""
        before, self._set_at = self._set_at, CLOCK.now()
        return CLOCK.now() - before < TOGETHER_SECONDS


def _clock() -> str:
    return f"{datetime.fromtimestamp(CLOCK.now(), UTC):%H:%M:%S}"


def _states(clients: Iterable[WorkerNode]) -> dict[str, str]:
    return {client.id: client.state for client in clients}
