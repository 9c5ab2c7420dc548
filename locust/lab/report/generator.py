"""The panel of the swarm: whether the run can be believed, with the reasons, and the figures of every worker."""

from __future__ import annotations

from typing import Any

from lab.report.charts import DASH, text
from lab.report.tables import Cell
from lab.results.record import Fields, Record, number

COLUMNS: tuple[Cell, ...] = (
    ("Worker", ""),
    *((name, "figure") for name in ("Users", "CPU", "Waited", "Throttled", "Late p95, ms", "Late p99, ms", "Stood, s")),
    *((name, "figure") for name in ("Garbage", "Let in", "Files", "Clock, ms", "Silent, s", "Away, ms")),
)


def panel(record: Record) -> dict[str, Any] | None:
    """The contents of the panel; None where nothing is known of the swarm."""
    swarm = record.generator
    if not swarm or swarm.get("believable") is None:
        return None
    believed = bool(swarm["believable"])
    return {
        "kind": "pass" if believed else "fail",
        "word": "Believed" if believed else "Not believed",
        "reasons": [str(reason) for reason in swarm.get("reasons") or ()] or [_in_time(swarm)],
        "losses": [str(loss) for loss in swarm.get("losses") or ()],
        "columns": COLUMNS,
        "rows": [_row(worker) for worker in swarm.get("figures") or ()],
    }


def _in_time(swarm: Fields) -> str:
    late = [late for worker in swarm.get("figures") or () if (late := number(worker.get("lag_p95_ms"))) is not None]
    cpu = [cpu for worker in swarm.get("figures") or () if (cpu := number(worker.get("cpu"))) is not None]
    return (
        f"No worker used more than {text(max(cpu, default=0) * 100)} % of its CPU, and none woke more than "
        f"{text(max(late, default=0), 'ms')} late at p95."
    )


def _row(worker: Fields) -> list[Cell]:
    of = "" if worker.get("cpus") == 1 else f" of {text(number(worker.get('cpus')))}"
    intended, started = number(worker.get("intended")), number(worker.get("started"))
    limit = number(worker.get("files_limit"))
    figures = (
        text(number(worker.get("users"))),
        _percent(worker.get("cpu")) + of,
        _percent(worker.get("waited")),
        _percent(worker.get("throttled")),
        text(number(worker.get("lag_p95_ms"))),
        text(number(worker.get("lag_p99_ms"))),
        text(number(worker.get("stood_still_seconds"))),
        _percent(worker.get("gc")),
        DASH if not intended or started is None else _percent(started / intended),
        text(number(worker.get("files"))) + ("" if limit is None else f" of {text(limit)}"),
        text(number(worker.get("offset_ms"))),
        text(number(worker.get("silent_seconds"))),
        text(number(worker.get("round_trip_ms"))),
    )
    return [(f"{worker.get('worker')} ({worker.get('host')})", ""), *((figure, "figure") for figure in figures)]


def _percent(share: Any) -> str:
    figure = number(share)
    return DASH if figure is None else f"{text(figure * 100)} %"
