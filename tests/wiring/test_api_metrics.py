"""What a replica says of itself adds up: all its processes, the dead ones too, and its container."""

from __future__ import annotations

import socket
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.parser import text_string_to_metric_families

from api.cgroup import ContainerUse, container_reader, parse_v1, parse_v2
from api.counted import CountedPage
from api.process import ProcessUse, parse_boot_seconds, parse_stat, read_replica_use, sum_cpu_seconds
from tests.support.running_service import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.running_service import RunningService

V1 = {
    "quota": "150000\n",
    "period": "100000\n",
    "cpu": "nr_periods 13\nnr_throttled 9\nthrottled_time 1013677340\n",
    "memory": "74936320\n",
    "memory_limit": "268435456\n",
}
V2 = {
    "quota": "150000 100000\n",
    "cpu": "usage_usec 5\nuser_usec 3\nsystem_usec 2\nnr_periods 13\nnr_throttled 9\nthrottled_usec 1013677\n",
    "memory": "74936320\n",
    "memory_limit": "268435456\n",
}
ALL = (1.5, 13, 9, 74936320, 268435456)


def _without_seconds(use: ContainerUse) -> tuple[float | None, ...]:
    return use[:3] + use[4:]


def test_a_limited_container_is_read_alike_in_both_versions() -> None:
    first, second = parse_v1(V1), parse_v2(V2)
    assert _without_seconds(first) == _without_seconds(second) == ALL
    assert first.throttled_seconds == pytest.approx(1.01367734)
    assert second.throttled_seconds == pytest.approx(1.013677)


@pytest.mark.parametrize(
    ("what", "use"),
    [
        ("no files at all, 1", parse_v1({})),
        ("no files at all, 2", parse_v2({})),
        ("no limit, 1", parse_v1({"quota": "-1\n", "period": "100000\n", "memory_limit": "9223372036854771712\n"})),
        ("no limit, 2", parse_v2({"quota": "max 100000\n", "memory_limit": "max\n"})),
        ("a group without the cpu controller", parse_v2({"cpu": "usage_usec 5\nuser_usec 3\nsystem_usec 2\n"})),
        ("files that hold something else", parse_v1({"quota": "?", "period": "?", "cpu": "a b c\nx", "memory": ""})),
    ],
)
def test_what_the_system_does_not_say_is_nothing_and_not_zero(what: str, use: ContainerUse) -> None:
    assert use == ContainerUse(), what


def test_the_files_of_version_2_are_found_in_the_groups_own_folder(tmp_path: Path) -> None:
    own = tmp_path / "user.slice" / "lab"
    own.mkdir(parents=True)
    (tmp_path / "cgroup.controllers").touch()
    (own / "cpu.max").write_text("50000 100000\n")
    membership = tmp_path / "membership"
    membership.write_text("0::/user.slice/lab\n")
    assert container_reader(tmp_path, membership)().cpu_limit == 0.5


def test_the_files_of_version_1_are_found_where_a_container_has_them(tmp_path: Path) -> None:
    # Inside of a container the path of the group is the host's, but what is mounted is the group itself.
    for controller, name, text in (("cpu", "cpu.cfs_quota_us", "50000"), ("cpu", "cpu.cfs_period_us", "100000")):
        (tmp_path / controller).mkdir(exist_ok=True)
        (tmp_path / controller / name).write_text(text)
    membership = tmp_path / "membership"
    membership.write_text("4:cpu,cpuacct:/docker/0123\n3:memory:/docker/0123\n0::/\n")
    assert container_reader(tmp_path, membership)().cpu_limit == 0.5


def _stat(pid: int, parent: int, command: str = "gunicorn", children: tuple[int, int] = (0, 0)) -> str:
    return (
        f"{pid} ({command}) S {parent} 1 1 0 -1 4194560 100 200 0 0 30 12 {children[0]} {children[1]} "
        "20 0 1 0 5000 123456789 2560 18446744073709551615 1 1 0"
    )


@pytest.mark.parametrize("command", ["gunicorn", "a name (with brackets) and ) spaces", ""])
def test_a_stat_line_is_read_whatever_the_command_is_called(command: str) -> None:
    use = parse_stat(_stat(7, 1, command, (5, 6)))
    assert use == ProcessUse(parent=1, own_ticks=42, children_ticks=11, start_ticks=5000, resident_pages=2560)


def test_cpu_seconds_are_those_of_the_arbiter_its_workers_and_its_dead() -> None:
    arbiter = ProcessUse(parent=0, own_ticks=100, children_ticks=1000, start_ticks=0, resident_pages=0)
    worker = ProcessUse(parent=1, own_ticks=10, children_ticks=1, start_ticks=0, resident_pages=0)
    assert sum_cpu_seconds(arbiter, [worker, worker], 100) == 11.22


@pytest.mark.parametrize("has_children_file", [True, False])
def test_only_the_arbiters_own_children_count(tmp_path: Path, has_children_file: bool) -> None:
    for pid, parent in ((1, 0), (7, 1), (8, 1), (9, 7)):
        folder = tmp_path / str(pid)
        (folder / "fd").mkdir(parents=True)
        (folder / "fd" / "0").touch()
        (folder / "stat").write_text(_stat(pid, parent))
        if pid == 7:  # not every kernel says how long a process waited
            (folder / "schedstat").write_text("5000000000 2500000000 77\n")
    if has_children_file:
        (tmp_path / "1" / "task" / "1").mkdir(parents=True)
        (tmp_path / "1" / "task" / "1" / "children").write_text("7 8 ")
    (tmp_path / "stat").write_text("cpu 1 2\nbtime 1700000000\nprocesses 1\n")
    use = read_replica_use(1, tmp_path)
    assert use.open_files == 3
    assert use.resident_bytes == 3 * 2560 * 4096
    assert use.cpu_seconds == pytest.approx(1.26)
    assert use.start_seconds == pytest.approx(1700000050)
    assert use.worker_wait_seconds == {7: 2.5}


