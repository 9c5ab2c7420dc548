"""What others take of the machine: from figures of the machine, the swarm and the service."""

from __future__ import annotations

from typing import Any

import pytest

from lab.counts.health import Health
from lab.service.metrics import MACHINE, PROXY
from lab.service.neighbours import Neighbours
from lab.service.usage import Usage
from tests.support.verdicts import answers

HERE, ELSEWHERE = "5e1f0c2a", "99999999"
SECOND = 100


def machine_at(busy: float, **more: float) -> Usage:
    """A second of a machine of two CPUs, `busy` of them."""
    sums = {"cpu_seconds": busy, "interrupt_seconds": 0.0, "steal_seconds": 0.0, "master_seconds": 0.1, **more}
    return Usage(MACHINE, "machine", 1, sums, {"cpu_limit": 2.0}, HERE)


def replica(cpu: float, where: str = HERE, **more: float) -> Usage:
    """A second of a replica with half a CPU at most, whose workers wait as long as they run."""
    sums = {"cpu_seconds": cpu, "worker_cpu_seconds": cpu, "worker_wait_seconds": cpu, "store_seconds": 0.9}
    peaks = {"cpu_limit": 0.5, "workers": 2.0, "store_is_apart": more.pop("store_is_apart", 0.0)}
    return Usage("replica", "api", 1, {**sums, **more}, peaks, where)


def busy_worker(waited: float) -> Usage:
    """A second of a replica without a limit, of one worker that had something to do in nearly all of it."""
    sums = {"cpu_seconds": 0.95, "worker_cpu_seconds": 0.95, "worker_wait_seconds": waited}
    return Usage("replica", "api", 1, sums, {"workers": 1.0}, HERE)


def second(
    usages: dict[str, Usage], *, swarm: float = 0.3, worker_at: str = HERE, answered: str = "a", ms: float = 9
) -> Any:
    """What is seen of others in a second with one worker."""
    seen = Neighbours()
    seen.examine(SECOND, 1, Health(seconds=0.5, cpu_seconds=swarm / 2, machine=worker_at))
    seen.examine(SECOND, 1, Health(seconds=0.5, cpu_seconds=swarm / 2, machine=worker_at))
    return seen.settle(SECOND, usages, {name: answers(ms, 100) for name in answered})


