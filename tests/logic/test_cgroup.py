"""The CPU quota of a process: version 1 and 2, in a container and around it."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.generator.cgroup import memory_bytes, quota

DOCKER_1 = {
    "proc/self/cgroup": "3:cpuset:/docker/f00\n1:cpu,cpuacct:/docker/f00\n0::/docker/f00\n",
    "proc/self/mountinfo": "78 77 0:29 /docker/f00 /sys/fs/cgroup/cpu ro,nosuid - cgroup cgroup rw,cpu,cpuacct\n"
    "80 77 0:31 /docker/f00 /sys/fs/cgroup/cpuset ro,nosuid - cgroup cgroup rw,cpuset\n",
    "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "10000\n",
    "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
    "sys/fs/cgroup/cpu/cpu.stat": "nr_periods 37\nnr_throttled 34\nthrottled_time 2927596507\n",
}
DOCKER_2 = {
    "proc/self/cgroup": "0::/\n",
    "proc/self/mountinfo": "30 29 0:26 / /sys/fs/cgroup ro,nosuid - cgroup2 cgroup rw,nsdelegate\n",
    "sys/fs/cgroup/cpu.max": "50000 100000\n",
    "sys/fs/cgroup/cpu.stat": "usage_usec 80\nnr_periods 12\nnr_throttled 3\nthrottled_usec 7\n",
}
NESTED_2 = {
    "proc/self/cgroup": "0::/lab.slice/worker.service\n",
    "proc/self/mountinfo": "30 29 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
    "sys/fs/cgroup/lab.slice/cpu.max": "20000 50000\n",
    "sys/fs/cgroup/lab.slice/cpu.stat": "nr_throttled 5\n",
    "sys/fs/cgroup/lab.slice/worker.service/cpu.max": "max 100000\n",
}
WITHOUT = {**DOCKER_1, "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n"}
HYBRID = {
    **DOCKER_1,
    "proc/self/mountinfo": DOCKER_1["proc/self/mountinfo"]
    + "90 77 0:40 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n",
}


def machine(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


@pytest.mark.parametrize(
    ("files", "cpus", "period_seconds", "throttled"),
    [
        pytest.param(DOCKER_1, 0.1, 0.1, 34, id="version 1 in a container"),
        pytest.param(HYBRID, 0.1, 0.1, 34, id="version 1 with an empty version 2 beside it"),
        pytest.param(DOCKER_2, 0.5, 0.1, 3, id="version 2 in a container"),
        pytest.param(NESTED_2, 0.4, 0.05, 5, id="version 2 around a group without"),
    ],
)
def test_the_tightest_quota_is_found(
    tmp_path: Path, files: dict[str, str], cpus: float, period_seconds: float, throttled: int
) -> None:
    found = quota(machine(tmp_path, files))
    assert found
    assert (found.cpus, found.period_seconds, found.throttled()) == (cpus, period_seconds, throttled)


@pytest.mark.parametrize("files", [{}, WITHOUT, {**DOCKER_1, "proc/self/mountinfo": "nonsense\n"}])
def test_without_a_quota_there_is_none(tmp_path: Path, files: dict[str, str]) -> None:
    assert quota(machine(tmp_path, files)) is None


@pytest.mark.parametrize(
    ("files", "most"),
    [
        ({}, None),
        ({"lab/memory.max": "max", "memory.max": "max"}, None),
        ({"lab/memory.max": "536870912", "memory.max": "max"}, 536870912),
        ({"lab/memory.max": "536870912", "memory.max": "268435456"}, 268435456),
        ({"memory/memory.limit_in_bytes": "1000000"}, 1000000),
    ],
)
def test_the_tightest_limit_on_memory_is_found(tmp_path: Path, files: dict[str, str], most: int | None) -> None:
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text("0::/lab\n")
    (tmp_path / "proc/self/mountinfo").write_text("1 0 0:1 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n")
    for name, text in files.items():
        file = tmp_path / "sys/fs/cgroup" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    assert memory_bytes(tmp_path) == most
