"""A second of the service as columns of samples.csv and rows of replicas.csv."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from lab.counts import histogram
from lab.counts.timeline import Tally
from lab.figures import SERVICE_COLUMNS, rounded, utc
from lab.service.metrics import REPLICA
from lab.service.usage import Usage

REPLICA_COLUMNS = ("time", "replica", "answered", "failed", "p95_ms", *SERVICE_COLUMNS[1:], "open_files", "busy")


def sample_columns(usages: Sequence[Usage]) -> dict[str, Any]:
    """The replicas of a second together: sums, but the worst of what is a share of a limit."""
    replicas = [used for used in usages if used.kind == REPLICA]

    def total(figures: Iterable[float | None]) -> float | None:
        known = [figure for figure in figures if figure is not None]
        return round(sum(known), 4) if known else None

    def worst(figures: Iterable[float | None]) -> float | None:
        return rounded(max((figure for figure in figures if figure is not None), default=None))

    return {
        "replicas": len(replicas) or None,
        "served": total(used.per_second("served") for used in replicas),
        "in_flight": total(used.per_second("in_flight") for used in replicas),
        "cpu_cores": total(used.cpu_cores for used in replicas),
        "cpu_used": worst(used.cpu_used for used in replicas),
        "throttled": worst(used.throttled for used in replicas),
        "memory_bytes": total(used.memory_bytes for used in replicas),
        "memory_used": worst(used.memory_used for used in replicas),
    }


def replica_row(second: int, name: str, tally: Tally | None, used: Usage | None) -> dict[str, Any]:
    tally = tally or Tally()
    own = sample_columns([used]) if used and used.kind == REPLICA else {}
    own.pop("replicas", None)
    return {
        "time": utc(second),
        "replica": name,
        "answered": None if used and used.kind != REPLICA else tally.successes,
        "failed": None if used and used.kind != REPLICA else tally.failed,
        "p95_ms": histogram.percentile(tally.times, 95),
        **own,
        "open_files": used.peaks.get("open_files") if used else None,
        "busy": rounded(used.per_second("busy")) if used else None,
    }
