"""How much CPU may this process use? The quota of its control group (version 1 or 2), and how often it was used up.

A container with a quota stands still for the rest of a period once it has used its share; the CPU figures of the
machine do not show that (Linux, Documentation/scheduler/sched-bwc.rst and admin-guide/cgroup-v2.rst).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Quota:
    """The CPUs per period, and the file that counts the periods in which they were used up."""

    cpus: float
    period_seconds: float
    counts: Path

    def throttled(self) -> int:
        """In how many periods, since the group was made, its processes had to stand still."""
        try:
            counts = dict(line.split() for line in self.counts.read_text().splitlines())
            return int(counts.get("nr_throttled", 0))
        except (OSError, ValueError):
            return 0


def quota(root: Path = Path("/")) -> Quota | None:
    """The tightest quota on this process, of its own group or of one around it; None without any."""
    try:
        found = [quota for folder in _groups(root) if (quota := _version_2(folder) or _version_1(folder))]
    except (OSError, ValueError):
        return None
    return min(found, key=lambda quota: quota.cpus, default=None)


def memory_bytes(root: Path = Path("/")) -> int | None:
    """The tightest limit on the memory of this process, of its own group or of one around it; None without any."""
    found = []
    with suppress(OSError, ValueError):
        files = [folder / "memory.max" for folder in _groups(root)]
        for file in (*files, root / "sys/fs/cgroup/memory/memory.limit_in_bytes"):
            with suppress(OSError, ValueError):  # of the other version, or "max"
                found.append(int(file.read_text()))
    return min(found, default=None)


def _groups(root: Path) -> Iterator[Path]:
    """The folders of the groups of this process that may have a quota, from its own up to the mount."""
    paths = {}
    for line in (root / "proc/self/cgroup").read_text().splitlines():
        _, controllers, own = line.split(":", 2)
        paths.update(dict.fromkeys(controllers.split(","), own))
    for line in (root / "proc/self/mountinfo").read_text().splitlines():
        mount, _, system = line.partition(" - ")
        kind, _, options = system.split(" ", 2)
        controller = {"cgroup2": "", "cgroup": "cpu"}.get(kind)
        if controller is None or controller not in paths or (controller and controller not in options.split(",")):
            continue
        path = Path(paths[controller])
        inside, point = Path(mount.split()[3]), root / mount.split()[4].lstrip("/")
        # a container sees its own group as the mount's root, even where the path is that of the host
        below = path.relative_to(inside) if path.is_relative_to(inside) else Path()
        yield point / below
        yield from ((point / below).parents[: len(below.parts)])


def _version_2(folder: Path) -> Quota | None:
    try:
        most, period = (folder / "cpu.max").read_text().split()
    except OSError:
        return None
    return None if most == "max" else Quota(int(most) / int(period), int(period) / 1e6, folder / "cpu.stat")


def _version_1(folder: Path) -> Quota | None:
    try:
        most, period = (int((folder / f"cpu.cfs_{name}_us").read_text()) for name in ("quota", "period"))
    except OSError:
        return None
    return None if most <= 0 else Quota(most / period, period / 1e6, folder / "cpu.stat")
