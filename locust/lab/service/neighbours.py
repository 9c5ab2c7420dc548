"""What did others take of the machine that the swarm and the service share? Second by second.

Others are what neither the swarm nor the service is: other processes of the machine, in containers or not, and other
machines on its host (steal). What cannot be told apart counts as the lab's own: a neighbour is seen at its least.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import NamedTuple

from lab.counts.health import Health
from lab.counts.timeline import Tally, together
from lab.service.metrics import MACHINE, PROXY, REPLICA
from lab.service.usage import Usage

SHORT_SHARE = 0.9
"""Of its CPUs, from which a machine is short of them: who wants to run finds none that is free, most of the time."""
OTHERS_SHARE = 0.25
"""Of its CPUs that others take in a second: half of one of two. What an engine of containers, health checks and an idle
desktop take is a tenth, and figures of one second that come from several clocks are a tenth off at times."""
WAITED_SHARE = 0.1
"""Of its busy time in which the service waited for a CPU: below, it had a capacity within a tenth of its own, which is
as exact as a search is (LAB_RESOLUTION). And of the time of an answer, where its workers are not busy: what waits for
something else is not slower because of others."""
BUSY_SHARE = 0.5
"""Of their time in which workers ran or waited for a CPU: from here on requests wait longer for a worker than one of
them takes it (1 / (1 - utilisation))."""
USED_UP_SHARE = 0.9
"""Of its own limit of CPU: who has used that up was not held back by others."""
FORGOTTEN_SECONDS = 10
"""After which a worker that says nothing more uses nothing more."""


class _Worker(NamedTuple):
    """A worker of the swarm in a second: what it used, and what it could have used."""

    cpu_seconds: float
    cpus: float
    machine: str


class Neighbours:
    """Joins what the machine did, what the workers of the swarm did on it, and what the service did on it."""

    def __init__(self) -> None:
        self._workers: dict[int, dict[int, _Worker]] = defaultdict(dict)  # by second and number
        self._heard: dict[int, tuple[int, _Worker]] = {}  # each worker's last second
        self._known: dict[str, Usage] = {}  # each replica's last second

    def examine(self, second: int, worker: int, health: Health) -> None:
        """Takes in what a worker measured of itself."""
        if not health.seconds:
            return
        before = self._workers[second].get(worker, _Worker(0.0, 0.0, ""))
        now = _Worker(before.cpu_seconds + health.cpu_seconds, health.cpus, health.machine)
        self._workers[second][worker] = now
        if second >= self._heard.get(worker, (second, now))[0]:
            self._heard[worker] = second, now

    def settle(
        self, second: int, usages: Mapping[str, Usage], answered: Mapping[str | None, Tally]
    ) -> dict[str, float]:
        """What others did in the second, as sums for the machine's usage; `answered` is by replica.

        `told_seconds` counts where it can be told, `others_seconds` is their CPU then; `crowded_seconds` counts where
        they held the service back, and `crowding_seconds` is their CPU then.
        """
        workers = self._workers_in(second)
        self._known |= {name: used for name, used in usages.items() if used.kind == REPLICA}
        machine = usages.get(MACHINE)
        if machine is None or not machine.peaks.get("cpu_limit"):
            return {}
        service = self._service(machine, usages, {name for name in answered if name})
        if service is None:
            return {}
        cpus, sums = machine.peaks["cpu_limit"], machine.sums
        busy = sums["cpu_seconds"]
        lab = sums.get("master_seconds", 0.0) + self._swarm(second, machine, workers) + service + _proxies(usages)
        others = max(0.0, busy - sums.get("interrupt_seconds", 0.0) - lab)
        is_short = busy >= SHORT_SHARE * cpus and others >= OTHERS_SHARE * cpus
        crowded = is_short and _is_held_back(machine, usages, together(answered.values()))
        found = {"told_seconds": 1.0, "others_seconds": others, "crowded_seconds": float(crowded)}
        return {**found, "crowding_seconds": others if crowded else 0.0}

    def _workers_in(self, second: int) -> dict[int, _Worker]:
        """The workers that said what they used in the second; what they said of earlier ones is forgotten."""
        workers = self._workers.pop(second, {})
        for old in [old for old in self._workers if old < second]:
            del self._workers[old]
        return workers

    def _swarm(self, second: int, machine: Usage, workers: Mapping[int, _Worker]) -> float:
        """CPU of the workers here; of one that does not say for a while, as much as it can have used."""
        silent = [
            worker
            for number, (last, worker) in self._heard.items()
            if number not in workers and last < second <= last + FORGOTTEN_SECONDS
        ]
        return sum(worker.cpu_seconds for worker in workers.values() if _is_here(worker, machine)) + sum(
            worker.cpus for worker in silent if _is_here(worker, machine)
        )

    def _service(self, machine: Usage, usages: Mapping[str, Usage], answered: Collection[str]) -> float | None:
        """CPU of the service here; None where it is elsewhere, or cannot be told from what others used."""
        target = machine.sums.get("target_cpu_seconds")
        read = {name: used for name, used in self._known.items() if "cpu_seconds" in used.sums}
        if not read or not set(answered) <= read.keys():
            return target
        here = {name: used for name, used in read.items() if _is_here(used, machine)}
        if not here:
            return None
        most = machine.peaks["cpu_limit"]
        seconds = sum(_seconds(usages[name]) if name in usages else _at_most(used, most) for name, used in here.items())
        # where both are read they are the same processes, or replicas behind a proxy that is little beside them
        return max(seconds, target or 0.0)


def _is_held_back(machine: Usage, usages: Mapping[str, Usage], answers: Tally) -> bool:
    """Whether a replica here had not used up its own limit and waited for a CPU, as far as that is known."""
    here = [used for used in usages.values() if used.kind == REPLICA and _is_here(used, machine)]
    read = [used for used in here if "cpu_seconds" in used.sums]
    if read:
        mine = [used for used in read if (used.cpu_used or 0.0) < USED_UP_SHARE]
        return any(_waited(used, "worker", used.peaks.get("workers", 1.0), answers) for used in mine)
    return _waited(machine, "target", max(1.0, machine.peaks.get("target_processes", 1.0) - 1), answers)


def _waited(used: Usage, which: str, workers: float, answers: Tally) -> bool:
    """Whether its workers waited for a CPU, and that mattered: they were busy, or answers took that long."""
    ran, waited = used.sums.get(f"{which}_cpu_seconds"), used.sums.get(f"{which}_wait_seconds")
    if ran is None or waited is None:
        return True
    if waited < WAITED_SHARE * (ran + waited):
        return False
    served = used.sums.get("served", float(answers.requests))
    took = answers.sum_ms / 1000 / answers.successes if answers.successes else 0.0
    return ran + waited >= BUSY_SHARE * workers or waited >= WAITED_SHARE * took * served


def _is_here(one: Usage | _Worker, machine: Usage) -> bool:
    """Whether it is on this machine, or may be."""
    return not (one.machine and machine.machine) or one.machine == machine.machine


def _seconds(replica: Usage) -> float:
    """CPU of a replica, and of a store of its own that has no metrics: no longer than it was waited for."""
    store = replica.sums.get("store_seconds", 0.0) if replica.peaks.get("store_is_apart") else 0.0
    return replica.sums["cpu_seconds"] + store


def _at_most(replica: Usage, cpus: float) -> float:
    """What a replica can have used in a second in which it did not say."""
    return cpus if replica.peaks.get("store_is_apart") else min(cpus, replica.peaks.get("cpu_limit", cpus))


def _proxies(usages: Mapping[str, Usage]) -> float:
    """CPU of the proxies."""
    proxies = [used for used in usages.values() if used.kind == PROXY]
    return sum((proxy.per_second("busy") or 0.0) * proxy.peaks.get("threads", 1.0) for proxy in proxies)
