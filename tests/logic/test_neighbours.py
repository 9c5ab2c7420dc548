"""Did others burn the machine? From figures of the machine, the swarm and the service, and judged where it broke."""

from __future__ import annotations

import os
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lab import limits
from lab.counts.health import Health
from lab.counts.timeline import Step
from lab.generator import boot
from lab.judging import neighbours as judged
from lab.judging.evidence import Evidence, Search
from lab.judging.reading import read
from lab.judging.verdict import judge
from lab.plans.search import Goal, Purpose
from lab.service import machine, sockets
from lab.service.both_ends import Service
from lab.service.metrics import MACHINE, PROXY
from lab.service.neighbours import Neighbours
from lab.service.processes import Listeners
from lab.service.usage import Usage
from tests.support.verdicts import answers, numbered, part

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


def step(users: int, kept: bool | None, ms: float, purpose: Purpose | str = "") -> Step:
    count = 100 * 10
    return Step(
        users=users,
        started=100,
        purpose=str(purpose),
        kept=kept,
        seconds=10,
        successes=[count // 10] * 10,
        endpoints={"GET /tests": answers(ms, count)},
        health={1: Health(seconds=10.0, users=users, cpu_seconds=3.0)},
    )


def seen_in(crowded: int, others: float = 0.71, seconds: int = 10) -> dict[str, Usage]:
    """A step of a machine of two CPUs, in so many seconds of which others took that share of it."""
    taken = 2 * others * crowded
    sums = {"cpu_seconds": 19.0, "told_seconds": float(seconds), "others_seconds": taken}
    sums |= {"crowded_seconds": float(crowded), "crowding_seconds": taken, "steal_seconds": 0.0}
    return {MACHINE: Usage(MACHINE, "machine", seconds, sums, {"cpu_limit": 2.0}, HERE)}


def evidence(steps: list[Step], seen: list[dict[str, Usage]], search: Search | None = None, **more: Any) -> Evidence:
    return Evidence(
        **{
            "plan": "capacity" if search else "steady",
            "target": "http://api:5000",
            "limits": limits.parse("p95<=450ms"),
            "started": "2026-01-02T03:04:05+00:00",
            "seconds": 60,
            "steps": numbered(steps),
            "workers": 1,
            "search": search,
            "service": Service(steps=seen),
            **more,
        }
    )


SEARCH = Search(Goal(start=10, most=1000, resolution=0.1))
STOP = "Stop what else runs there, or measure on a machine of its own."


@pytest.mark.parametrize(
    ("at_capacity", "at_breach", "word", "says"),
    [
        # nobody else is there
        (0, 0, "PASS", ""),
        # others burnt the machine at the breach: without them there may have been none
        (0, 8, "INVALID", f"at 110 users, so the capacity is not the service's own. {STOP}"),
        # what was kept in spite of others is kept
        (8, 0, "PASS", "in 8 of 30 s"),
        # a single second may be anything
        (0, 1, "PASS", ""),
    ],
)  # fmt: skip
def test_a_search_is_not_believed_where_others_burnt_the_machine_at_its_breach(
    at_capacity: int, at_breach: int, word: str, says: str
) -> None:
    steps = [
        step(100, True, 300, Purpose.EXPLORE),
        step(110, False, 900, Purpose.EXPLORE),
        step(100, True, 300, Purpose.CONFIRM),
    ]
    seen = [seen_in(at_capacity), seen_in(at_breach), seen_in(0)]
    verdict = judge(evidence(steps, seen, SEARCH))
    assert verdict.verdict == word, verdict.sentence
    assert says in verdict.sentence if says else "ther work" not in verdict.sentence
    if word == "INVALID":
        assert "Up to 100 users the limits were kept." in verdict.sentence
        assert part(verdict, "generator")["believable"] is False
    assert part(verdict, "machine")["crowded_seconds"] == at_capacity + at_breach


@pytest.mark.parametrize(
    ("ms", "crowded", "more", "word", "says"),
    [
        # the service is slow by itself
        (900, 0, {}, "FAIL", ""),
        # a hiccup of the machine in one second explains nothing
        (900, 1, {}, "FAIL", ""),
        # others burnt the machine meanwhile
        (900, 6, {}, "INVALID", "of this machine in 6 of 10 s, so what broke is not the service's own."),
        # and it kept its limits in spite of that
        (300, 6, {}, "PASS", "Other work used 71 % of this machine in 6 of 10 s."),
        # a peak of requests that was not made is broken as well
        (300, 6, {"plan": "peak", "peak_rps": 500}, "INVALID", "other work used 71 %"),
        (300, 6, {"plan": "peak", "peak_rps": 90}, "PASS", "Other work used 71 %"),
    ],
)  # fmt: skip
def test_a_held_load_that_broke_is_not_believed_and_one_that_kept_is(
    ms: float, crowded: int, more: dict[str, Any], word: str, says: str
) -> None:
    verdict = judge(evidence([step(100, None, ms)], [seen_in(crowded)], **more))
    assert verdict.verdict == word, verdict.sentence
    assert says in verdict.sentence if says else "ther work" not in verdict.sentence


def test_a_burst_in_one_step_of_many_is_seen_there() -> None:
    steps = [step(100, None, 900 if at == 7 else 100) for at in range(8)]
    seen = [seen_in(2 if at == 7 else 0) for at in range(8)]
    broken = evidence(steps, seen, limits=limits.parse("max<=450ms"))
    assert judge(broken).verdict == "INVALID"
    assert judge(replace(broken, service=Service(steps=[seen_in(0)] * 8))).verdict == "FAIL"


def test_the_repetition_of_the_first_step_is_slow_because_of_others() -> None:
    steps = [
        step(10, True, 10, Purpose.EXPLORE),
        step(20, False, 900, Purpose.EXPLORE),
        step(10, True, 40, Purpose.REPEAT),
    ]
    verdict = judge(evidence(steps, [seen_in(0), seen_in(0), seen_in(9)], SEARCH))
    assert verdict.verdict == "INVALID"
    assert "Other work used 71 % of this machine at 10 users" in verdict.sentence


def test_of_an_old_folder_and_of_a_service_elsewhere_nothing_is_told() -> None:
    bare = {MACHINE: Usage(MACHINE, "machine", 10, {"cpu_seconds": 19.0}, {"cpu_limit": 2.0})}
    reading = read(evidence([step(100, None, 900)], [bare]))
    row = judged.row(reading)
    assert row == {
        "cpus": 2,
        "used": 0.95,
        "others": None,
        "steal": None,
        "seconds": 10,
        "crowded_seconds": 0,
        "accepted": False,
    }
    assert judged.accusation(reading) is None
    assert judged.row(read(evidence([step(100, None, 900)], []))) is None


def test_a_machine_has_a_name_that_its_containers_share(tmp_path: Path) -> None:
    (tmp_path / "boot_id").write_text("5e1f0c2a-4b6d-4e8f-9a10-1b2c3d4e5f60\n")
    assert boot.machine(tmp_path / "boot_id") == HERE
    assert boot.machine(tmp_path / "none") == ""


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "some avg10=0.00 avg60=0.00 avg300=0.00 total=2500000\nfull avg10=0.00 total=0\n",
            {"pressure_seconds": 2.5},
        ),
        ("", {}),  # not said by this kernel
        ("some\n", {}),
    ],
)
def test_pressure_is_told_where_the_kernel_says_it(tmp_path: Path, text: str, told: dict[str, float]) -> None:
    (tmp_path / "cpu").write_text(text)
    assert machine.pressure(tmp_path / "cpu") == told
    assert machine.pressure(tmp_path / "none") == {}


HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"


def proc(folder: Path, rows: list[tuple[str, str, str, int]], files: dict[int, list[int]], comm: str = "web") -> Path:
    """A /proc with these sockets (local, remote, state, inode) and the sockets that each process holds."""
    (folder / "net").mkdir()
    lines = [f"   0: {here} {there} {state} 0:0 00:0 0 0 0 {inode} 1 0 100\n" for here, there, state, inode in rows]
    (folder / "net" / "tcp").write_text(HEAD + "".join(lines))
    for pid, inodes in files.items():
        (folder / str(pid) / "fd").mkdir(parents=True)
        (folder / str(pid) / "comm").write_text(f"{comm}\n")
        for inode in inodes:
            (folder / str(pid) / "fd" / str(inode)).symlink_to(f"socket:[{inode}]")
    return folder


HOME, ANY, NOBODY = "0100007F", "00000000", "00000000:0000"
WEB = (f"{HOME}:1388", NOBODY, "0A", 1)  # listens at 5000
STORE = (f"{ANY}:1538", NOBODY, "0A", 2)  # listens at 5432
ASKS = (f"{HOME}:9C40", f"{HOME}:1538", "01", 3)  # 40000 asks 5432
SERVES, SERVED = (f"{HOME}:1388", f"{HOME}:9C40", "01", 3), (f"{HOME}:9C40", f"{HOME}:1388", "01", 4)


@pytest.mark.parametrize(
    ("rows", "files", "serving"),
    [
        # a parent and its children hold the socket; the user of the service does not
        ([WEB], {7: [1], 8: [1], 9: [5]}, {7, 8}),
        # nobody listens there
        ([STORE], {7: [2]}, set()),
        # another user's
        ([WEB], {7: [5]}, set()),
        # a store behind it is a part of the service
        ([WEB, STORE, ASKS], {7: [1, 3], 9: [2]}, {7, 9}),
        # which is another user's: then others cannot be told apart
        ([WEB, STORE, ASKS], {7: [1, 3]}, set()),
        # a store that only others ask
        ([WEB, STORE, ASKS], {7: [1], 8: [3], 9: [2]}, {7}),
        # on another machine
        ([WEB, STORE, (f"{HOME}:9C40", "0A00000A:1538", "01", 3)], {7: [1, 3], 9: [2]}, {7}),
        # those that are served are not the service
        ([WEB, SERVES, SERVED], {7: [1, 3], 8: [4]}, {7}),
    ],
)  # fmt: skip
def test_those_that_serve_a_port_hold_its_socket(
    tmp_path: Path, rows: list[tuple[str, str, str, int]], files: dict[int, list[int]], serving: set[int]
) -> None:
    assert sockets.serving(5000, proc(tmp_path, rows, files)) == serving


def test_who_only_passes_on_is_not_the_service(tmp_path: Path) -> None:
    assert sockets.serving(5000, proc(tmp_path, [WEB], {7: [1]}, comm="docker-proxy")) == set()


def test_what_a_process_of_this_machine_uses_is_read_by_its_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert sockets.serving(port, Path("/proc")) == {os.getpid()}
        listeners = Listeners.of(f"http://localhost:{port}")
        first = listeners.read()
        assert first
        while (use := listeners.read()) and use.cpu_seconds < 0.05:
            pass  # burns what is to be seen
        assert use
        assert use.cpu_seconds >= 0.05
        assert use.wait_seconds >= first.wait_seconds
    assert Listeners.of("http://192.0.2.1:80").read() is None
