"""Reads a page of metrics: the Prometheus text of a replica or of HAProxy."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import NamedTuple, TypedDict

from prometheus_client.parser import text_string_to_metric_families

from lab.generator import boot
from lab.limits import Source
from lab.printable import printable

REPLICA, PROXY, MACHINE = "replica", "proxy", "machine"
SERIES = "series "
"""What the name of a figure begins with that is a series which a limit wants (lab/limits/source.py)."""
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


class Sample(NamedTuple):
    """A line of a page."""

    name: str
    labels: Mapping[str, str]
    value: float
    is_counter: bool  # whether it only grows


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
    gap_seconds: float = (
        6.0  # readings further apart give no figures between them: a replica may be overloaded, or dead
    )


def read(text: str, at: float, wanted: Collection[Source] = ()) -> Scrape:
    """The figures of a page received at the time `at`, and of the series that limits want.

    Raises NoMetrics where it has no metric that is known or wanted.
    """
    counters: dict[str, float] = {}
    gauges: dict[str, float] = {}
    workers: dict[str, float] = {}
    waits: dict[str, float] = {}
    machine, durability = "", None
    samples = _samples(text, [source.name for source in wanted])
    _take_wanted(samples, wanted, counters, gauges)
    for name, labels, value in ((each.name, _printable(each.labels), each.value) for each in samples):
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
            _take_counter(name, labels, value, counters)
    if not counters and not gauges:
        raise NoMetrics("none of its metrics is known")
    return replace(_scrape(at, counters, gauges), workers=workers, waits=waits, machine=machine, durability=durability)


def _take_counter(name: str, labels: Mapping[str, str], value: float, counters: dict[str, float]) -> None:
    # a proxy does not pass on what it answers itself, such as these metrics
    sign = -1 if name == "haproxy_frontend_intercepted_requests_total" else 1
    for counter in _counters(name, labels):
        _add(counters, counter, sign * value)


def _take_wanted(
    samples: Iterable[Sample], wanted: Collection[Source], counters: dict[str, float], gauges: dict[str, float]
) -> None:
    for source in wanted:
        for name, labels, value, is_counter in samples:
            if source.takes(name, labels):
                _add(counters if is_counter else gauges, f"{SERIES}{source.series}", value)


def _add(figures: dict[str, float], name: str, figure: float) -> None:
    figures[name] = figures.get(name, 0.0) + figure


def _note(workers: dict[str, float], labels: Mapping[str, str], value: float) -> None:
    pid = labels.get("pid", "")
    if pid in workers or len(workers) < MOST_WORKERS:
        workers[pid] = value


def _samples(text: str, names: Collection[str]) -> list[Sample]:
    """The samples that the lab knows, and those of these names, as far as they are figures. Raises NoMetrics."""
    lines = islice(_lines(text, (*_KNOWN, *names), names), MOST_SAMPLES)
    try:
        families = list(text_string_to_metric_families("\n".join(lines) + "\n"))
    except Exception as error:
        raise NoMetrics(f"it cannot be read: {error!r}"[:MOST_LINE_LETTERS]) from error
    return [
        Sample(sample.name, sample.labels, sample.value, _grows(family.type, sample.name))
        for family in families
        for sample in family.samples
        if abs(sample.value) < MOST  # NaN is not, either
    ]


def _lines(text: str, begin: tuple[str, ...], names: Collection[str]) -> Iterator[str]:
    """The lines that begin so, and those that say of which type a series of these names is."""
    for line in text.split("\n"):
        if len(line) > MOST_LINE_LETTERS:
            continue
        if line.startswith(begin) or (line.startswith("# TYPE ") and _is_of(line, names)):
            yield line


def _is_of(line: str, names: Collection[str]) -> bool:
    family = line.split()[2:3]
    return bool(family) and any(name.startswith(family[0]) for name in names)


def _printable(labels: Mapping[str, str]) -> Mapping[str, str]:
    return {name: printable(value, MOST_LABEL_LETTERS) for name, value in labels.items()}


def _grows(kind: str, name: str) -> bool:
    """Whether a sample of such a family is a counter; one without a type is by its name. A quantile is none."""
    is_named_so = kind in ("unknown", "untyped") and name.endswith("_total")
    return (
        kind == "counter"
        or is_named_so
        or (kind in ("histogram", "summary") and name.endswith(("_bucket", "_count", "_sum")))
    )


def _scrape(at: float, counters: dict[str, float], gauges: dict[str, float]) -> Scrape:
    at, started = gauges.pop("at", at), gauges.pop("started", None)
    if "in_flight" in gauges:
        gauges["in_flight"] = max(0.0, gauges["in_flight"] - 1)  # without the one for the page itself
    if "idle_percent" in gauges:
        gauges["busy"] = 1 - gauges.pop("idle_percent") / 100
    return Scrape(PROXY if "busy" in gauges else REPLICA, at, started, counters, gauges)


def _counters(name: str, labels: Mapping[str, str]) -> Iterable[str]:
    """The counters that a sample adds to."""
    if name == "api_requests_total" and _is_load(labels):
        return ("served", "errors") if labels.get("status", "").startswith("5") else ("served",)
    if name == "api_request_duration_seconds_sum" and _is_load(labels):
        return ("busy_seconds",)
    return (COUNTERS[name],) if name in COUNTERS else ()


def is_own_route(endpoint: str) -> bool:
    """Whether requests to the endpoint are no load, as far as replicas count: users may ask for them all the same.

    >>> is_own_route("GET /health"), is_own_route("GET /tests")
    (True, False)
    """
    return endpoint.partition(" ")[2] in OWN_ROUTES


def _is_load(labels: Mapping[str, str]) -> bool:
    return labels.get("route") not in OWN_ROUTES and labels.get("method") != RESET
