"""The service's own side of runs that never were: what two replicas and a proxy would have said of themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from lab.counts.timeline import Answers
from lab.service.both_ends import Observer, Service
from lab.service.metrics import PROXY, Scrape

MOST_RPS = 62.5  # of each replica
CPU_LIMIT = 0.5
MEMORY_LIMIT = 512 * 2**20
THINK_SECONDS = 2.8


def observed(samples: Sequence[Mapping[str, Any]], steps: int) -> tuple[Service | None, list[dict[str, Any]]]:
    """What an observer of these seconds concludes, and the rows of replicas.csv. Only the first replica ever fails."""
    if not samples:
        return None, []
    seconds = [int(datetime.fromisoformat(sample["time"]).timestamp()) for sample in samples]
    observer = Observer(seconds[0] - 0.5, THINK_SECONDS)
    served = {"a7d1": 0.0, "b204": 0.0}
    rows: list[dict[str, Any]] = []
    _read(observer, seconds[0], served)
    for second, sample in zip(seconds, samples, strict=True):
        failed = sample["failed"] or 0
        for name, count in zip(served, _shares((sample["requests"] or 0) - failed), strict=True):
            time_ms, failures = sample["p50_ms"] or 1.0, {"no": failed} if failed and name == "a7d1" else {}
            observer.hear(
                [Answers(second, "GET /tests", {time_ms: count} if count else {}, failures, 0.0, time_ms, name)]
            )
            served[name] += count + sum(failures.values())
        _read(observer, second + 1, served)
        rows += observer.settle(second, sample["step"])[1]
    return observer.conclude(steps, users=0), rows


def _shares(count: int) -> tuple[int, int]:
    return count // 2, count - count // 2


def _read(observer: Observer, second: int, served: Mapping[str, float]) -> None:
    for name, count in served.items():
        cpu = CPU_LIMIT * count / MOST_RPS
        counters = {"served": count, "cpu_seconds": cpu, "busy_seconds": count / 50, "store_seconds": count / 500}
        gauges = {
            "cpu_limit": CPU_LIMIT,
            "memory_limit_bytes": float(MEMORY_LIMIT),
            "resident_bytes": 130e6 + 50 * count,
            "in_flight": 1.0,
        }
        workers = {"7": cpu / 2, "8": cpu / 2}
        observer.read(name, "api", Scrape("replica", second, 1.0, counters, gauges, workers))
    counters = {"proxied": sum(served.values())}
    observer.read("proxy", "proxy", Scrape(PROXY, second, 1.0, counters, {"busy": 0.07}))
