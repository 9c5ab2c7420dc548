"""The report shows journeys, own figures, classes of users and data, where the run has any, and escapes their names."""

from __future__ import annotations

import json
from pathlib import Path

from lab.counts.endpoints import Endpoints
from lab.judging.shortage import DataRow
from lab.report import marks, render
from lab.results.record import Record
from tests.support.verdicts import answers, verdict_on


def record(tmp_path: Path) -> Record:
    beside = {"JOURNEY <b>check out</b>": answers(2000.0, 90, {"no": 10}), "MEASURE tokens/s": answers(41.5)}
    beside["CLASS Buyer"] = answers(10.0, 20)
    endpoints = Endpoints({"GET /cart": answers(10.0)}, beside)
    data = [DataRow(file="a.csv", rows=50, at_end="stop", given=50, held=False, short=1, unsure=0)]
    verdict = verdict_on(endpoints, data=data)
    (tmp_path / "verdict.json").write_text(json.dumps(verdict.document))
    return Record(verdict=verdict.document)


def test_each_has_a_table_of_its_own(tmp_path: Path) -> None:
    found = {panel["title"]: panel for panel in marks.panels(record(tmp_path))}
    assert list(found) == ["Journeys", "Own figures", "Classes of users", "Data that is given once"]
    rows = {title: [cell for cell, _ in panel["rows"][0]] for title, panel in found.items()}
    assert rows["Journeys"][:5] == ["<b>check out</b>", "100", "10", "10", "2,000"]
    assert rows["Own figures"][:4] == ["tokens/s", "100", "41.5", "41.5"]
    assert rows["Classes of users"][:4] == ["Buyer", "20", "0", "2"]
    assert rows["Data that is given once"] == ["a.csv", "50", "50", "1", "the run ends"]
    assert all(len(panel["columns"]) == len(panel["rows"][0]) for panel in found.values())


def test_the_report_has_them_with_their_names_escaped(tmp_path: Path) -> None:
    record(tmp_path)
    html = render(tmp_path)
    assert "&lt;b&gt;check out&lt;/b&gt;" in html
    assert "<b>check out</b>" not in html


def test_a_run_without_any_has_no_such_table() -> None:
    verdict = verdict_on({"GET /cart": answers(10.0)})
    assert marks.panels(Record(verdict=verdict.document)) == marks.panels(Record()) == []
