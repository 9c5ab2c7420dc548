"""Who may join the swarm: workers whose first report shows the master's own build. All others are refused by name."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from lab.engine.build import difference

SILENT_SECONDS = 5.0
"""A worker that has not said by then what it runs is none of this lab's."""
FORGOTTEN_SECONDS = 3.0
"""A refused worker that has not reported for so long is gone."""


class Admission:
    """The master's list: who waits to be let in, who is in, and who was refused, with the reason."""

    def __init__(self, build: Mapping[str, str], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._build, self._monotonic = build, monotonic
        self._admitted: set[str] = set()
        self._came: dict[str, float] = {}
        self._refused: dict[str, tuple[str, float]] = {}

    def is_admitted(self, worker: str) -> bool:
        """Whether the worker has shown the master's own build."""
        return worker in self._admitted

    def come(self, worker: str) -> None:
        """A worker says that it is ready: it waits until its first report."""
        self._came.setdefault(worker, self._monotonic())

    def look(self, worker: str, report: Mapping[str, Any] | None) -> bool | None:
        """Whether the worker is let in, by its report; None while that is open."""
        if worker in self._refused:
            reason, _ = self._refused[worker]
            self._refused[worker] = reason, self._monotonic()
            return False
        theirs = (report or {}).get("build")
        if not isinstance(theirs, Mapping):
            waited = self._monotonic() - self._came.get(worker, self._monotonic())
            return None if waited < SILENT_SECONDS else self._refuse(worker, "it is no worker of this lab")
        if differs := difference(self._build, theirs):
            return self._refuse(worker, f"it has {differs}")
        self._admitted.add(worker)
        self._came.pop(worker, None)
        return True

    def refusals(self) -> list[str]:
        """Why workers that are still there were refused, a sentence each."""
        now = self._monotonic()
        return [
            f"Worker {worker} was refused: {reason}."
            for worker, (reason, seen) in self._refused.items()
            if now - seen < FORGOTTEN_SECONDS
        ]

    def _refuse(self, worker: str, reason: str) -> bool:
        self._refused[worker] = reason, self._monotonic()
        self._came.pop(worker, None)
        return False


class Strangers:
    """Workers that report without having come to this master: those of an earlier one, which may still make load."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._users: dict[str, tuple[int, float]] = {}

    def note(self, worker: str, users: int) -> None:
        """Takes in that the worker has so many users."""
        self._users[worker] = users, self._monotonic()

    def with_users(self) -> dict[str, int]:
        """Who was heard of late, and has users."""
        now = self._monotonic()
        return {
            worker: users for worker, (users, seen) in self._users.items() if users and now - seen < FORGOTTEN_SECONDS
        }
