"""The course of a run, second by second: load, throughput and failures, response times, with the steps marked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from lab.report.charts import MUTED, Chart, Figure, axis, escaped, layout, legend, load_axis, text, time_axis
from lab.report.faults import marks
from lab.results.record import Record, RecordedStep, Sample, number
from lab.results.samples import thin

MOST_POINTS = 600
"""The most points of a chart: as many as a screen can show."""
_LOAD, _RATES, _TIMES = (0.79, 1.0), (0.42, 0.70), (0.0, 0.33)
_LEGEND_ROW = 0.035
_NUMBERS_APART = 0.05
"""The least distance between two step numbers, as a share of the time: nearer ones are left out."""
_FAULTS_APART = 0.15
"""The same for the names of faults."""


def course(record: Record) -> Chart | None:
    """The chart of all seconds; None before the first."""
    if not record.samples:
        return None
    samples, seconds = thin(record.samples, MOST_POINTS)
    return Chart(
        id="course",
        title="How it went",
        summary=_summary(record),
        figure={"data": _traces(record, samples), "layout": _layout(record, samples)},
        columns=(
            "Time, UTC",
            record.load_unit.capitalize(),
            "Step",
            "Requests/s",
            "Failed/s",
            "p50, ms",
            "p95, ms",
            "p99, ms",
        ),
        rows=lambda: [
            (
                sample.time.partition("T")[2].removesuffix("Z") or sample.time,
                text(sample.load),
                "" if sample.step is None else str(sample.step),
                *(text(getattr(sample, name)) for name in ("requests", "failed", "p50_ms", "p95_ms", "p99_ms")),
            )
            for sample in samples
        ],
        note=f"Each point stands for {seconds} s: mean rates, worst percentiles." if seconds > 1 else "",
    )


def _traces(record: Record, samples: Sequence[Sample]) -> list[Figure]:
    load = _trace(samples, "load", record.load_unit, 1, {"color": "var(--ink)", "shape": "hv"})
    traces = [
        {**load, "showlegend": False},
        _trace(samples, "requests", "requests/s", 2, {"color": "var(--rps)", "width": 2}),
        _trace(samples, "failed", "failures/s", 2, {"color": "var(--fail)", "width": 2, "dash": "dot"}),
        _trace(samples, "p50_ms", "p50", 3, {"color": "var(--p50)", "dash": "dot"}),
        _trace(samples, "p95_ms", "p95", 3, {"color": "var(--p95)", "width": 2}),
        _trace(samples, "p99_ms", "p99", 3, {"color": "var(--p99)", "dash": "dash"}),
    ]
    return [*traces, _limit(record, samples)] if record.time_limit else traces


def _limit(record: Record, samples: Sequence[Sample]) -> Figure:
    """The limit as a line of its own, named in the legend: a label on the panel would hide data."""
    limit = record.time_limit
    assert limit
    return {
        "type": "scatter",
        "mode": "lines",
        "name": escaped(f"limit {limit.text}"),
        "x": [moment(samples[0].time), moment(samples[-1].time)],
        "y": [limit.bound_ms] * 2,
        "yaxis": "y3",
        "legend": "legend4",
        "hoverinfo": "skip",
        "line": {"color": "var(--fail)", "width": 1.5, "dash": "longdash"},
    }


def _trace(samples: Sequence[Sample], figure: str, name: str, panel: int, line: Figure) -> Figure:
    unit = " ms" if figure.endswith("_ms") else ""
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": [moment(sample.time) for sample in samples],
        "y": [getattr(sample, figure) for sample in samples],
        "yaxis": f"y{panel}" if panel > 1 else "y",
        "legend": f"legend{panel}" if panel > 1 else "legend",
        "line": {"width": 1.5, **line},
        "hovertemplate": f"{name} %{{y:,.3~r}}{unit}<extra></extra>",
    }


def _layout(record: Record, samples: Sequence[Sample]) -> Figure:
    limit = record.time_limit
    bound = limit.bound_ms if limit else None
    whole = layout(height=620, top=30, revision=record.started)
    known = [time for sample in samples for time in (sample.p50_ms, sample.p95_ms, sample.p99_ms) if time is not None]
    whole |= {
        "xaxis": axis(
            "time, UTC",
            anchor="y3",
            type="date",
            hoverformat="%H:%M:%S UTC",
            tickformat="%H:%M:%S",
            nticks=6,
            tickangle=0,
            spikecolor=MUTED,
            spikethickness=1,
            spikedash="dot",
        ),
        "yaxis": load_axis(record.load_unit, _most(samples, "load"), _LOAD),
        "yaxis2": load_axis("per second", max(_most(samples, "requests"), _most(samples, "failed")), _RATES),
        "yaxis3": {**time_axis(known, bound, _TIMES), "anchor": "x"},
        "hovermode": "x unified",
        "hoversubplots": "axis",
        "dragmode": "zoom",
        "legend": legend(1.0),
        "legend2": legend(_RATES[1]),
        "legend3": legend(_TIMES[1] + _LEGEND_ROW),
        "legend4": legend(_TIMES[1]),
    }
    _mark_steps(whole, record.steps, samples)
    _mark_faults(whole, record, samples)
    return whole


def _mark_faults(whole: Figure, record: Record, samples: Sequence[Sample]) -> None:
    """Shades the seconds from each fault until the limits held again, and names it inside where there is room."""
    first, last = _when(samples[0].time), _when(samples[-1].time)
    free_from = -1.0
    for verb, begin, end in marks(record):
        began = _when(begin)
        if first is None or last is None or began is None or not first <= began <= last:
            continue
        at = {"xref": "x", "yref": "paper"}
        whole["shapes"].append(
            {
                **at,
                "type": "rect",
                "x0": moment(begin),
                "x1": moment(end),
                "y0": 0,
                "y1": 1,
                "layer": "below",
                "fillcolor": "var(--band-broken)",
                "line": {"color": "var(--fail)", "width": 1, "dash": "dot"},
            }
        )
        share = (began - first).total_seconds() / max((last - first).total_seconds(), 1)
        if share >= free_from:
            free_from = share + _FAULTS_APART
            foot = {"y": _LOAD[0], "xanchor": "left", "yanchor": "bottom"}  # the line of users is at the top
            words = {"text": verb, "x": moment(begin), **foot, "showarrow": False}
            whole["annotations"].append({**at, **words, "font": {"size": 11, "color": "var(--fail)"}})


def _mark_steps(whole: Figure, steps: Sequence[RecordedStep], samples: Sequence[Sample]) -> None:
    """Shades the seconds that each step measured, and puts its number above where there is room."""
    first, last = _when(samples[0].time), _when(samples[-1].time)
    if first is None or last is None:
        return
    length = max((last - first).total_seconds(), 1)
    free_from = -1.0
    for step in steps:
        began = _when(step.started or "")
        if began is None or not step.seconds:
            continue
        ended = began + timedelta(seconds=step.seconds)
        # the live page may show less than the whole step
        begin, end = max(began, first), min(ended, last + timedelta(seconds=1))
        if end <= begin:
            continue
        whole["shapes"].append(
            {
                "type": "rect",
                "xref": "x",
                "x0": moment(begin.isoformat()),
                "x1": moment(end.isoformat()),
                "yref": "paper",
                "y0": 0,
                "y1": 1,
                "layer": "below",
                "fillcolor": "var(--band-broken)" if step.kept is False else "var(--band)",
                "line": {"width": 0},
            }
        )
        middle = begin + (end - begin) / 2
        at = (middle - first).total_seconds() / length
        if at >= free_from:
            free_from = at + _NUMBERS_APART
            whole["annotations"].append(
                {
                    "text": str(step.number),
                    "xref": "x",
                    "x": moment(middle.isoformat()),
                    "yref": "paper",
                    "y": 1,
                    "yanchor": "bottom",
                    "showarrow": False,
                    "font": {"size": 11, "color": "var(--muted)"},
                }
            )


def _when(time: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(time)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def moment(time: str) -> str | None:
    """The time for Plotly's date axis: without a zone, so that it is shown in UTC and not in the reader's zone."""
    moment = _when(time)
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def _most(samples: Sequence[Sample], figure: str) -> float:
    return max((number(getattr(sample, figure)) or 0 for sample in samples), default=0)


def _summary(record: Record) -> str:
    samples = record.samples
    requests = [sample.requests for sample in samples if sample.requests is not None]
    failed = sum(sample.failed or 0 for sample in samples)
    times = [sample.p95_ms for sample in samples if sample.p95_ms is not None]
    return (
        f"{len(samples)} seconds with up to {text(_most(samples, 'load'), record.load_unit)}; "
        f"up to {text(max(requests, default=None))} requests a second, {text(failed)} failures; "
        f"p95 of a second up to {text(max(times, default=None), 'ms')}."
    )
