"""The parts of every chart: figures as plain data, for the live page and the report alike. Plotly draws them.

A figure is Plotly's: a dictionary with `data` and `layout`. Colours are variables of the style sheet, such as
`var(--p95)`, which the browser resolves, so that one figure serves light, dark and paper.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from typing import Any

from lab.figures import three_digits

Figure = dict[str, Any]

LOG_FROM = 4.0
"""The axis is logarithmic where response times and limit differ by at least this factor."""
DASH = "\u2013"
"""Stands for a missing figure."""
INK, MUTED, GRID, SURFACE = "var(--ink)", "var(--muted)", "var(--grid)", "var(--surface)"


@dataclass(frozen=True)
class Chart:
    """A figure, with a summary in words and its data as a table for readers who cannot see it.

    `rows` makes the rows of the table, which is slower than the figure: the live page calls it only for an open table.
    """

    id: str
    title: str
    summary: str
    figure: Figure
    columns: Sequence[str]
    rows: Callable[[], Sequence[Sequence[str]]]
    note: str = ""


def text(figure: float | None, unit: str = "") -> str:
    """A figure for people: three digits and its unit, a dash where there is none.

    >>> text(118.234, "req/s"), text(41234), text(0.0)
    ('118 req/s', '41,200', '0')
    """
    if figure is None:
        return DASH
    whole, point, rest = three_digits(figure).partition(".")
    return f"{int(whole):,}{point}{rest} {unit}".rstrip()


def layout(height: int, top: int, revision: str) -> Figure:
    """What all figures have in common. A zoom is kept while `revision` stays the same."""
    return {
        "height": height,
        "margin": {"l": 62, "r": 14, "t": top, "b": 46},
        "paper_bgcolor": SURFACE,
        "plot_bgcolor": SURFACE,
        "font": {
            "family": "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif",
            "size": 12,
            "color": INK,
        },
        "hoverlabel": {"bgcolor": SURFACE, "bordercolor": GRID, "font": {"color": INK, "size": 12}},
        "uirevision": revision,
        "shapes": [],
        "annotations": [],
    }


def axis(title: str, **more: Any) -> Figure:
    """An axis with its title, unit included."""
    return {
        "title": {"text": title, "standoff": 8, "font": {"size": 12, "color": MUTED}},
        "gridcolor": GRID,
        "linecolor": GRID,
        "zeroline": False,
        "tickfont": {"color": MUTED, "size": 11},
        **more,
    }


def load_axis(title: str, most: float, domain: tuple[float, float]) -> Figure:
    """A vertical axis from 0, with some room above the largest value."""
    return axis(title, domain=domain, range=[0, (most or 1) * 1.12], nticks=5, tickformat="~s", fixedrange=True)


def time_axis(times_ms: Sequence[float], bound_ms: float | None, domain: tuple[float, float]) -> Figure:
    """A vertical axis for response times: linear, unless the times or the limit would vanish on it."""
    most = max([*times_ms, bound_ms or 0], default=0) or 1
    least = min((time for time in times_ms if time > 0), default=1)
    if not bound_ms or bound_ms / LOG_FROM < max(times_ms, default=bound_ms) < LOG_FROM * bound_ms:
        return axis("response time, ms", domain=domain, range=[0, most * 1.12], nticks=5, fixedrange=True)
    low, high = log10(least / 1.3), log10(most * 1.3)
    shown = _log_ticks(low, high)
    return axis(
        "response time, ms, log scale",
        domain=domain,
        type="log",
        range=[low, high],
        tickvals=shown,
        ticktext=[text(tick) for tick in shown],
        fixedrange=True,
    )


def _log_ticks(low: float, high: float) -> list[float]:
    """The ticks of a logarithmic axis between these powers of ten; a long axis has one a decade, a short one two."""
    ticks = [
        round(mantissa * 10.0**power, 6)
        for power in range(floor(low), ceil(high) + 1)
        for mantissa in ((1,) if high - low > 3.2 else (1, 3))
    ]
    return [tick for tick in ticks if low <= log10(tick) <= high]


def legend(top: float) -> Figure:
    """A legend in one row, with its lower edge at that height of the figure."""
    return {
        "orientation": "h",
        "x": 0,
        "xanchor": "left",
        "y": top,
        "yanchor": "bottom",
        "font": {"size": 12, "color": INK},
        "bgcolor": "rgba(0,0,0,0)",
        "itemclick": False,
        "itemdoubleclick": False,
        "tracegroupgap": 0,
    }


def flag(words: str, at: float, share: float, row: int, color: str) -> tuple[Figure, Figure]:
    """A vertical line at a load and its label above the chart. `share` is its position on the axis, 0 to 1.

    Each label has a row of its own, so that labels of similar loads do not overlap.
    """
    label = {
        "text": f"<b>{words}</b>",
        "x": at,
        "xref": "x",
        "xanchor": "left" if share < 0.3 or (row == 0 and share < 0.7) else "right",
        "y": 1,
        "yref": "paper",
        "yanchor": "bottom",
        "yshift": 1 + 17 * row,
        "showarrow": False,
        "font": {"color": color, "size": 12},
    }
    line = {"color": color, "width": 1.5}
    return label, {"type": "line", "xref": "x", "x0": at, "x1": at, "yref": "paper", "y0": 0, "y1": 1, "line": line}


def limit_line(words: str, bound_ms: float, on: Figure, axis_name: str) -> tuple[Figure, Figure]:
    """The limit as a line across the panel with that axis, and its label above the left end."""
    label = {
        "text": f"limit {escaped(words)}",
        "xref": "paper",
        "x": 0.005,
        "xanchor": "left",
        "yref": axis_name,
        # on a logarithmic axis Plotly takes the logarithm for annotations, but the plain value for shapes
        "y": log10(bound_ms) if on.get("type") == "log" and bound_ms > 0 else bound_ms,
        "yanchor": "bottom",
        "yshift": 2,
        "showarrow": False,
        "borderpad": 1,
        "bgcolor": "var(--veil)",
        "font": {"color": "var(--fail)", "size": 12},
    }
    line = {"color": "var(--fail)", "width": 1.5, "dash": "dash"}
    shape = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "yref": axis_name, "y0": bound_ms, "y1": bound_ms}
    return label, {**shape, "line": line}


def escaped(words: str) -> str:
    """The words with HTML escaped, which Plotly would interpret."""
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