def test_boot_time_is_found() -> None:
    assert parse_boot_seconds("cpu  1\nintr 5\nbtime 1795371450\n") == 1795371450


def test_the_counts_are_those_that_prometheus_client_would_tell(service: Callable[..., RunningService]) -> None:
    running = service()
    for number in range(20):
        running.add(f"n{number}")
        running.get("/tests")
        running.get("/nowhere")
    folder = folder_of(running.workers()[0].pid)
    registry = CollectorRegistry()
    MultiProcessCollector(registry, folder)
    theirs = {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in registry.collect()
        for sample in family.samples
    }
    page = CountedPage(folder).text()
    families = list(text_string_to_metric_families(page))
    ours = {
        (sample.name, *sorted(sample.labels.items())): sample.value for family in families for sample in family.samples
    }
    assert ours == theirs
    kinds = {family.name: family.type for family in families}
    assert kinds == {
        "api_requests": "counter",
        "api_store_seconds": "counter",
        "api_requests_in_flight": "gauge",
        "api_request_duration_seconds": "histogram",
    }


def folder_of(worker: int) -> str:
    """Where the worker keeps its counts."""
    places = [Path("/dev/shm"), Path(tempfile.gettempdir())]
    found = [path.parent for place in places for path in place.glob(f"api-metrics-*/counter_{worker}.db")]
    return str(found[0])


def _samples(running: RunningService) -> dict[str, float]:
    """Each sample of the metrics page, by its name and the values of its labels, sorted by their names."""
    answer = running.get("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    return {
        " ".join((sample.name, *(sample.labels[label] for label in sorted(sample.labels)))): sample.value
        for family in text_string_to_metric_families(answer.body.decode())
        for sample in family.samples
    }


def test_the_counts_of_all_workers_are_told_by_each_and_survive_a_worker(
    service: Callable[..., RunningService],
) -> None:
    running = service()
    wait_until(lambda: len(running.workers()) == 2, 20, "two workers")
    for number in range(30):
        running.add(f"n{number}")
        running.get("/tests")
        running.get("/nowhere")
        running.get(f"/tests/{number + 100}")
    before = _samples(running)
    for what in ("POST /tests 204", "GET /tests 200", "GET unmatched 404", "GET /tests/<item_id> 404"):
        assert before[f"api_requests_total {what}"] == 30
    assert before["api_request_duration_seconds_count POST /tests"] == 30
    assert before["api_requests_in_flight"] == 1
    _says_what_it_uses(before, {worker.pid for worker in running.workers()})
    victim = running.workers()[0]
    victim.kill()
    wait_until(lambda: victim.pid not in {worker.pid for worker in running.workers()}, 10, "a new worker")
    wait_until(lambda: len(running.workers()) == 2, 10, "a new worker")
    running.await_status("/ready", 200)
    after = _samples(running)
    assert after["api_requests_total POST /tests 204"] == 30
    assert after["api_requests_in_flight"] == 1
    assert after["process_cpu_seconds_total"] >= before["process_cpu_seconds_total"]
    assert after["process_start_time_seconds"] == before["process_start_time_seconds"]


def _says_what_it_uses(samples: dict[str, float], pids: set[int]) -> None:
    assert _by_worker(samples, "api_worker_cpu_seconds_total").keys() == pids
    waits = _by_worker(samples, "api_worker_cpu_wait_seconds_total").values()
    assert len(waits) == 2
    assert min(waits) > 0
    assert samples["process_resident_memory_bytes"] > 50e6
    assert samples["api_store_seconds_total"] > 0
    assert abs(samples["api_time_seconds"] - time.time()) < 60
    boot_id = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert samples[f"api_info {boot_id} sqlite"] == 1


def _by_worker(samples: dict[str, float], metric: str) -> dict[int, float]:
    return {int(name.split()[1]): value for name, value in samples.items() if name.startswith(f"{metric} ")}


def test_a_request_that_died_with_its_worker_is_not_in_flight_for_ever(service: Callable[..., RunningService]) -> None:
    running = service(WEB_CONCURRENCY="1")
    victim = running.workers()[0]
    with socket.create_connection(("127.0.0.1", running.port)) as connection:
        head = b"POST /tests HTTP/1.1\r\nHost: lab\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked"
        connection.sendall(head + b"\r\n\r\n")  # of a known length, the body is there before the application is asked
        wait_until(lambda: _samples(running)["api_requests_in_flight"] == 2, 4, "two requests in flight")
        victim.kill()
        wait_until(lambda: [worker.pid for worker in running.workers()] not in ([], [victim.pid]), 10, "a new worker")
    running.await_status("/ready", 200)
    assert _samples(running)["api_requests_in_flight"] == 1


def test_what_a_client_calls_its_method_makes_no_new_series(service: Callable[..., RunningService]) -> None:
    running = service()
    for method in ("BREW", "TRACE", "XYZZY"):
        assert running.ask(method, "/tests").status == 405
    assert _samples(running)["api_requests_total other unmatched 405"] == 3


def test_a_fresh_start_counts_from_nothing(service: Callable[..., RunningService]) -> None:
    running = service()
    running.get("/tests")
    running.kill_all()
    running.restart()
    assert "api_requests_total GET /tests 200" not in _samples(running)
