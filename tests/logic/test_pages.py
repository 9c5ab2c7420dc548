"""The lab's pages and what they add to Locust's, without a browser."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from lab.report import FILE
from tests.support import sample_run
from tests.support.course_of_runs import results_of
from tests.support.ui import BuiltUI, StubRun, built

HOSTILE = "<img src=x onerror=alert(2)>"


@pytest.fixture
def page(tmp_path: Path) -> Iterator[BuiltUI]:
    with built(tmp_path) as ui:
        yield ui


@pytest.fixture
def client(page: BuiltUI) -> FlaskClient:
    return page.client()


def ended(folder: Path) -> StubRun:
    run = sample_run.capacity(folder)
    return StubRun(run, sample_run.snapshot(run, 99, 999))


def test_before_the_first_run_everything_answers(client: FlaskClient) -> None:
    data = client.get("/lab/data").get_json()
    assert "NO RUN YET" in data["parts"]["headline"]
    assert (data["run"], data["goes_on"], data["charts"]) == (None, False, [])
    assert client.get("/lab").status_code == 200
    assert client.get("/lab/report").status_code == 404
    assert client.get("/lab/steps.csv").data.count(b"\n") == 1
    assert client.get("/stats/requests").get_json()["extended_stats"] == [{"key": "capacity", "data": []}]


def test_a_run_that_goes_on_is_told_and_drawn(client: FlaskClient, page: BuiltUI, tmp_path: Path) -> None:
    run = sample_run.capacity(tmp_path)
    page.conductor.run = StubRun(run, sample_run.snapshot(run, 5, 60, {"step": 6, "purpose": "explore", "users": 320}))
    data = client.get("/lab/data").get_json()
    assert data["goes_on"] is True
    assert "Step 6 (explore): 320 users" in data["parts"]["headline"]
    assert [chart["id"] for chart in data["charts"]] == ["curve", "course", "replicas"]
    assert all(chart["rows"] == [] for chart in data["charts"])
    assert data["parts"]["steps"].count("<tr>") == 1 + 5
    assert "<span>Believed</span>" in data["parts"]["generator"]


def test_the_table_of_a_chart_comes_when_it_is_read(client: FlaskClient, page: BuiltUI, tmp_path: Path) -> None:
    page.conductor.run = ended(tmp_path)
    curve, course, _ = client.get("/lab/data?table=curve").get_json()["charts"]
    assert (len(curve["rows"]), len(course["rows"])) == (14, 0)


def test_the_report_of_the_run_is_served_once_it_is_there(client: FlaskClient, page: BuiltUI, tmp_path: Path) -> None:
    page.conductor.run = ended(tmp_path)
    assert client.get("/lab/report").status_code == 404
    (tmp_path / FILE).write_text("<p>report</p>")
    answer = client.get("/lab/report")
    assert (answer.status_code, answer.text) == (200, "<p>report</p>")
    answer.close()


def test_locusts_page_gets_a_link_a_tab_and_a_file(client: FlaskClient, page: BuiltUI, tmp_path: Path) -> None:
    page.conductor.run = ended(tmp_path)
    assert 'id="lab" class="idle" href="./lab"' in client.get("/").text
    assert client.get("/lab/headline").get_json()["word"] == "PASS"
    (tab,) = page.web_ui.template_args["extended_tabs"]
    (table,) = page.web_ui.template_args["extended_tables"]
    assert tab["key"] == table["key"] == "capacity"
    (stats,) = client.get("/stats/requests").get_json()["extended_stats"]
    assert len(stats["data"]) == 14
    assert set(stats["data"][0]) == {column["key"] for column in table["structure"]}
    (file,) = page.web_ui.template_args["extended_csv_files"]
    assert client.get(file["href"].removeprefix(".")).mimetype == "text/csv"


def test_the_kept_response_of_locust_shows_each_time_what_is_so(
    client: FlaskClient, page: BuiltUI, tmp_path: Path
) -> None:
    assert client.get("/stats/requests").get_json()["extended_stats"][0]["data"] == []
    page.conductor.run = ended(tmp_path)
    answer = client.get("/stats/requests").get_json()
    assert len(answer["extended_stats"][0]["data"]) == 14
    assert answer["state"] == "ready"


def test_the_steps_as_a_file_are_those_of_the_folder(client: FlaskClient, page: BuiltUI, tmp_path: Path) -> None:
    page.conductor.run = ended(tmp_path)
    with (tmp_path / "steps.csv").open(newline="") as file:
        assert list(csv.DictReader(client.get("/lab/steps.csv").text.splitlines())) == list(csv.DictReader(file))


def test_only_the_pages_own_files_are_served(client: FlaskClient) -> None:
    for name, status in {"live.js": 200, "style.css": 200, "report.html": 404, "../pages.py": 404}.items():
        answer = client.get(f"/lab/static/{name}")
        assert answer.status_code == status, name
        answer.close()
    plotly = client.get("/lab/plotly.js")
    assert plotly.mimetype == "text/javascript"
    assert "max-age=86400" in plotly.headers["Cache-Control"]
    plotly.close()


def test_hostile_text_is_escaped_in_what_the_page_shows(client: FlaskClient, page: BuiltUI, tmp_path: Path) -> None:
    page.conductor.run = run = ended(tmp_path)
    run.said |= {"plan": HOSTILE, "target": HOSTILE}
    run.said["verdict"] |= {"failures": {HOSTILE: 2}, "sentence": f"PASS: {HOSTILE}"}
    parts = client.get("/lab/data").get_json()["parts"]
    assert not any("<img" in part for part in parts.values())
    assert "&lt;img" in parts["failures"]
    policy = client.get("/lab").headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy


@pytest.fixture
def results(tmp_path: Path) -> Path:
    for name in ("2026-11-20T08-00-00Z-capacity", "2026-11-21T08-00-00Z-capacity"):
        run = sample_run.capacity(tmp_path / "results" / name)
        (run / FILE).write_text(f"<p>{name}</p>")
    return tmp_path / "results"


def test_past_runs_are_listed_newest_first(client: FlaskClient, results: Path) -> None:
    listed = client.get("/lab/data").get_json()["parts"]["run_list"]
    newer, older = (listed.index(f'href="lab/runs/2026-11-{day}T') for day in (21, 20))
    assert newer < older
    assert " users = 11" in listed


def test_only_a_run_by_its_name_is_served(client: FlaskClient, results: Path) -> None:
    (results / "secret").mkdir()
    (results / "secret" / FILE).write_text("secret")
    answer = client.get("/lab/runs/2026-11-20T08-00-00Z-capacity")
    assert answer.text == "<p>2026-11-20T08-00-00Z-capacity</p>"
    answer.close()
    for name in ("secret", "latest", "..", "..%2F..", "2026-11-22T08-00-00Z-capacity"):
        assert client.get(f"/lab/runs/{name}").status_code == 404, name


def test_runs_are_compared_by_their_names(client: FlaskClient, results: Path) -> None:
    one, other = "2026-11-20T08-00-00Z-capacity", "2026-11-21T08-00-00Z-capacity"
    page = client.get(f"/lab/compare?baseline={one}&candidate={other}&candidate=../secret")
    assert "too few repeats to tell a change from noise" in page.text
    assert "script-src 'self';" in page.headers["Content-Security-Policy"]
    assert "NOTHING TO COMPARE" in client.get(f"/lab/compare?baseline={one}").text


def test_changes_over_past_runs_are_a_page(client: FlaskClient, results: Path) -> None:
    assert "Too few: a change shows from 6 runs on." in client.get("/lab/changes").text
    results_of(results, [0.66, 0.67, 0.655, 0.66, 1.0, 0.99, 1.01])
    page = client.get("/lab/changes")
    assert '<a href="runs/2026-11-05T08-00-00Z-capacity">2026-11-05T08-00-00Z-capacity</a></td></tr>' in page.text
    assert "script-src 'self';" in page.headers["Content-Security-Policy"]
    assert 'href="lab/changes"' in client.get("/lab/data").get_json()["parts"]["run_list"]


def test_a_hostile_run_of_the_past_is_escaped(client: FlaskClient, results: Path) -> None:
    path = results / "2026-11-20T08-00-00Z-capacity" / "verdict.json"
    verdict = json.loads(path.read_text()) | {"sentence": HOSTILE, "plan": HOSTILE, "target": HOSTILE}
    path.write_text(json.dumps(verdict))
    assert "<img" not in client.get("/lab/data").get_json()["parts"]["run_list"]
    one, other = "2026-11-20T08-00-00Z-capacity", "2026-11-21T08-00-00Z-capacity"
    assert "<img" not in client.get(f"/lab/compare?baseline={one}&candidate={other}").text
    assert "<img" not in client.get("/lab/changes").text


def test_a_soak_that_has_ended_shows_its_failures(client: FlaskClient, page: BuiltUI, tmp_path: Path) -> None:
    run = sample_run.soak(tmp_path / "soak")
    page.conductor.run = StubRun(run, sample_run.snapshot(run, 1, 60))
    parts = client.get("/lab/data").get_json()["parts"]
    assert "MTBF, from one failure to the next" in parts["soak"]