@pytest.mark.parametrize(
    ("usages", "more", "others", "crowded"),
    [
        # nobody else is there
        ({MACHINE: machine_at(0.6), "a": replica(0.2)}, {}, 0.0, 0),
        # one CPU of two is burnt, the service gets less than its limit, and waits
        ({MACHINE: machine_at(1.98), "a": replica(0.2)}, {}, 1.38, 1),
        # the same, and a CPU is idle half of the time: who wants to run can
        ({MACHINE: machine_at(1.5), "a": replica(0.2)}, {}, 0.9, 0),
        # the lab itself burns all
        ({MACHINE: machine_at(2.0), "a": replica(0.4)}, {"swarm": 1.4}, 0.1, 0),
        # a little is always there
        ({MACHINE: machine_at(2.0), "a": replica(0.3)}, {"swarm": 1.2}, 0.4, 0),
        # the network's work for the swarm is nobody else's
        ({MACHINE: machine_at(2.0, interrupt_seconds=1.2), "a": replica(0.2)}, {}, 0.2, 0),
        # other machines on the same host are others
        ({MACHINE: machine_at(2.0, steal_seconds=1.2), "a": replica(0.2)}, {}, 1.4, 1),
        # the service hardly waited: it had what it wanted
        ({MACHINE: machine_at(2.0), "a": replica(0.2, worker_wait_seconds=0.01)}, {}, 1.4, 0),
        # its worker was busy, and waited for nobody
        ({MACHINE: machine_at(2.0), "a": busy_worker(0.01)}, {}, 0.65, 0),
        ({MACHINE: machine_at(2.0), "a": busy_worker(0.2)}, {}, 0.65, 1),
        # it waited, and most of what an answer takes is something else: 2 ms for a CPU, of 600
        ({MACHINE: machine_at(2.0), "a": replica(0.2)}, {"ms": 600}, 1.4, 0),
        # its workers wait all the time, and requests in a queue for them
        ({MACHINE: machine_at(2.0), "a": replica(0.2, worker_wait_seconds=1.5)}, {"ms": 600}, 1.4, 1),
        # a service that does not say how long it waited
        ({MACHINE: machine_at(2.0), "a": Usage("replica", "own", 1, {"cpu_seconds": 0.2}, {}, "")}, {}, 1.4, 1),
        # it had used up its own limit
        ({MACHINE: machine_at(2.0), "a": replica(0.49)}, {}, 1.11, 0),
        # one of two replicas was held back
        ({MACHINE: machine_at(2.0), "a": replica(0.49), "b": replica(0.2)}, {"answered": "ab"}, 0.91, 1),
        # the service is on another machine: what is done here is not its matter
        ({MACHINE: machine_at(2.0), "a": replica(0.2, ELSEWHERE)}, {}, None, 0),
        # the worker is on another machine
        ({MACHINE: machine_at(2.0), "a": replica(0.2)}, {"worker_at": ELSEWHERE}, 1.7, 1),
        # workers and replicas that do not say where they are may be here
        ({MACHINE: machine_at(2.0), "a": replica(0.2, "")}, {"worker_at": "", "swarm": 1.4}, 0.3, 0),
        # a store of its own may have used what it was waited for
        ({MACHINE: machine_at(2.0), "a": replica(0.2, store_is_apart=1.0)}, {}, 0.5, 1),
        ({MACHINE: machine_at(2.0), "a": replica(0.2, store_is_apart=1.0, store_seconds=7.0)}, {}, 0.0, 0),
        # the proxy is the lab's: two threads, of which the busiest is told
        (
            {MACHINE: machine_at(2.0), "a": replica(0.2), "p": Usage(PROXY, "p", 1, {"busy": 0.6}, {"threads": 2.0})},
            {},
            0.2,
            0,
        ),
        # who answers and is not read may have used it all
        ({MACHINE: machine_at(2.0), "a": replica(0.2)}, {"answered": "ab"}, None, 0),
        ({MACHINE: machine_at(2.0)}, {}, None, 0),
        # a service without metrics, whose processes can be seen: it waits for a CPU, or it does not
        ({MACHINE: machine_at(2.0, target_cpu_seconds=0.3, target_wait_seconds=0.3)}, {}, 1.3, 1),
        ({MACHINE: machine_at(2.0, target_cpu_seconds=0.3, target_wait_seconds=0.01)}, {}, 1.3, 0),
        ({MACHINE: machine_at(2.0, target_cpu_seconds=1.4, target_wait_seconds=0.4)}, {}, 0.2, 0),
        # with metrics, and seen as well: they are the same processes
        ({MACHINE: machine_at(2.0, target_cpu_seconds=0.3, target_wait_seconds=0.3), "a": replica(0.2)}, {}, 1.3, 1),
        # the machine is not known
        ({"a": replica(0.2)}, {}, None, 0),
    ],
)
def test_others_are_what_neither_the_swarm_nor_the_service_is(
    usages: dict[str, Usage], more: dict[str, Any], others: float | None, crowded: int
) -> None:
    seen = second(usages, **more)
    assert (seen.get("others_seconds"), seen.get("crowded_seconds", 0)) == (
        others if others is None else pytest.approx(others),
        crowded,
    )
    assert seen.get("crowding_seconds", 0) == pytest.approx(others if crowded else 0)


def test_who_does_not_say_what_it_used_can_have_used_all_that_it_may() -> None:
    seen = Neighbours()
    for at in range(SECOND, SECOND + 20):
        if at == SECOND:
            seen.examine(at, 1, Health(seconds=1.0, cpu_seconds=0.3, cpus=0.9, machine=HERE))
        usages = {MACHINE: machine_at(2.0)} | ({"a": replica(0.2)} if at == SECOND else {})
        found = seen.settle(at, usages, {"a": answers(9, 100)})["others_seconds"]
        # the master 0.1, the replica 0.2 and then up to 0.5, the worker 0.3, then up to 0.9, then it is gone
        assert found == pytest.approx(1.4 if at == SECOND else 0.5 if at <= SECOND + 10 else 1.4), at
