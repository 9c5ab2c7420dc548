"""Pages on which somebody else says what Pods use: the kubelet's cAdvisor, or a Prometheus that has read it. Pure.

A page has many Pods. Its figures are some ten seconds apart, and carry the time at which they were taken.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from prometheus_client.parser import text_string_to_metric_families

from lab.counts.names import MOST_REPLICAS, replica_name
from lab.service.metrics import MOST, MOST_LINE_LETTERS, MOST_SAMPLES, REPLICA, Scrape

COUNTERS = {
    "container_cpu_usage_seconds_total": "cpu_seconds",
    "container_cpu_cfs_periods_total": "periods",
    "container_cpu_cfs_throttled_periods_total": "throttled_periods",
}
GAUGES = {
    "container_memory_working_set_bytes": "memory_bytes",
    "container_spec_memory_limit_bytes": "memory_limit_bytes",
    "container_spec_cpu_quota": "quota",
    "container_spec_cpu_period": "period",
    "container_start_time_seconds": "started",
}
_KNOWN = (*COUNTERS, *GAUGES)
GAP_SECONDS = 45.0
"""Readings that are further apart give no figures: cAdvisor looks every 10 to 15 s, Prometheus often every 15 or 30."""
PAUSE = "POD"
"""The container that holds a Pod's network, and does nothing."""


class Pod(NamedTuple):
    """A Pod, and the service that it is a replica of: its container's name, where it has one container."""

    name: str
    service: str


@dataclass
class _Seen:
    at: float = 0.0
    figures: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    containers: set[str] = field(default_factory=set)


def read(text: str, heard: float) -> dict[Pod, Scrape]:
    """The Pods of a page that was received at that time; none where it is no such page."""
    seen: dict[str, _Seen] = {}
    for name, labels, value, at in _samples(text):
        pod, container = replica_name(labels.get("pod", "")), labels.get("container", "")
        # what has no container is the sum of a Pod, or of more, and would count twice
        if not pod or container in ("", PAUSE) or (pod not in seen and len(seen) >= MOST_REPLICAS):
            continue
        found = seen.setdefault(pod, _Seen())
        found.containers.add(replica_name(container))
        found.at = max(found.at, min(at or heard, heard))
        key = COUNTERS.get(name) or GAUGES[name]
        found.figures[key] = max(found.figures[key], value) if key == "started" else found.figures[key] + value
    return {_pod(name, each): _scrape(each) for name, each in seen.items() if "cpu_seconds" in each.figures}


def _samples(text: str) -> Iterable[tuple[str, Mapping[str, str], float, float | None]]:
    lines = [line for line in text.split("\n") if line.startswith(_KNOWN) and len(line) <= MOST_LINE_LETTERS]
    try:
        families = list(text_string_to_metric_families("\n".join(islice(lines, MOST_SAMPLES)) + "\n"))
    except Exception:  # noqa: BLE001 - whatever the parser stumbles at, it is no such page
        return
    for family in families:
        for sample in family.samples:
            if sample.name in _KNOWN and 0 <= sample.value < MOST:
                yield sample.name, sample.labels, sample.value, _seconds(sample.timestamp)


def _seconds(timestamp: object) -> float | None:
    """The time of a sample, which Prometheus writes in ms."""
    return float(timestamp) if isinstance(timestamp, int | float) else None


def _pod(name: str, seen: _Seen) -> Pod:
    return Pod(name, next(iter(seen.containers)) if len(seen.containers) == 1 else "service")


def _scrape(seen: _Seen) -> Scrape:
    figures = dict(seen.figures)
    started = figures.pop("started", None)
    quota, period = figures.pop("quota", 0.0), figures.pop("period", 0.0)
    containers = len(seen.containers)
    gauges = {name: figures[name] for name in ("memory_bytes", "memory_limit_bytes") if figures.get(name)}
    if quota and period:
        # the periods of all containers are the same, and were added as well
        gauges["cpu_limit"] = quota / (period / containers)
    counters = {name: figures[name] for name in COUNTERS.values() if name in figures}
    return Scrape(REPLICA, seen.at, started, counters, gauges, gap_seconds=GAP_SECONDS)
