"""The report's charts: the curve over the load, and the course over time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lab import report
from lab.report import headline
from lab.report.charts import text, time_axis
from lab.report.course import MOST_POINTS, course
from lab.report.curve import curve
from lab.results import record
from lab.results.record import Record, RecordedStep, Sample
from lab.results.samples import thin
from tests.support import sample_run


def traces(figure: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return [trace for trace in figure["data"] if trace["name"] == name]


def a_step(number: int, load: float, **more: Any) -> RecordedStep:
    known: dict[str, Any] = {
        "purpose": "explore",
        "started": None,
        "seconds": 5,
        "requests": 9,
        "failed": 0,
        "rps": 1.0,
    }
    times = dict.fromkeys(("avg_ms", "p50_ms", "p95_ms", "p99_ms", "max_ms"), 10.0)
    return RecordedStep(number=number, load=load, **{**known, **times, "kept": True, "limit_ms": 10.0, **more})


def test_the_curve_has_every_step_and_marks_limit_capacity_and_breach(tmp_path: Path) -> None:
    chart = curve(record.from_folder(sample_run.capacity(tmp_path)))
    assert chart
    assert sum(len(trace["x"]) for trace in chart.figure["data"] if trace["mode"] == "markers") == 2 * 14
    assert len(chart.rows()) == 14
    labels = [label["text"] for label in chart.figure["layout"]["annotations"]]
    assert labels == ["<b>capacity 349</b>", "<b>breach 365</b>", "limit p95&lt;=450ms"]
    assert "capacity at 349 users; breach at 365 users" in chart.summary


def test_the_line_goes_through_the_longest_step_at_each_load_and_not_through_the_repeat() -> None:
    steps = [a_step(1, 10), a_step(2, 20, rps=2.0), a_step(3, 20, seconds=9, rps=3.0), a_step(4, 10, purpose="repeat")]
    chart = curve(Record(steps=steps))
    assert chart
    (line,) = traces(chart.figure, "rps")
    assert (line["x"], line["y"]) == ([10, 20], [1.0, 3.0])
    assert [trace["x"] for trace in traces(chart.figure, "repeat")] == [[10], [10]]


def test_a_run_without_a_search_has_no_curve(tmp_path: Path) -> None:
    steady = record.from_folder(sample_run.steady(tmp_path))
    assert curve(steady) is None
    assert [chart.id for chart in report.charts(steady)] == ["course", "replicas"]


def test_the_curve_shows_the_percentile_and_the_endpoint_of_the_first_time_limit(tmp_path: Path) -> None:
    folder = sample_run.capacity(tmp_path)
    verdict = json.loads((folder / "verdict.json").read_text())
    limit = {"text": "POST /tests:p90<=1s", "endpoint": "POST /tests", "unit": "ms", "bound": 1000.0}
    verdict["limits"] = [{**limit, "measured": 1.0, "kept": True}]
    (folder / "verdict.json").write_text(json.dumps(verdict))
    chart = curve(record.from_folder(folder))
    assert chart
    assert chart.columns[4] == "POST /tests: p90, ms"
    (line,) = traces(chart.figure, "limit_ms")
    p95 = record.from_folder(folder).steps[0].p95_ms
    assert all(isinstance(figure, float) for figure in line["y"])
    assert p95
    assert line["y"][0] != p95


def test_live_a_figure_that_steps_do_not_have_is_left_out_and_said_to_be() -> None:
    limit = {"text": "p99.9<=1s", "endpoint": None, "measure": "p99.9", "unit": "ms", "bound": 1000.0}
    step = {"step": 1, "purpose": "explore", "users": 10, "p95_ms": 12.0, "kept": None}
    chart = curve(record.from_snapshot({"limits": [limit], "steps": [step]}))
    assert chart
    assert chart.rows()[0][4] == text(None)
    assert "p99.9 is not measured live; the report will show it" in chart.note


def test_a_search_that_is_invalid_shows_no_capacity(tmp_path: Path) -> None:
    drifting = record.from_folder(sample_run.drifting(tmp_path))
    chart = curve(drifting)
    assert chart
    assert not any("capacity" in label["text"] for label in chart.figure["layout"]["annotations"])
    assert "Capacity" not in {tile["name"] for tile in headline.tiles(drifting)}
    assert "times as slow" in next(tile["value"] for tile in headline.tiles(drifting) if "repeated" in tile["name"])


@pytest.mark.parametrize(
    ("times_ms", "bound_ms", "kind"),
    [
        ([400.0, 500.0], 450.0, None),
        ([12.0, 9000.0], 450.0, "log"),  # the limit would lie on the floor
        ([10.0, 12.0], 450.0, "log"),  # the times would
        ([10.0, 9000.0], None, None),
        ([], 450.0, None),
    ],
)
def test_the_axis_of_times_is_logarithmic_where_something_would_be_lost(
    times_ms: list[float], bound_ms: float | None, kind: str | None
) -> None:
    axis = time_axis(times_ms, bound_ms, (0, 1))
    assert axis.get("type") == kind
    assert ("log scale" in axis["title"]["text"]) == (kind == "log")


def test_the_course_has_every_second_the_steps_and_one_time_axis(tmp_path: Path) -> None:
    run = record.from_folder(sample_run.capacity(tmp_path))
    chart = course(run)
    assert chart
    (requests,) = traces(chart.figure, "requests/s")
    assert len(requests["x"]) == len(run.samples)
    bands = [shape for shape in chart.figure["layout"]["shapes"] if shape["type"] == "rect"]
    assert len(bands) == 14
    assert sum(band["fillcolor"] == "var(--band-broken)" for band in bands) == 5
    assert [name for name in chart.figure["layout"] if name.startswith("xaxis")] == ["xaxis"]
    assert "Z" not in requests["x"][0], "a zone would let the browser show its own time"


def test_a_long_run_is_thinned_to_the_worst_percentiles_and_the_mean_rates() -> None:
    samples = [Sample(f"2026-01-01T00:00:{at:02}Z", 5.0, 1, float(at), 0.0, 1.0, float(at), None) for at in range(10)]
    thinned, seconds = thin(samples, 4)
    assert seconds == 3
    assert [sample.p95_ms for sample in thinned] == [2.0, 5.0, 8.0, 9.0]
    assert [sample.requests for sample in thinned] == [1.0, 4.0, 7.0, 9.0]
    assert [sample.p99_ms for sample in thinned] == [None] * 4
    chart = course(Record(samples=samples * 1000))
    assert chart
    assert len(chart.rows()) <= MOST_POINTS
    assert "worst percentiles" in chart.note


def test_arrivals_are_not_called_users() -> None:
    chart = curve(Record(arrivals="open", steps=[a_step(1, 10)]))
    assert chart
    assert chart.figure["layout"]["xaxis"]["title"]["text"] == "arrivals/s"
    assert "Users" not in chart.columns
