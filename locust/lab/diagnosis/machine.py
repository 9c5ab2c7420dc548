"""The machine: cores, memory, disk, ports, open files, clock, control groups, and what else runs here."""

from __future__ import annotations

import ctypes
import os
import re
import resource
import socket
from collections.abc import Callable, Mapping
from pathlib import Path

import psutil

from lab.diagnosis.finding import Finding, note, problem, well
from lab.generator import cgroup
from lab.knobs import SettingsError
from lab.results import files
from lab.settings import Settings
from lab.wording import size_text

FEW_CORES = 4
MUCH_MEMORY, LITTLE_MEMORY = 2e9, 0.7e9
MUCH_DISK = 2e9
MANY_FILES, FEW_FILES = 10_000, 1024
BUSY, LOOK_SECONDS = 0.25, 1.0
TIME_ERROR = 5
"""What adjtimex(2) returns where nothing keeps the clock right."""


def knobs(environment: Mapping[str, str]) -> Finding:
    """Whether .env and the shell have values that the lab takes."""
    try:
        Settings.read(environment)
    except SettingsError as error:
        return problem("knobs", str(error).splitlines()[0], "set it to what it takes, in .env or in the shell")
    return well("knobs", "all have values that they take")


def cores(count: int | None = None, quota: float | None = None) -> Finding:
    """What the swarm and the service share."""
    if count is None:
        own = cgroup.quota()
        count, quota = len(os.sched_getaffinity(0)), own.cpus if own else None
    usable = min(count, quota) if quota else count
    said = f"{count}" + (f", of which a quota leaves {usable:g}" if usable < count else "")
    if usable < 2:
        return problem("cores", said, "master, workers and service take two at least: a larger machine or quota")
    if usable < FEW_CORES:
        workers = max(1, int(usable) - 1)
        return note("cores", said, f"a worker keeps a core busy: --scale worker={workers}, and a small API_CPUS")
    return well("cores", said)


def memory(available: float | None = None) -> Finding:
    free = psutil.virtual_memory().available if available is None else available
    said = f"{size_text(free)} are free"
    if free < LITTLE_MEMORY:
        return problem("memory", said, "end something: master, service and a worker take about 300 MB at the start")
    if free < MUCH_MEMORY:
        return note("memory", said, "fewer workers, or fewer users (docs/costs.md)")
    return well("memory", said)


def disk(results: Path) -> Finding:
    """Room for what runs leave, and whether it may be written."""
    there = next(folder for folder in (results, *results.parents) if folder.is_dir())
    found = os.statvfs(there)
    free = found.f_bavail * found.f_frsize
    said = f"{size_text(free)} are free at {results}"
    if not os.access(there, os.W_OK):
        return problem("disk", f"{results} cannot be written", f"sudo chown -R $USER {results}")
    if free < files.LEAST_FREE_BYTES:
        return problem("disk", said, "lab runs prune --keep 20 --yes, or another LAB_RESULTS")
    if free < MUCH_DISK:
        return note("disk", said, "lab runs prune --keep 20 shows what could go; images take about 900 MB")
    return well("disk", said)


def ports(wanted: Mapping[str, str], *, is_ours: bool) -> list[Finding]:
    """Whether each port, by the knob that sets it, is free. `is_ours`: the lab of this folder is up."""
    found = []
    for knob, text in wanted.items():
        name = f"port {text}"
        port = int(text) if re.fullmatch(r"[0-9]{1,5}", text) else 0
        if not 0 < port < 65536:
            found.append(problem(name, f"{knob}={text} is no port", f"set {knob} to a number from 1 to 65535"))
        elif not _is_taken(port):
            found.append(well(name, "free"))
        elif is_ours:
            found.append(well(name, "in use, and the lab of this folder is up"))
        else:
            found.append(problem(name, f"in use{_by_whom(port)}", f"end what listens there, or set {knob}"))
    return found


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _by_whom(port: int) -> str:
    """Who listens, where this user may see it."""
    try:
        pids = [each.pid for each in psutil.net_connections("tcp") if each.laddr and each.laddr.port == port]
        return next((f" by {psutil.Process(pid).name()} (process {pid})" for pid in pids if pid), "")
    except (psutil.Error, OSError):
        return ""


def open_files(hard: int | None = None) -> Finding:
    """How many sockets a worker may have. Locust itself raises the soft limit to 10,000 where it may."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1] if hard is None else hard
    if most == resource.RLIM_INFINITY or most >= MANY_FILES:
        return well("open files", "no limit" if most == resource.RLIM_INFINITY else f"{most:,} for each process")
    remedy = "ulimit -Hn 65536 as root, or /etc/security/limits.conf: each user takes a socket"
    return (problem if most < FEW_FILES else note)("open files", f"{most:,} for each process", remedy)


def clock(state: Callable[[], int] | None = None) -> Finding:
    """Whether something keeps the clock right: a run on several machines compares theirs."""
    try:
        kept = (state or _clock_state)()
    except (OSError, AttributeError):
        kept = -1
    if kept == TIME_ERROR:
        remedy = "on one machine it does not matter; on several, run chrony or systemd-timesyncd on each"
        return note("clock", "nothing keeps it in step with others", remedy)
    return well("clock", "kept in step" if kept >= 0 else "this system does not say whether it is kept in step")


def _clock_state() -> int:
    # struct timex with modes = 0 changes nothing, and has 208 bytes on 64 bits
    return int(ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(512)))


def control_groups(root: Path = Path("/sys/fs/cgroup")) -> Finding:
    """Which version there is: the lab reads quotas of both."""
    if (root / "cgroup.controllers").is_file():
        return well("control groups", "version 2")
    if (root / "cpu").is_dir():
        return well("control groups", "version 1: quotas and throttling are read from it as well")
    return note("control groups", f"none at {root}", "limits of containers cannot be read: mount cgroup2 there")


def busy(share: float | None = None) -> Finding:
    """Whether the machine has other work: it would be in every figure."""
    used = psutil.cpu_percent(LOOK_SECONDS) / 100 if share is None else share
    said = f"{used:.0%} of the CPU is in use now".replace("%", " %")
    if used > BUSY:
        return note("other work", said, "end it before you measure: the lab calls runs INVALID that it disturbs")
    return well("other work", said)
