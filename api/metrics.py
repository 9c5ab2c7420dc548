"""What has this replica done, and what has it used? Counted by every worker, reported by any of them."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from api.cgroup import container_reader
from api.counted import CountedPage
from api.process import read_replica_use
from api.stores import Durability

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prometheus_client.metrics_core import Metric

# Close together where answers are expected, up to the longest a request can take.
DURATION_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
METHODS = frozenset({"GET", "HEAD", "POST", "DELETE", "PUT", "PATCH", "OPTIONS"})
NOT_TIMED = frozenset({"/metrics", "/health", "/ready", "/openapi.json"})  # each would double the length of the page
UNMATCHED = "unmatched"  # the route of a request for a path or a method that does not exist


class Metrics:
    """The counters of one worker, and the page that adds up those of all workers of the replica.

    With `shared_folder` the counters live in files there, one set a process, so that a dead worker's still count.
    """

    def __init__(
        self,
        shared_folder: str | None,
        arbiter_pid: int,
        durability: Callable[[], Durability | None],
        store: str,
    ) -> None:
        self._registry = CollectorRegistry()
        own = None if shared_folder else self._registry
        self._counted = CountedPage(shared_folder) if shared_folder else None
        self._registry.register(ReplicaCollector(arbiter_pid, durability, store))
        labels = ("route", "method")
        self._requests = Counter("api_requests", "Requests answered.", (*labels, "status"), registry=own)
        self._in_flight = Gauge(
            "api_requests_in_flight",
            "Requests being answered now, the one for this page included.",
            registry=own,
            multiprocess_mode="livesum",
        )
        self._duration = Histogram(
            "api_request_duration_seconds",
            "Time from the request's head to its answer, without the sending.",
            labels,
            buckets=DURATION_SECONDS,
            registry=own,
        )
        self._store_seconds = Counter("api_store_seconds", "Time that requests waited for the store.", registry=own)
        # Looking a child up by its labels costs more than counting: do it once for each.
        self._children: dict[tuple[str, str, str], tuple[Counter, Histogram | None]] = {}

    def begin(self) -> None:
        """A request has come."""
        self._in_flight.inc()

    def end(self, route: str, method: str, status: str, seconds: float) -> None:
        """A request has been answered."""
        self._in_flight.dec()
        children = self._children.get((route, method, status)) or self._make_children(route, method, status)
        children[0].inc()
        if children[1]:
            children[1].observe(seconds)

    def wait_for_store(self, seconds: float) -> None:
        """A request has waited so long for the store."""
        self._store_seconds.inc(seconds)

    def _make_children(self, route: str, method: str, status: str) -> tuple[Counter, Histogram | None]:
        shown = method if method in METHODS else "other"
        timed = None if route in NOT_TIMED else self._duration.labels(route, shown)
        children = self._requests.labels(route, shown, status), timed
        if shown == method:  # what a client may choose freely must not fill the memory
            self._children[route, method, status] = children
        return children

    def page(self) -> bytes:
        """All metrics of the replica in the Prometheus text format."""
        read_now = generate_latest(self._registry)
        return self._counted.text().encode() + read_now if self._counted else read_now


class ReplicaCollector(Collector):
    """Figures that are read when they are asked for. What the system or the store does not say is left out."""

    def __init__(self, arbiter_pid: int, durability: Callable[[], Durability | None], store: str) -> None:
        self._arbiter_pid = arbiter_pid
        self._durability = durability
        # Whoever measures on the same machine must know what is this replica's use, and what is somebody else's.
        self._info = {"boot_id": _boot_id(), "store": store}
        self._read_container = container_reader()

    def describe(self) -> Iterator[Metric]:
        """Nothing: the registry need not read /proc to know that the names are free."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """The figures of all processes together, then those of the container."""
        use = read_replica_use(self._arbiter_pid)
        together = "of all gunicorn processes of the replica together"
        # With it, a page that is read late still says what was used in which time.
        yield _gauge("api_time_seconds", "The replica's clock when it made this page.", time.time())
        if (durability := self._durability()) is not None:
            yield _store_info(durability)
        yield _info("api_info", "The machine that it runs on, until its next start, and its kind of store.", self._info)
        # A worker is one event loop on one thread: near one second a second it can do no more.
        text = "CPU time of each living gunicorn worker."
        yield _by_pid("api_worker_cpu_seconds", text, use.worker_cpu_seconds)
        text = "Time for which each living gunicorn worker was ready to run and had no CPU."
        yield _by_pid("api_worker_cpu_wait_seconds", text, use.worker_wait_seconds)
        yield _counter("process_cpu_seconds", f"CPU time {together}, dead workers included.", use.cpu_seconds)
        yield _gauge("process_resident_memory_bytes", f"Resident memory {together}.", use.resident_bytes)
        yield _gauge("process_open_fds", f"Open files {together}.", use.open_files)
        yield _gauge("process_start_time_seconds", "When the replica was started.", use.start_seconds)
        container = self._read_container()
        for make, name, text, value in (
            (_gauge, "container_cpu_limit_cores", "CPUs that the container may use.", container.cpu_limit),
            (_counter, "container_cpu_cfs_periods", "CPU periods that have passed.", container.periods),
            (
                _counter,
                "container_cpu_cfs_throttled_periods",
                "CPU periods in which the container was held back.",
                container.throttled_periods,
            ),
            (
                _counter,
                "container_cpu_cfs_throttled_seconds",
                "Time for which the container was held back.",
                container.throttled_seconds,
            ),
            (_gauge, "container_memory_usage_bytes", "Memory in use, caches included.", container.memory_bytes),
            (
                _gauge,
                "container_spec_memory_limit_bytes",
                "Memory that the container may use.",
                container.memory_limit_bytes,
            ),
        ):
            if value is not None:
                yield make(name, text, value)


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)


def _counter(name: str, text: str, value: float) -> Metric:
    return CounterMetricFamily(name, text, value=value)


def _store_info(durability: Durability) -> Metric:
    return _info("api_store_info", "What an acknowledged write survives.", durability._asdict())


def _info(name: str, text: str, labels: dict[str, str]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=list(labels))
    family.add_metric(list(labels.values()), 1)
    return family


def _by_pid(name: str, text: str, seconds_by_pid: dict[int, float]) -> Metric:
    family = CounterMetricFamily(name, text, labels=["pid"])
    for pid, seconds in seconds_by_pid.items():
        family.add_metric([str(pid)], seconds)
    return family


def _boot_id() -> str:
    """What all processes of a machine have in common, in containers or not; "" where it is not said (random(4))."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""
