"""What may this container use, and how often was it held back? Read from its control group, version 1 or 2."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ROOT = Path("/sys/fs/cgroup")
MEMBERSHIP = Path("/proc/self/cgroup")
# Version 1 says "no limit" as the largest multiple of a page; no machine has that much.
NO_MEMORY_LIMIT_FROM = 1 << 60

V1_FILES = {
    "quota": ("cpu", "cpu.cfs_quota_us"),
    "period": ("cpu", "cpu.cfs_period_us"),
    "cpu": ("cpu", "cpu.stat"),
    "memory": ("memory", "memory.usage_in_bytes"),
    "memory_limit": ("memory", "memory.limit_in_bytes"),
}
V2_FILES = {"quota": "cpu.max", "cpu": "cpu.stat", "memory": "memory.current", "memory_limit": "memory.max"}


class ContainerUse(NamedTuple):
    """Figures of a control group; None is what it does not say, or does not limit."""

    cpu_limit: float | None = None  # in CPUs
    periods: int | None = None
    throttled_periods: int | None = None
    throttled_seconds: float | None = None
    memory_bytes: int | None = None
    memory_limit_bytes: int | None = None


def parse_v1(texts: Mapping[str, str]) -> ContainerUse:
    """The figures of a version 1 group; keys of `texts` as in V1_FILES, absent where there is no file."""
    quota, period = _number(texts.get("quota")), _number(texts.get("period"))
    cpu = _table(texts.get("cpu"))
    throttled = cpu.get("throttled_time")
    return ContainerUse(
        cpu_limit=quota / period if quota and period and quota > 0 else None,
        periods=cpu.get("nr_periods"),
        throttled_periods=cpu.get("nr_throttled"),
        throttled_seconds=None if throttled is None else throttled / 1e9,
        memory_bytes=_number(texts.get("memory")),
        memory_limit_bytes=_memory_limit(texts.get("memory_limit")),
    )


def parse_v2(texts: Mapping[str, str]) -> ContainerUse:
    """The figures of a version 2 group; keys of `texts` as in V2_FILES, absent where there is no file."""
    quota, _, period = texts.get("quota", "max").strip().partition(" ")
    cpu = _table(texts.get("cpu"))
    throttled = cpu.get("throttled_usec")
    return ContainerUse(
        cpu_limit=int(quota) / int(period) if quota.isdigit() and period.isdigit() and int(period) else None,
        periods=cpu.get("nr_periods"),
        throttled_periods=cpu.get("nr_throttled"),
        throttled_seconds=None if throttled is None else throttled / 1e6,
        memory_bytes=_number(texts.get("memory")),
        memory_limit_bytes=_memory_limit(texts.get("memory_limit")),
    )


def container_reader(root: Path = ROOT, membership: Path = MEMBERSHIP) -> Callable[[], ContainerUse]:
    """A function that reads the figures anew; where the files are is found out once, here."""
    try:
        own = _memberships(membership.read_text())
    except OSError:
        own = {}
    if (root / "cgroup.controllers").exists():
        folder = _folder(root, own.get("", "/"))
        files = {key: folder / name for key, name in V2_FILES.items()}
        parse = parse_v2
    else:
        files = {key: _folder(root / kind, own.get(kind, "/")) / name for key, (kind, name) in V1_FILES.items()}
        parse = parse_v1
    return lambda: parse(_texts(files))


def _memberships(text: str) -> dict[str, str]:
    """The path of the group by controller, from /proc/<pid>/cgroup; version 2 has the controller "" (cgroups(7))."""
    found = {}
    for line in text.splitlines():
        _, controllers, path = line.split(":", 2)
        found.update(dict.fromkeys(controllers.split(","), path))
    return found


def _folder(mount: Path, path: str) -> Path:
    """Where a group's files are: inside of a container its own group is often the root of what is mounted."""
    folder = mount / path.lstrip("/")
    return folder if folder.is_dir() else mount


def _texts(files: Mapping[str, Path]) -> dict[str, str]:
    texts = {}
    for key, file in files.items():
        try:
            texts[key] = file.read_text()
        except OSError:
            continue
    return texts


def _number(text: str | None) -> int | None:
    try:
        return int(text) if text is not None else None
    except ValueError:
        return None


def _memory_limit(text: str | None) -> int | None:
    limit = _number(text)
    return limit if limit is not None and limit < NO_MEMORY_LIMIT_FROM else None


def _table(text: str | None) -> dict[str, int]:
    """A file of lines "key value"; what is no whole number is left out."""
    pairs = (line.split() for line in (text or "").splitlines())
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2 and pair[1].isdigit()}
