"""scaling.html: the answer, the chart and the table in one file, in the style of the lab's reports."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, FileSystemLoader

from lab import report
from lab.report.charts import DASH, Chart, Figure, axis, layout, legend, load_axis, text
from scaling.law import REACH, Fit
from scaling.study import SizedRun, Study

_CURVE_POINTS = 80


def page(study: Study) -> str:
    """The study as HTML that needs no network."""
    templates = report.templates()
    whole = templates.overlay(
        loader=ChoiceLoader([FileSystemLoader(Path(__file__).parent), FileSystemLoader(report.TEMPLATES)])
    )
    shown = chart(study)
    return whole.get_template("page.html").render(
        headline=_headline(study),
        chart=shown,
        columns=_COLUMNS,
        rows=[[(cell, "figure") for cell in _cells(row)] for row in study.rows()],
        left_out=study.document()["left_out"],
        check=study.check,
        **report.assets({shown.id: shown.figure}),
    )


_COLUMNS = [(name, "figure") for name in ("Size", "Measured, req/s", "By the law", "90 % interval", "Efficiency")]


def _headline(study: Study) -> dict[str, str]:
    found = study.fitted
    kind = "invalid"
    if isinstance(found, Fit):
        kind = "idle" if study.check is None else "pass" if study.check.verdict == "PASS" else "fail"
    word = "NO LAW" if not isinstance(found, Fit) else study.check.verdict if study.check else "SCALING"
    return {"word": word, "kind": kind, "sentence": " ".join(study.sentences())}


def _cells(row: dict[str, Any]) -> list[str]:
    law = row["law_rps"] is not None
    return [
        f"{row['size']:g}",
        ", ".join(text(rps) for rps in row["rps"]) or DASH,
        text(row["law_rps"]),
        f"{text(row['law_interval'][0])} to {text(row['law_interval'][1])}" if law else DASH,
        text(row["efficiency"] * 100, "%") if law else DASH,
    ]


def chart(study: Study) -> Chart:
    """Size against capacity: the runs, and the law with its interval where it was found."""
    found, runs = study.fitted, [run for run in study.runs if run.rps]
    traces: list[Figure] = []
    most_rps = max((run.rps or 0 for run in runs), default=1.0)
    most_size = max((run.size for run in study.runs), default=1.0)
    if isinstance(found, Fit):
        most_size = _end(study, found)
        traces, most_of_law = _law_traces(study, found, most_size)
        most_rps = max(most_rps, most_of_law)
    return Chart(
        id="law",
        title="Capacity by size",
        summary=" ".join(study.sentences()),
        figure={"data": [*traces, _run_marks(runs)], "layout": _layout(study, most_size, most_rps)},
        columns=(study.dimension.many.capitalize(), "req/s", "Run"),
        rows=lambda: [(f"{run.size:g}", text(run.rps), run.run) for run in study.runs],
        note=_note(study),
    )


def _law_traces(study: Study, found: Fit, most_size: float) -> tuple[list[Figure], float]:
    """The law, its interval and linear growth as lines, and the largest value of the interval."""
    sizes = [most_size * at / _CURVE_POINTS for at in range(1, _CURVE_POINTS + 1)]
    sizes = [size for size in sizes if size >= study.unit and isfinite(found.interval(size / study.unit)[1])]
    bounds = [found.interval(size / study.unit) for size in sizes]
    law = [found.law.capacity(size / study.unit) for size in sizes]
    linear = [found.law.alone * size / study.unit for size in sizes]
    plain: Figure = {"type": "scatter", "mode": "lines", "hoverinfo": "skip", "x": sizes}
    hidden = {**plain, "showlegend": False, "line": {"width": 0}}
    dotted = {"color": "var(--muted)", "width": 1, "dash": "dot"}
    traces: list[Figure] = [
        {**hidden, "y": [high for _, high in bounds]},
        {**hidden, "y": [low for low, _ in bounds], "fill": "tonexty", "fillcolor": "var(--band)"},
        {**plain, "y": law, "name": "the law", "line": {"color": "var(--rps)", "width": 2}},
        {**plain, "y": linear, "name": "linear", "line": dotted},
    ]
    return traces, max((high for _, high in bounds), default=0.0)


def _run_marks(runs: Sequence[SizedRun]) -> Figure:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": "runs",
        "x": [run.size for run in runs],
        "y": [run.rps for run in runs],
        "marker": {"size": 9, "color": "var(--pass)"},
        "hovertemplate": "%{x}: %{y:,.3~r} req/s<extra></extra>",
    }


def _layout(study: Study, most_size: float, most_rps: float) -> Figure:
    whole = layout(height=420, top=40, revision="scaling") | {
        "xaxis": axis(study.dimension.many, range=[0, most_size * 1.05], fixedrange=True),
        "yaxis": load_axis("capacity, req/s", most_rps, (0.0, 1.0)),
        "hovermode": "closest",
        "dragmode": False,
        "legend": legend(1.01),
    }
    if study.need is not None:
        line = {"color": "var(--fail)", "width": 1.5, "dash": "dash"}
        whole["shapes"].append(
            {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": study.need, "y1": study.need, "line": line}
        )
    return whole


def _note(study: Study) -> str:
    shade = "The shade is the law's 90 % interval." if isinstance(study.fitted, Fit) else ""
    line = "" if study.need is None else "The dashed line is the load that is needed."
    return f"{shade} {line}".strip()


def _end(study: Study, found: Fit) -> float:
    needed = study.size_needed()
    asked = needed[0] if isinstance(needed, tuple) else 0.0
    return min(REACH * found.largest * study.unit, max(1.3 * found.largest * study.unit, 1.1 * asked))
