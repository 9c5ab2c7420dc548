"""The report: its figures, its words, and what it makes of hostile text and of half a folder."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lab import report
from lab.report import generator, headline, ledger
from lab.report.charts import text, time_axis
from lab.report.course import MOST_POINTS, course
from lab.report.curve import curve
from lab.results import record
from lab.results.record import Record, RecordedStep, Sample
from lab.results.samples import thin
from tests.support import sample_run

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>{{7*7}}'\"&"


def body_of(html: str) -> str:
    """The report without its scripts and styles, which are ours and Plotly's."""
    return re.sub(r"<(script|style)[ >].*?</\1>", "", html, flags=re.DOTALL)


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


@pytest.mark.parametrize("name", sample_run.RUNS)
def test_every_report_has_its_sentence_its_sections_and_no_address_to_load(name: str, tmp_path: Path) -> None:
    folder = sample_run.RUNS[name](tmp_path)
    html = report.render(folder)
    sentence = json.loads((folder / "verdict.json").read_text())["sentence"]
    for section in ("Steps", "Limits", "Endpoints", "Failures", "Knobs", "Environment"):
        assert re.search(f"<h2>{section}", html), section
    assert sentence.partition(": ")[2].replace("<", "&lt;").replace(">", "&gt;").replace("'", "&#39;") in html
    loads = r"""<(?:link|img|iframe|script|object|embed)[^>]*(?:src|href|data)=|@import|url\("""
    assert not re.search(loads, body_of(html))
    assert "default-src &#39;none&#39;" in html


def test_hostile_text_is_shown_and_never_run(tmp_path: Path) -> None:
    folder = sample_run.steady(tmp_path)
    verdict = json.loads((folder / "verdict.json").read_text())
    verdict |= {"sentence": f"FAIL: {HOSTILE}", "plan": HOSTILE, "target": HOSTILE, "failures": {HOSTILE: 1}}
    verdict["endpoints"] = {HOSTILE: verdict["measured"]}
    verdict["limits"][0]["text"] = HOSTILE
    (folder / "verdict.json").write_text(json.dumps(verdict))
    environment = json.loads((folder / "environment.json").read_text())
    environment["knobs"] = {HOSTILE: HOSTILE}
    (folder / "environment.json").write_text(json.dumps(environment))
    html = report.render(folder)
    assert "<img src=x" not in html
    assert "alert(1)</script>" not in html
    assert body_of(html).count("&lt;img src=x") >= 7
    tame = report.render(sample_run.steady(tmp_path))
    assert html.count("<script") == html.count("</script>") == tame.count("<script")


@pytest.mark.parametrize(
    "part", ["verdict.json", "steps.csv", "steps.json", "samples.csv", "environment.json", "everything"]
)
@pytest.mark.parametrize("damage", ["missing", "empty", "cut", "other"])
def test_a_report_comes_out_of_half_a_folder(part: str, damage: str, tmp_path: Path) -> None:
    folder = sample_run.capacity(tmp_path)
    for path in list(folder.iterdir()) if part == "everything" else [folder / part]:
        match damage:
            case "missing":
                path.unlink()
            case "empty":
                path.write_text("")
            case "cut":
                path.write_text(path.read_text()[: len(path.read_text()) // 2])
            case _:
                path.write_text('{"steps": [1, null, {"users": "x"}]}')
    html = report.render(folder)
    assert "<h2>Steps</h2>" in html
    if part in ("verdict.json", "everything"):
        assert "The run has no verdict" in html


def test_progress_is_told_in_one_sentence() -> None:
    progress = {"step": 5, "purpose": "narrow", "users": 57, "rps": 55.123, "figures": {"p95": 120.0}}
    progress |= {"next": "confirm it.", "seconds_left_at_most": 140}
    told = headline.headline(record.from_snapshot({"plan": "capacity", "progress": progress}))
    assert told["word"] == "RUNNING"
    assert told["sentence"] == (
        "Step 5 (narrow): 57 users, 55.1 req/s, p95 120 ms. Next: confirm it. At most 2 min 20 s left."
    )


def test_arrivals_are_not_called_users() -> None:
    chart = curve(Record(arrivals="open", steps=[a_step(1, 10)]))
    assert chart
    assert chart.figure["layout"]["xaxis"]["title"]["text"] == "arrivals/s"
    assert "Users" not in chart.columns


def test_a_report_needs_neither_locust_nor_an_import_of_plotly(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from lab import pages, report; "
        f"report.render(Path({str(sample_run.empty(tmp_path))!r})); "
        "print([name for name in ('locust', 'gevent', 'plotly', 'numpy', 'pandas') if name in sys.modules])"
    )
    locust = Path(__file__).parents[2] / "locust"
    said = subprocess.run([sys.executable, "-c", code], cwd=locust, capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


def test_the_writes_are_told_in_one_sentence_and_those_amiss_by_their_ids(tmp_path: Path) -> None:
    fine, amiss = sample_run.capacity(tmp_path / "fine"), sample_run.steady(tmp_path / "amiss")
    assert "4,120 acknowledged writes, each found once." in body_of(report.render(fine))
    html = body_of(report.render(amiss))
    assert "4,120 acknowledged writes, 812 lost and 3 doubled." in html
    for example in json.loads((amiss / "verdict.json").read_text())["ledger"]["examples"]:
        assert example["id"] in html
    assert "Worker 2 was lost before it handed in its last writes" in html
    assert "<h2>Writes" not in report.render(sample_run.drifting(tmp_path / "none"))


def test_writes_that_were_not_audited_are_not_said_to_be_found() -> None:
    counts = {"acknowledged": 20, "not_audited": "the service does not answer", "found": None, "lost": None}
    shown = ledger.panel(Record(verdict={"ledger": counts}))
    assert shown
    assert shown["summary"] == "20 acknowledged writes, not audited: the service does not answer."
    assert [row[1][0] for row in shown["rows"][:3]] == ["20", text(None), text(None)]
    assert ledger.panel(Record(verdict={"ledger": ["nonsense"]})) is None


@pytest.mark.parametrize(
    ("name", "kind", "says"), [("steady", "pass", "Believed"), ("starved", "fail", "Not believed")]
)
def test_whether_the_swarm_is_believed_is_told_with_every_worker(
    name: str, kind: str, says: str, tmp_path: Path
) -> None:
    folder = sample_run.RUNS[name](tmp_path)
    panel = generator.panel(record.from_folder(folder))
    assert panel
    assert (panel["kind"], panel["word"]) == (kind, says)
    assert [row[0][0] for row in panel["rows"]] == ["1 (a81b)", "2 (c02d)"]
    assert {len(row) for row in panel["rows"]} == {len(panel["columns"])}
    html = body_of(report.render(folder))
    assert f"<span>{says}</span>" in html
    assert all(reason.replace("'", "&#39;") in html for reason in panel["reasons"])


def test_of_a_swarm_that_was_not_judged_nothing_is_said(tmp_path: Path) -> None:
    assert generator.panel(record.from_folder(sample_run.empty(tmp_path))) is None
    assert generator.panel(Record()) is None
