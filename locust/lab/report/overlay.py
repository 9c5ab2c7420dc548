"""Compared runs in one chart: the curves of searches, or the courses of held loads, a colour for each group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from lab.report.charts import Chart, Figure, axis, escaped, layout, legend, limit_line, load_axis, text, time_axis
from lab.report.course import MOST_POINTS
from lab.report.curve import measure, spine
from lab.results.record import Record
from lab.results.samples import thin

_UPPER, _LOWER = (0.56, 1.0), (0.0, 0.46)
_COLORS = {"baseline": "var(--muted)", "candidate": "var(--p95)"}
_SYMBOLS = {"baseline": "circle-open", "candidate": "circle"}
GROUPS = tuple(_COLORS)

CurvePoint = tuple[float, float | None, float | None]
"""Load or seconds, requests a second, response time (ms)."""
Line = tuple[str, str, Sequence[CurvePoint]]
"""A run: its group, its name, its points."""


def overlay(groups: Mapping[str, Sequence[tuple[str, Record]]]) -> Chart | None:
    """The runs of both groups, each as (name, record), in one chart; None without any point."""
    runs = [(group, name, record) for group, own in groups.items() for name, record in own]
    first = runs[0][2] if runs else Record()
    searched = any(step.purpose for step in first.steps)
    points_of = _steps if searched else _seconds
    lines = [(group, name, points_of(record)) for group, name, record in runs]
    if not any(points for _, _, points in lines):
        return None
    across = first.load_unit if searched else "seconds since the start"
    below = measure(first) if searched else "p95"
    return Chart(
        id="overlay",
        title="Over each other",
        summary=f"{len(lines)} runs over each other: {across} against req/s and {below}.",
        figure={"data": _traces(lines), "layout": _layout(first, lines, across, below)},
        columns=("Group", "Run", across.capitalize(), "req/s", f"{below}, ms"),
        rows=lambda: _rows(lines),
        note="A line for each run: those of the baseline in grey." if searched else "",
    )


def _rows(lines: Sequence[Line]) -> list[tuple[str, ...]]:
    return [(group, name, *(text(figure) for figure in point)) for group, name, points in lines for point in points]


def _steps(record: Record) -> list[CurvePoint]:
    """A point for each load of a search, from its longest step."""
    return [(step.load, step.rps, step.limit_ms) for step in spine(record.steps)]


def _seconds(record: Record) -> list[CurvePoint]:
    samples, _ = thin(record.samples, MOST_POINTS)
    if not samples:
        return []
    began = datetime.fromisoformat(samples[0].time)
    return [
        ((datetime.fromisoformat(sample.time) - began).total_seconds(), sample.requests, sample.p95_ms)
        for sample in samples
    ]


def _traces(lines: Sequence[Line]) -> list[Figure]:
    traces: list[Figure] = []
    shown: set[str] = set()
    for group, name, points in lines:
        for axis_name, at, unit in (("y", 1, "req/s"), ("y2", 2, "ms")):
            traces.append(
                {
                    "type": "scatter",
                    "mode": "lines+markers" if len(points) < 60 else "lines",
                    "name": group,
                    "legendgroup": group,
                    "showlegend": group not in shown,
                    "x": [point[0] for point in points],
                    "y": [point[at] for point in points],
                    "yaxis": axis_name,
                    "line": {"color": _COLORS[group], "width": 1.5, "dash": "dot" if group == "baseline" else "solid"},
                    "marker": {"size": 6, "symbol": _SYMBOLS[group], "color": _COLORS[group]},
                    "hovertemplate": f"{escaped(name)}<br>%{{x:,.3~r}}: %{{y:,.3~r}} {unit}<extra></extra>",
                }
            )
            shown.add(group)
    return traces


def _layout(first: Record, lines: Sequence[Line], across: str, below: str) -> Figure:
    points = [point for _, _, points in lines for point in points]
    times = [time_ms for _, _, time_ms in points if time_ms is not None]
    limit = first.time_limit
    whole: dict[str, Any] = layout(height=520, top=40, revision="overlay")
    whole |= {
        "xaxis": axis(
            across,
            anchor="y2",
            range=[0, max(at for at, _, _ in points) * 1.04 or 1],
            tickformat="~s",
            fixedrange=True,
        ),
        "yaxis": load_axis("throughput, req/s", max((rps or 0 for _, rps, _ in points), default=0), _UPPER),
        "yaxis2": {**time_axis(times, limit.bound_ms if limit else None, _LOWER), "anchor": "x"},
        "hovermode": "closest",
        "dragmode": False,
        "legend": legend(1.01),
    }
    whole["yaxis2"]["title"]["text"] = whole["yaxis2"]["title"]["text"].replace("response time", escaped(below))
    if limit:
        label, line = limit_line(limit.text, limit.bound_ms, whole["yaxis2"], "y2")
        whole["annotations"].append(label)
        whole["shapes"].append(line)
    return whole
