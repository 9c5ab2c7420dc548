"""Reads a page of metrics: the Prometheus text of a replica or of HAProxy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import NamedTuple, TypedDict

from prometheus_client.parser import text_string_to_metric_families

from lab.generator import boot
from lab.printable import printable

REPLICA, PROXY, MACHINE = "replica", "proxy", "machine"
OWN_ROUTES = frozenset({"/metrics", "/health", "/ready", "/openapi.json"})
"""Routes that the lab and the container engine ask for: their requests are no load."""
STORES_WITHIN = ("sqlite", "memory")
"""Stores that are a part of the replica's own processes."""
RESET = "DELETE"
"""The method by which the lab resets the store; its users never use it."""

COUNTERS = {
    "process_cpu_seconds_total": "cpu_seconds",
    "container_cpu_cfs_periods_total": "periods",
    "container_cpu_cfs_throttled_periods_total": "throttled_periods",
    "api_store_seconds_total": "store_seconds",
    "haproxy_frontend_http_requests_total": "proxied",
    "haproxy_frontend_intercepted_requests_total": "proxied",
    "haproxy_backend_retry_warnings_total": "retries",
    "haproxy_backend_redispatch_warnings_total": "redispatches",
}
GAUGES = {
    "process_resident_memory_bytes": "resident_bytes",
    "process_open_fds": "open_files",
    "container_cpu_limit_cores": "cpu_limit",
    "container_memory_usage_bytes": "memory_bytes",
    "container_spec_memory_limit_bytes": "memory_limit_bytes",
    "process_start_time_seconds": "started",
    "haproxy_process_start_time_seconds": "started",
    "api_time_seconds": "at",
    "api_requests_in_flight": "in_flight",
    "haproxy_process_idle_time_percent": "idle_percent",
    "haproxy_process_current_connections": "connections",
    "haproxy_process_max_connections": "connections_limit",
    "haproxy_process_nbthread": "threads",
}
_OF_THE_LAB = (
    *("api_worker_cpu_seconds_total", "api_worker_cpu_wait_seconds_total", "api_info", "api_store_info"),
    *("api_requests_total", "api_request_duration_seconds_sum"),
)
_KNOWN = (*COUNTERS, *GAUGES, *_OF_THE_LAB)
MOST_SAMPLES = 10_000
"""Of those that the lab knows; all others on a page are not even read."""
MOST_LINE_LETTERS = 2000
MOST_LABEL_LETTERS = 64
MOST_WORKERS = 1000
MOST = 1e20
"""Beyond any figure: a memory limit that is none is 2**63 bytes."""


class NoMetrics(ValueError):  # noqa: N818 - its name says what is wrong
    """A text that is no page of metrics, or has no metric that the lab knows."""


class DurabilityRow(TypedDict):
    """What an acknowledged write survives, as verdict.json holds it."""

    store: str
    survives: str
    setting: str


class Durability(NamedTuple):
    """What an acknowledged write survives, as the service itself says: the labels of `api_store_info`."""

    store: str
    survives: str  # "power cut", "kill" or "nothing"
    setting: str  # what this follows from

    def row(self) -> DurabilityRow:
        """As verdict.json holds it."""
        return {"store": self.store, "survives": self.survives, "setting": self.setting}


@dataclass(frozen=True)
class Scrape:
    """What a replica or a proxy reported at a time (s since the epoch, by its own clock if it gives the time)."""

    kind: str
    at: float
    started: float | None
    counters: dict[str, float] = field(default_factory=dict)  # they only grow, until a restart
    gauges: dict[str, float] = field(default_factory=dict)
    workers: dict[str, float] = field(default_factory=dict)  # CPU seconds of each worker process
    waits: dict[str, float] = field(default_factory=dict)  # seconds that each was ready to run without a CPU
    machine: str = ""  # on which it is (lab/generator/boot.py), where that is known
    durability: Durability | None = None


def read(text: str, at: float) -> Scrape:
    """The figures of a page received at the time `at`. Raises NoMetrics where it has no metric that the lab knows."""
    counters: dict[str, float] = {}
    gauges: dict[str, float] = {}
    workers: dict[str, float] = {}
    waits: dict[str, float] = {}
    machine, durability = "", None
    for name, labels, value in _samples(text):
        if name in GAUGES:
            gauges[GAUGES[name]] = value
        elif name == "api_worker_cpu_seconds_total":
            _note(workers, labels, value)
        elif name == "api_worker_cpu_wait_seconds_total":
            _note(waits, labels, value)
        elif name == "api_info":
            machine = boot.short(labels.get("boot_id", ""))
            gauges["store_is_apart"] = float(labels.get("store") not in STORES_WITHIN)
        elif name == "api_store_info":
            durability = Durability(*(labels.get(label, "") for label in Durability._fields))
        else:
            # a proxy does not pass on what it answers itself, such as these metrics
            sign = -1 if name == "haproxy_frontend_intercepted_requests_total" else 1
            for counter in _counters(name, labels):
                counters[counter] = counters.get(counter, 0.0) + sign * value
    if not counters and not gauges:
        raise NoMetrics("none of its metrics is known")
    return replace(_scrape(at, counters, gauges), workers=workers, waits=waits, machine=machine, durability=durability)


def _note(workers: dict[str, float], labels: dict[str, str], value: float) -> None:
    pid = labels.get("pid", "")
    if pid in workers or len(workers) < MOST_WORKERS:
        workers[pid] = value


def _samples(text: str) -> Iterator[tuple[str, dict[str, str], float]]:
    """Name, labels and value of each sample that the lab knows, if it is a figure. Raises NoMetrics."""
    lines = (line for line in text.split("\n") if line.startswith(_KNOWN) and len(line) <= MOST_LINE_LETTERS)
    try:
        families = list(text_string_to_metric_families("\n".join(islice(lines, MOST_SAMPLES)) + "\n"))
    except Exception as error:
        raise NoMetrics(f"it cannot be read: {error!r}"[:MOST_LINE_LETTERS]) from error
    for sample in (sample for family in families for sample in family.samples):
        if abs(sample.value) < MOST:  # NaN is not, either
            labels = {name: printable(value, MOST_LABEL_LETTERS) for name, value in sample.labels.items()}
            yield sample.name, labels, sample.value


def _scrape(at: float, counters: dict[str, float], gauges: dict[str, float]) -> Scrape:
    at, started = gauges.pop("at", at), gauges.pop("started", None)
    if "in_flight" in gauges:
        gauges["in_flight"] = max(0.0, gauges["in_flight"] - 1)  # without the one for the page itself
    if "idle_percent" in gauges:
        gauges["busy"] = 1 - gauges.pop("idle_percent") / 100
    return Scrape(PROXY if "busy" in gauges else REPLICA, at, started, counters, gauges)


def _counters(name: str, labels: dict[str, str]) -> Iterable[str]:
    """The counters that a sample adds to."""
    if name == "api_requests_total" and _is_load(labels):
        return ("served", "errors") if labels.get("status", "").startswith("5") else ("served",)
    if name == "api_request_duration_seconds_sum" and _is_load(labels):
        return ("busy_seconds",)
    return (COUNTERS[name],) if name in COUNTERS else ()


def _is_load(labels: dict[str, str]) -> bool:
    return labels.get("route") not in OWN_ROUTES and labels.get("method") != RESET
