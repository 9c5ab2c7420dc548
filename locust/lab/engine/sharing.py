"""Which worker gets how many of the users: as many as the CPU that it has can carry, by what users were seen to cost.

Locust deals by count alone (locust issue 2343): a worker with a tenth of a core gets as many users as one with a core
to itself, is late, and its lateness looks like the service's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from math import gcd
from typing import Any

from lab.counts.health import Health, from_document

FINEST = 10
"""The strongest worker gets so many users where others get whole numbers of them."""
ALIKE_PARTS = 8
"""Workers with this many parts or more are alike: such differences come and go with the machine's other work."""
SURE_SHARE = 0.5
"""Of its CPU: what users cost is taken from reports in which the busiest worker used as much."""
SEEN_SHARE = 0.1
"""Of its CPU: a worker that used less says nothing of what users cost it."""


class Shares:
    """What the master knows of each worker: the CPU it has, and what a user was seen to cost it."""

    def __init__(self) -> None:
        self._last: dict[str, list[Any]] = {}
        self._costs: dict[str, float] = {}

    def begin(self) -> None:
        """Forgets what users cost: the next run has others."""
        self._costs.clear()

    def hear(self, worker: str, batches: Iterable[tuple[int, Mapping[str, Any]]]) -> None:
        """Notes what a worker said of itself, which is read where users are dealt: reports come each second."""
        if said := [vitals for _, batch in batches for _, vitals in batch["health"]]:
            self._last[worker] = said

    def parts(self, workers: Iterable[str]) -> dict[str, int]:
        """How many users each of these workers gets when they are dealt out in turn: 1 for all that are alike."""
        there = {worker: self._health(worker) for worker in sorted(workers)}
        self._look_at_costs(there)
        on_machine = Counter(health.machine for health in there.values())
        carried = {worker: self._carries(worker, there, on_machine) for worker in there}
        most = max(carried.values(), default=1.0)
        found = {worker: max(1, round(FINEST * each / most)) for worker, each in carried.items()}
        if min(found.values(), default=FINEST) >= ALIKE_PARTS:
            return dict.fromkeys(there, 1)
        common = gcd(*found.values())
        return {worker: part // common for worker, part in found.items()}

    def _health(self, worker: str) -> Health:
        whole = Health()
        for vitals in self._last.get(worker, ()):
            whole.add(from_document(vitals))
        return whole

    def _look_at_costs(self, seen: Mapping[str, Health]) -> None:
        """What a user costs each worker (cores, had or waited for), where that is clear of all."""
        busy = {worker: _wanted(health) / health.cpus for worker, health in seen.items()}
        if not busy or max(busy.values()) < SURE_SHARE or min(busy.values()) < SEEN_SHARE:
            return
        if all(health.users for health in seen.values()):
            self._costs = {worker: _wanted(health) / health.users for worker, health in seen.items()}

    def _carries(self, worker: str, there: Mapping[str, Health], on_machine: Mapping[str, int]) -> float:
        """How many users it can carry, as far as that was seen of all; else the CPU that it has (cores)."""
        health = there[worker]
        cores = min(health.cpus, health.cores / on_machine[health.machine]) if health.cores else health.cpus
        if there.keys() <= self._costs.keys():
            return cores / max(self._costs[worker], 1e-9)
        return cores


def _wanted(health: Health) -> float:
    """The CPU that a worker had or waited for (cores)."""
    return (health.cpu_seconds + health.waited_seconds) / health.seconds if health.seconds else 0.0


def in_turn(workers: Iterable[str], parts: Mapping[str, int]) -> list[str]:
    """The order in which users are dealt, to be gone through again and again: each worker as often as it has parts.

    >>> in_turn(["a", "b"], {"a": 3, "b": 1}), in_turn(["a", "b"], {})
    (['a', 'a', 'a', 'b'], ['a', 'b'])
    """
    due = [
        ((nth + 1) / part, place, worker)
        for place, worker in enumerate(workers)
        for part in [parts.get(worker, 1)]
        for nth in range(part)
    ]
    return [worker for _, _, worker in sorted(due)]
