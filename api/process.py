"""What have all processes of this replica used together? Read from /proc."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

PROC = Path("/proc")
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class ProcessUse(NamedTuple):
    """One process as /proc/<pid>/stat has it (proc_pid_stat(5))."""

    parent: int
    own_ticks: int  # CPU of the process itself
    children_ticks: int  # CPU of children that have ended and were waited for
    start_ticks: int  # since the machine was started
    resident_pages: int


class ReplicaUse(NamedTuple):
    """What gunicorn's arbiter and its workers have used, those that have died included."""

    cpu_seconds: float
    worker_cpu_seconds: dict[int, float]  # of the living workers, by their pids
    worker_wait_seconds: dict[
        int, float
    ]  # ready to run, without being let: others had the CPU, or the quota was used up
    resident_bytes: int
    open_files: int
    start_seconds: float  # since 1970


def parse_stat(text: str) -> ProcessUse:
    """The figures of one stat file. The command may hold spaces and brackets, so fields count from its last one."""
    fields = text.rpartition(")")[2].split()
    return ProcessUse(
        parent=int(fields[1]),
        own_ticks=int(fields[11]) + int(fields[12]),
        children_ticks=int(fields[13]) + int(fields[14]),
        start_ticks=int(fields[19]),
        resident_pages=int(fields[21]),
    )


def parse_boot_seconds(text: str) -> int:
    """When the machine was started, in seconds since 1970, from /proc/stat (proc_stat(5))."""
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith("btime "))


def sum_cpu_seconds(arbiter: ProcessUse, workers: Iterable[ProcessUse], ticks_per_second: int) -> float:
    """CPU seconds of the arbiter, of its living workers, and of the dead ones that it waited for."""
    family = (arbiter, *workers)
    return sum(each.own_ticks + each.children_ticks for each in family) / ticks_per_second


def read_replica_use(arbiter_pid: int, proc: Path = PROC) -> ReplicaUse:
    """What the arbiter and its workers have used until now."""
    while True:
        before = _read_stat(arbiter_pid, proc)
        workers = _read_workers(arbiter_pid, proc)
        arbiter = _read_stat(arbiter_pid, proc)
        # A worker that ended in between would be counted twice, or not at all: look again.
        if arbiter.children_ticks == before.children_ticks:
            break
    boot = _boot_seconds(proc)
    return ReplicaUse(
        cpu_seconds=sum_cpu_seconds(arbiter, workers.values(), TICKS_PER_SECOND),
        worker_cpu_seconds={pid: worker.own_ticks / TICKS_PER_SECOND for pid, worker in workers.items()},
        worker_wait_seconds={pid: waited for pid in workers if (waited := _read_wait(pid, proc)) is not None},
        resident_bytes=(arbiter.resident_pages + sum(worker.resident_pages for worker in workers.values()))
        * PAGE_BYTES,
        open_files=sum(_count_files(pid, proc) for pid in (arbiter_pid, *workers)),
        start_seconds=boot + arbiter.start_ticks / TICKS_PER_SECOND,
    )


@cache
def _boot_seconds(proc: Path) -> int:
    return parse_boot_seconds((proc / "stat").read_text())


def _read_stat(pid: int, proc: Path) -> ProcessUse:
    return parse_stat((proc / str(pid) / "stat").read_text())


def _read_wait(pid: int, proc: Path) -> float | None:
    """How long the process waited for a CPU (Linux, Documentation/scheduler/sched-stats.rst); None: it is not said."""
    try:
        return int((proc / str(pid) / "schedstat").read_text().split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return None


def _read_workers(arbiter_pid: int, proc: Path) -> dict[int, ProcessUse]:
    workers = {}
    for pid in _child_pids(arbiter_pid, proc):
        try:
            use = _read_stat(pid, proc)
        except (FileNotFoundError, ProcessLookupError):
            continue
        if use.parent == arbiter_pid:
            workers[pid] = use
    return workers


def _child_pids(pid: int, proc: Path) -> list[int]:
    try:
        return [int(child) for child in (proc / str(pid) / "task" / str(pid) / "children").read_text().split()]
    except FileNotFoundError:
        # Not every kernel has that file; then every process is looked at.
        return [int(entry.name) for entry in proc.iterdir() if entry.name.isdigit()]


def _count_files(pid: int, proc: Path) -> int:
    try:
        return sum(1 for _ in (proc / str(pid) / "fd").iterdir())
    except OSError:
        return 0
