"""What a request costs the service: the CPU time of one, and the memory meanwhile."""

from __future__ import annotations

from collections.abc import Sequence

from lab.history.comparison import RunFigure, Subject
from lab.results.record import Fields, number

CPU = Subject("CPU of the service per request", "ms", less_is_better=True)
MEMORY = Subject("memory of the service", "MB", less_is_better=True)


def of(verdict: Fields) -> dict[Subject, RunFigure]:
    """The CPU time of a request and the memory of all replicas, as far as every replica reports its use."""
    rows = verdict.get("replicas") or ()
    return {**_cpu(rows), **_memory(rows)}


def _memory(rows: Sequence[Fields]) -> dict[Subject, RunFigure]:
    known = [number(row.get("memory_bytes")) for row in rows]
    whole = sum(figure or 0 for figure in known)
    return {} if not whole or None in known else {MEMORY: RunFigure(whole / 1e6)}


def _cpu(rows: Sequence[Fields]) -> dict[Subject, RunFigure]:
    known = [(number(row.get("cpu_cores")), number(row.get("rps"))) for row in rows]
    cores, rps = (sum(figure or 0 for figure in figures) for figures in zip(*known, strict=True)) if known else (0, 0)
    if not cores or not rps or any(None in figures for figures in known):
        return {}
    return {CPU: RunFigure(cores * 1000 / rps)}
