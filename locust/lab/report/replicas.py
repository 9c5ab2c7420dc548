"""The answers, CPU and memory of each replica over time."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

from lab.report.charts import DASH, Chart, Figure, axis, escaped, layout, legend, text
from lab.report.course import MOST_POINTS, moment
from lab.results.record import Fields, Record, number

MOST_REPLICAS = 8
"""The most replicas with a line of their own: more could not be distinguished."""
_COLORS = ("var(--p95)", "var(--p50)", "var(--p99)", "var(--ink)")
_DASHES = ("solid", "dash")
_DOMAINS = ((0.72, 1.0), (0.36, 0.62), (0.0, 0.26))


def replicas(record: Record) -> Chart | None:
    """The chart of CPU, memory and answers of each replica; None where no replica is known."""
    lines = _lines(record.replicas)
    if not lines:
        return None
    traces: list[Figure] = []
    for at, (name, rows) in enumerate(lines.items()):
        line = {"color": _COLORS[at % len(_COLORS)], "dash": _DASHES[at // len(_COLORS) % 2], "width": 1.5}
        traces += [_trace(name, rows, number_, panel, line) for number_, panel in enumerate(_panels(record), 1)]
    return Chart(
        id="replicas",
        title="The service's own side",
        summary=_summary(record),
        figure={"data": traces, "layout": _layout(record)},
        columns=("Time, UTC", "Replica", "Answers/s", "Failed/s", "p95, ms", "CPU", "Memory", "In flight"),
        rows=lambda: [_chart_row(row) for rows in lines.values() for row in rows],
        note="CPU, memory and requests as each replica reports them, read once a second.",
    )


def _lines(rows: Sequence[Fields]) -> dict[str, list[Fields]]:
    """The rows of each replica, thinned to as many as a screen can show."""
    by_name = sorted(rows, key=lambda row: str(row.get("replica") or ""))
    lines = {name: list(own) for name, own in groupby(by_name, key=lambda row: str(row.get("replica") or ""))}
    chosen = sorted(lines, key=lambda name: -len(lines[name]))[:MOST_REPLICAS]
    return {name: lines[name][:: -(-len(lines[name]) // MOST_POINTS) or 1] for name in sorted(chosen) if name}


def _knows(record: Record, column: str) -> bool:
    return any(number(row.get(column)) is not None for row in record.replicas)


class _Panel(NamedTuple):
    """A figure of the replicas, and the factor to its unit."""

    column: str
    factor: float
    unit: str
    title: str


def _panels(record: Record) -> tuple[_Panel, ...]:
    cpu, memory = (
        _Panel("cpu_used", 100, " %", "CPU, % of limit"),
        _Panel("memory_used", 100, " %", "memory, % of limit"),
    )
    if not _knows(record, "cpu_used"):
        cpu = _Panel("cpu_cores", 1, " cores", "CPU, cores")
    if not _knows(record, "memory_used"):
        memory = _Panel("memory_bytes", 2**-20, " MiB", "memory, MiB")
    return cpu, memory, _Panel("answered", 1, "/s", "answers/s")


def _trace(name: str, rows: Sequence[Fields], number_: int, panel: _Panel, line: Figure) -> Figure:
    figures = [number(row.get(panel.column)) for row in rows]
    if number_ == 1:  # a proxy reports how busy it is
        figures = [
            number(row.get("busy")) if known is None else known for known, row in zip(figures, rows, strict=True)
        ]
    return {
        "type": "scatter",
        "mode": "lines",
        "name": escaped(name),
        "legendgroup": name,
        "showlegend": number_ == 1,
        "x": [moment(str(row.get("time") or "")) for row in rows],
        "y": [None if figure is None else figure * panel.factor for figure in figures],
        "yaxis": f"y{number_}" if number_ > 1 else "y",
        "line": line,
        "hovertemplate": f"{escaped(name)} %{{y:,.3~r}}{panel.unit}<extra></extra>",
    }


def _layout(record: Record) -> Figure:
    whole = layout(height=520, top=44, revision=record.started)
    for number_, (panel, domain) in enumerate(zip(_panels(record), _DOMAINS, strict=True), 1):
        name = f"yaxis{number_}" if number_ > 1 else "yaxis"
        whole[name] = axis(panel.title, domain=domain, rangemode="tozero", nticks=5, fixedrange=True)
    whole["yaxis3"]["anchor"] = "x"
    times = {"anchor": "y3", "type": "date", "tickformat": "%H:%M:%S", "hoverformat": "%H:%M:%S UTC", "nticks": 6}
    return {
        **whole,
        "xaxis": axis("time, UTC", tickangle=0, **times),
        "hovermode": "x unified",
        "hoversubplots": "axis",
        "legend": legend(1.02),
    }


def _summary(record: Record) -> str:
    names = {str(row.get("replica")) for row in record.replicas}
    most = {
        column: max(
            (figure for row in record.replicas if (figure := number(row.get(column))) is not None), default=None
        )
        for column in ("cpu_used", "memory_used")
    }
    cpu, memory = (DASH if figure is None else text(figure * 100, "%") for figure in most.values())
    return f"{len(names)} that report or answer; CPU up to {cpu} of its limit, memory up to {memory} of its limit."


def _chart_row(row: Fields) -> tuple[str, ...]:
    clock = str(row.get("time") or "").partition("T")[2].removesuffix("Z")
    figures = (text(number(row.get(name))) for name in ("answered", "failed", "p95_ms"))
    return (
        clock,
        str(row.get("replica") or ""),
        *figures,
        cpu_text(row),
        memory_text(row),
        text(number(row.get("in_flight"))),
    )


def cpu_text(row: Fields) -> str:
    used, cores = number(row.get("cpu_used")), number(row.get("cpu_cores"))
    return text(used * 100, "%") if used is not None else text(cores, "cores")


def memory_text(row: Fields) -> str:
    used, size = number(row.get("memory_used")), number(row.get("memory_bytes"))
    if size is None:
        return DASH
    return text(size / 2**20, "MiB") + (f" ({text(used * 100)} %)" if used is not None else "")
