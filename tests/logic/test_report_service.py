"""Both ends of the wire in the report: the replicas on the time line, and in words."""

from __future__ import annotations

import json
from pathlib import Path

from lab import report
from lab.commands.judge import judge_again
from lab.report import service
from lab.report.replicas import MOST_REPLICAS, replicas
from lab.results import record
from lab.results.record import Record
from tests.support import sample_run

HOSTILE = "<img src=x onerror=alert(1)>"


def test_each_replica_has_its_line_in_each_panel(tmp_path: Path) -> None:
    run = record.from_folder(sample_run.steady(tmp_path))
    chart = replicas(run)
    assert chart
    names = [trace["name"] for trace in chart.figure["data"]]
    assert {name: names.count(name) for name in names} == {"a7d1": 3, "b204": 3, "proxy": 3}
    cpu = next(trace for trace in chart.figure["data"] if trace["name"] == "proxy")
    assert {round(figure, 6) for figure in cpu["y"]} == {7.0}
    assert len(chart.rows()) == 3 * len(run.samples)


def test_what_both_ends_found_is_told_in_words(tmp_path: Path) -> None:
    told = service.panel(record.from_folder(sample_run.steady(tmp_path)))
    words = {row[0][0]: row[1] for row in told["sentences"]}
    assert words["Double entry"][0].startswith("agrees: swarm ")
    assert words["Double entry"][1] == "prose good"
    assert words["Balanced"][0].startswith("yes, because shares are between ")
    assert words["Nearest to its limit"][0].startswith("api cpu, ")
    assert [row[0][0] for row in told["replicas"]] == ["a7d1", "b204"]


def test_a_difference_that_nothing_explains_is_bad(tmp_path: Path) -> None:
    folder = sample_run.steady(tmp_path)
    verdict = json.loads((folder / "verdict.json").read_text())
    reason = {"who": "replicas", "difference": 9, "explained": False, "because": "somebody else asked it too"}
    verdict["double_entry"] |= {"agree": False, "differences": [reason]}
    told = service.panel(Record(verdict=verdict))["sentences"]
    (row,) = (row for row in told if row[0][0] == "Double entry")
    assert row[1][0].endswith("; somebody else asked it too")
    assert row[1][1] == "prose bad"


def test_a_crowd_of_replicas_and_hostile_names_are_shown_in_bounds(tmp_path: Path) -> None:
    rows = [{"time": "2026-01-01T00:00:00Z", "replica": f"{HOSTILE}{at}", "answered": 1} for at in range(30)]
    chart = replicas(Record(replicas=rows))
    assert chart
    assert len(chart.figure["data"]) == 3 * MOST_REPLICAS
    assert "<" not in chart.figure["data"][0]["name"]
    assert chart.figure["layout"]["yaxis"]["title"]["text"] == "CPU, cores"


def test_a_run_without_the_services_side_has_a_report_without_it(tmp_path: Path) -> None:
    folder = sample_run.drifting(tmp_path)
    for name in ("replicas.csv", "service.json"):
        (folder / name).unlink()
    assert "The service's own replicas" not in report.render(folder)
    assert judge_again(folder, None).document["replicas"] is None
