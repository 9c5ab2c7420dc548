"""The pages of past runs: their reports, and comparisons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from flask import Response, request, send_file

from lab import report
from lab.history import changes, past_runs
from lab.history.comparison import Outcome
from lab.history.groups import Comparison, compare, table
from lab.history.past_runs import HistoryError, Past
from lab.report import courses
from lab.report.charts import Chart
from lab.report.overlay import GROUPS, overlay

MOST_RUNS = 40
"""The most runs of a group: each is read completely."""
MOST_OF_COURSES = 100
"""Of all runs, the newest, that are looked through for changes."""
SCRIPTS = ("charts.js", "report.js")


class PastPages:
    """The answers of the pages. A run is found only by its name in the list of all runs."""

    def __init__(self, results: Path) -> None:
        self._results = results
        self.verdicts = past_runs.Verdicts(results)

    def past_run(self, name: str) -> Response:
        path = self._results / name / report.FILE
        if name not in past_runs.names(self._results) or not path.is_file() or path.is_symlink():
            return Response("There is no report of such a run.", 404, mimetype="text/plain")
        return send_file(path.resolve(), max_age=0)

    def changes(self) -> Response:
        page = report.templates().get_template("changes.html")
        return Response(page.render(view_of_changes(self._results)))

    def compare(self) -> Response:
        known = set(past_runs.names(self._results))
        asked = {group: [name for name in request.args.getlist(group) if name in known][:MOST_RUNS] for group in GROUPS}
        page = report.templates().get_template("compare.html")
        return Response(page.render(view(self._results, asked), scripts=SCRIPTS))


def view_of_changes(results: Path) -> dict[str, Any]:
    """The values of the page of changes."""
    return {"courses": courses.rows(changes.courses(results, MOST_OF_COURSES)), "most": MOST_OF_COURSES}


def view(results: Path, asked: dict[str, list[str]]) -> dict[str, Any]:
    """The values of the page: the sentence, the changes, the differences, and the chart of all runs."""
    left_out: list[str] = []
    groups = {group: _read(results, names, left_out) for group, names in asked.items()}
    baseline, candidate = (groups[group] for group in GROUPS)
    compared = compare(baseline, candidate) if baseline and candidate else None
    chart = _overlay(groups)
    return {
        "headline": _headline(compared),
        "groups": {group: [run.name for run in runs] for group, runs in groups.items()},
        "left_out": left_out,
        "changes": [_cells(row) for row in table(compared)] if compared else [],
        "differences": compared.differences if compared else (),
        "chart": chart,
        "figures": {chart.id: chart.figure} if chart else {},
    }


def _overlay(groups: Mapping[str, Sequence[Past]]) -> Chart | None:
    return overlay({group: [(run.name, run.record) for run in runs] for group, runs in groups.items()})


def _read(results: Path, names: Sequence[str], left_out: list[str]) -> list[Past]:
    found = []
    for name in names:
        try:
            found.append(past_runs.read(results / name))
        except HistoryError as error:
            left_out.append(str(error))
    return found


def _headline(compared: Comparison | None) -> dict[str, str]:
    if compared is None:
        return {
            "word": "NOTHING TO COMPARE",
            "kind": "idle",
            "sentence": "Choose at least one run as the baseline and one as the candidate.",
        }
    kinds = {Outcome.NO_WORSE: "pass", Outcome.WORSE: "fail", Outcome.UNKNOWN: "invalid"}
    outcome = compared.conclusion.outcome
    return {"word": str(outcome), "kind": kinds[outcome], "sentence": compared.conclusion.sentence}


def _cells(row: Sequence[str]) -> list[tuple[str, str]]:
    return [(cell, "figure" if at else "") for at, cell in enumerate(row)]
