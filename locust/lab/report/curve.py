"""The curve of a search: load against throughput and against response time, with limit, capacity and breach."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lab.plans.search import Purpose
from lab.report.charts import Chart, Figure, axis, escaped, flag, layout, legend, limit_line, load_axis, text, time_axis
from lab.results.record import Record, RecordedStep, number

_UPPER, _LOWER = (0.56, 1.0), (0.0, 0.46)
_MARKS: dict[str, Figure] = {
    "kept": {"symbol": "circle", "color": "var(--pass)"},
    "broken": {"symbol": "x", "color": "var(--fail)"},
    "not judged": {"symbol": "circle-open", "color": "var(--muted)", "line": {"width": 2}},
    Purpose.REPEAT: {"symbol": "diamond-open", "color": "var(--ink)", "line": {"width": 2}},
}


def curve(record: Record) -> Chart | None:
    """The chart of a search; None where no step has a purpose, because the run did not search."""
    steps = [step for step in record.steps if step.purpose]
    if not steps:
        return None
    most = max(step.load for step in steps)
    figure: Figure = {"data": _traces(record, steps), "layout": _layout(record, steps, most)}
    return Chart(
        id="curve",
        title="How much it takes",
        summary=_summary(record, steps),
        figure=figure,
        columns=("Step", "Purpose", record.load_unit.capitalize(), "req/s", f"{measure(record)}, ms", "Limits"),
        rows=lambda: [
            (str(step.number), step.purpose, text(step.load), text(step.rps), text(step.limit_ms), _kept(step))
            for step in sorted(steps, key=lambda step: (step.load, step.number))
        ],
        note=_note(record, steps),
    )


def measure(record: Record) -> str:
    """What the lower half shows: the measure of the first time limit, and its endpoint."""
    limit = record.time_limit
    if limit is None:
        return "p95"
    return f"{limit.endpoint}: {limit.measure}" if limit.endpoint else limit.measure


def spine(steps: Sequence[RecordedStep]) -> list[RecordedStep]:
    """The longest step at each load, in the order of loads, without the repeat of the first step."""
    best: dict[float, RecordedStep] = {}
    for step in steps:
        other = best.get(step.load)
        if step.purpose != Purpose.REPEAT and (other is None or (step.seconds or 0) >= (other.seconds or 0)):
            best[step.load] = step
    return [best[load] for load in sorted(best)]


def _traces(record: Record, steps: Sequence[RecordedStep]) -> list[Figure]:
    traces: list[Figure] = []
    longest = spine(steps)
    for axis_name, figure, color in (("y", "rps", "var(--rps)"), ("y2", "limit_ms", "var(--p95)")):
        line = {"color": color, "width": 2}
        traces.append(
            _trace(longest, figure, axis_name, mode="lines", line=line, hoverinfo="skip", showlegend=False, name=figure)
        )
        for name, marker in _MARKS.items():
            marked = [step for step in steps if _mark(step) == name]
            if marked:
                marks = _trace(marked, figure, axis_name, mode="markers", name=name, marker={"size": 9, **marker})
                hover = {"text": [_hover(step, record) for step in marked], "hovertemplate": "%{text}<extra></extra>"}
                traces.append({**marks, **hover, "showlegend": axis_name == "y", "cliponaxis": False})
    return traces


def _trace(steps: Sequence[RecordedStep], figure: str, axis_name: str, **more: Any) -> Figure:
    return {
        "type": "scatter",
        "x": [step.load for step in steps],
        "y": [getattr(step, figure) for step in steps],
        "yaxis": axis_name,
        **more,
    }


def _hover(step: RecordedStep, record: Record) -> str:
    return (
        f"step {step.number}, {step.purpose}<br>{text(step.load, record.load_unit)}: {text(step.rps, 'req/s')}<br>"
        f"{escaped(measure(record))} {text(step.limit_ms, 'ms')}<br>{_kept(step)}"
    )


def _kept(step: RecordedStep) -> str:
    if step.kept is None:
        return "not judged"
    return "kept" if step.kept else "broken"


def _mark(step: RecordedStep) -> str:
    return Purpose.REPEAT if step.purpose == Purpose.REPEAT else _kept(step)


def _layout(record: Record, steps: Sequence[RecordedStep], most: float) -> Figure:
    limit = record.time_limit
    bound = limit.bound_ms if limit else None
    times = [step.limit_ms for step in steps if step.limit_ms is not None]
    whole = layout(height=520, top=72, revision=record.started)
    whole |= {
        "xaxis": axis(record.load_unit, anchor="y2", range=[0, most * 1.06], tickformat="~s", fixedrange=True),
        "yaxis": load_axis("throughput, req/s", max((step.rps or 0 for step in steps), default=0), _UPPER),
        "yaxis2": {**time_axis(times, bound, _LOWER), "anchor": "x"},
        "hovermode": "closest",
        "dragmode": False,
        "legend": legend(1.095),
    }
    whole["yaxis2"]["title"]["text"] = whole["yaxis2"]["title"]["text"].replace(
        "response time", escaped(measure(record))
    )
    for row, (part, color) in enumerate((("capacity", "var(--pass)"), ("breach", "var(--fail)"))):
        if (load := number(record.found(part).get("users"))) is not None and most:
            label, line = flag(f"{part} {text(load)}", load, load / (most * 1.06), 1 - row, color)
            whole["annotations"].append(label)
            whole["shapes"].append(line)
    if limit:
        label, line = limit_line(limit.text, limit.bound_ms, whole["yaxis2"], "y2")
        whole["annotations"].append(label)
        whole["shapes"].append(line)
    return whole


def _summary(record: Record, steps: Sequence[RecordedStep]) -> str:
    loads = [step.load for step in steps]
    rates = [step.rps for step in steps if step.rps is not None]
    times = [step.limit_ms for step in steps if step.limit_ms is not None]
    parts = [
        f"{len(steps)} steps from {text(min(loads))} to {text(max(loads), record.load_unit)}",
        f"throughput up to {text(max(rates, default=None), 'req/s')}",
        f"{measure(record)} from {text(min(times, default=None))} to {text(max(times, default=None), 'ms')}",
    ]
    if record.time_limit:
        parts.append(f"limit {record.time_limit.text}")
    loads_found = [(part, number(record.found(part).get("users"))) for part in ("capacity", "breach")]
    parts += [f"{part} at {text(load, record.load_unit)}" for part, load in loads_found if load is not None]
    return "; ".join(parts) + "."


def _note(record: Record, steps: Sequence[RecordedStep]) -> str:
    if record.time_limit and all(step.limit_ms is None for step in steps):
        return f"{measure(record)} is not measured live; the report will show it."
    return "Each mark is a step; the line goes through the longest one at each load."
