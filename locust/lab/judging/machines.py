"""Is it one machine of the swarm, rather than the swarm? Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lab.counts.health import Health


def one_alone(workers: Iterable[Mapping[int, Health]], accused: set[int]) -> str:
    """That the workers that are accused are those of one machine of several, in a sentence; else nothing."""
    hosts = {
        worker: (health.machine, health.host) for each in workers for worker, health in each.items() if health.machine
    }
    machines = {hosts[worker][0] for worker in accused if worker in hosts}
    there = {worker for worker, (machine, _) in hosts.items() if machine in machines}
    elsewhere = len(hosts) - len(there)
    if len(machines) != 1 or not elsewhere or accused != there:
        return ""
    where = hosts[min(accused)][1]
    return f"That is said of one machine alone ({where}), and of none of the {elsewhere} workers elsewhere. "
