"""The pages that the lab adds to Locust's UI: /lab shows the run live; Locust's own page gets a tab.

The pages need only a conductor whose run gives a snapshot, so they are tested without a swarm.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from flask import Blueprint, Flask, Response, current_app, jsonify, request, send_file

from lab import report
from lab.figures import STEP_COLUMNS
from lab.pages.past import SCRIPTS, PastPages
from lab.printable import cell
from lab.report import exchanges, headline, run_list, tables
from lab.results import record as records
from lab.results.record import Record

TAB = "capacity"
_TABLE = {
    "name": "Step",
    "purpose": "Purpose",
    "users": "Users",
    "seconds": "Seconds",
    "requests": "# Requests",
    "failed": "# Fails",
    "rps": "req/s",
    "p50_ms": "p50 (ms)",
    "p95_ms": "p95 (ms)",
    "p99_ms": "p99 (ms)",
    "max_ms": "Max (ms)",
    "kept": "Limits kept",
}
_SCRIPTS = ("charts.js", "live.js")
_FILES = (*_SCRIPTS, *SCRIPTS, "style.css", "locust.js", "locust.css")
RUNS_SHOWN = 50


class ShownRun(Protocol):
    """What the pages need of a run."""

    @property
    def folder(self) -> Path: ...

    def snapshot(self) -> dict[str, Any]: ...


class RunHolder(Protocol):
    """What the pages need of the master's conductor: the present run, or the last one."""

    @property
    def run(self) -> ShownRun | None: ...


class WebUI(Protocol):
    """What the pages need of Locust's web UI."""

    @property
    def app(self) -> Flask | None: ...

    @property
    def template_args(self) -> dict[str, Any]: ...

    @property
    def tls_cert(self) -> str | None: ...


def add_pages(web_ui: WebUI, conductor: RunHolder, blueprint: Blueprint, results: Path) -> None:
    """Adds /lab with its parts and the past runs in results/, and a tab to Locust's own page."""
    app = web_ui.app
    assert app
    past_pages = PastPages(results)
    pages = _LivePages(conductor, past_pages)
    views: dict[str, Callable[..., Response]] = {
        "/lab": pages.live,
        "/lab/data": pages.data,
        "/lab/headline": pages.headline,
        "/lab/plotly.js": pages.plotly,
        "/lab/static/<name>": pages.static,
        "/lab/steps.csv": pages.steps_csv,
        "/lab/report": pages.report,
        "/lab/runs/<name>": past_pages.past_run,
        "/lab/compare": past_pages.compare,
        "/lab/changes": past_pages.changes,
    }
    for path, view in views.items():
        blueprint.add_url_rule(path, view.__name__, view)
    web_ui.template_args["extended_tabs"] = [{"title": "Capacity", "key": TAB}]
    web_ui.template_args["extended_tables"] = [
        {"key": TAB, "structure": [{"key": key, "title": title} for key, title in _TABLE.items()]}
    ]
    web_ui.template_args["extended_csv_files"] = [{"href": "./lab/steps.csv", "title": "Download steps CSV"}]

    @app.after_request
    def extend(response: Response) -> Response:
        if response.status_code == 200 and request.endpoint == "locust.request_stats" and response.is_json:
            rows = tables.step_table(pages.record() or Record())
            response.set_data(app.json.dumps({**response.get_json(), "extended_stats": [{"key": TAB, "data": rows}]}))
        return response


def data(
    record: Record | None, read: Sequence[str] = (), runs: Sequence[tuple[str, records.Fields]] = ()
) -> dict[str, Any]:
    """What the live page shows: its parts as HTML, and its charts as figures, with tables for those in `read`.

    `runs` are the names and the verdicts of past runs.
    """
    view = report.view(record)
    return {
        "run": record.started if record else None,
        "goes_on": record is not None and record.verdict is None,
        "title": f"{view['headline']['word']} · {record.plan}" if record else "Load lab",
        "parts": {**_parts(view, record), "run_list": _templates().run_list(run_list.rows(runs))},
        "charts": [report.chart_document(chart, chart.id in read) for chart in report.charts(record or Record())],
    }


def _templates() -> Any:
    return report.templates().get_template("parts.html").module


def _parts(view: Mapping[str, Any], record: Record | None) -> dict[str, str]:
    """The parts of a run as HTML; empty where there is nothing to show."""
    parts, has_verdict = _templates(), record is not None and record.verdict is not None
    return {
        "headline": parts.headline(view["headline"]),
        "facts": parts.facts(view["facts"]),
        "tiles": parts.tiles(view["tiles"]),
        "steps": parts.steps(view["step_columns"], view["steps"]) if record else "",
        "limits": parts.limits(view["limits"], view["where"]),
        "endpoints": parts.endpoints(view["endpoint_columns"], view["endpoints"], view["where"]),
        "marks": parts.marks(view["marks"], view["where"]),
        "generator": parts.generator(view["generator"]),
        "service": parts.service(view["service"]) if has_verdict else "",
        "soak": parts.soak(view["soak"]) if view["soak"] else "",
        "faults": parts.faults(view["faults"]) if view["faults"] else "",
        "exchanges": parts.exchanges(_exchanges(record), "the report has all of them") if record else "",
        "failures": parts.failures(view["failures"]) if has_verdict else "",
        "ledger": parts.ledger(view["ledger"]) if view["ledger"] else "",
    }


def _exchanges(record: Record) -> list[dict[str, Any]]:
    return exchanges.panel(record, exchanges.LIVE_EXCHANGES, exchanges.LIVE_LETTERS)


class _LivePages:
    """The answers of the pages."""

    def __init__(self, conductor: RunHolder, past: PastPages) -> None:
        self._conductor, self._past = conductor, past

    def record(self) -> Record | None:
        """The present run, or the last one; None before the first."""
        return records.from_snapshot(self._conductor.run.snapshot()) if self._conductor.run else None

    def live(self) -> Response:
        has_login = "lab.log_out" in current_app.view_functions
        return Response(report.templates().get_template("live.html").render(scripts=_SCRIPTS, has_login=has_login))

    def data(self) -> Response:
        runs = self._past.verdicts.newest(RUNS_SHOWN)
        return jsonify(data(self.record(), request.args.getlist("table"), runs))

    def headline(self) -> Response:
        return jsonify(headline.headline(self.record()))

    def plotly(self) -> Response:
        return send_file(report.plotly_js(), mimetype="text/javascript", max_age=24 * 3600)

    def static(self, name: str) -> Response:
        if name not in _FILES:
            return Response(status=404)
        return send_file(report.TEMPLATES / name, max_age=0)

    def steps_csv(self) -> Response:
        file = io.StringIO()
        writer = csv.DictWriter(file, STEP_COLUMNS, extrasaction="ignore")
        writer.writeheader()
        for row in self._conductor.run.snapshot()["steps"] if self._conductor.run else ():
            writer.writerow({name: cell(value) for name, value in row.items()})
        headers = {"Content-Disposition": "attachment; filename=steps.csv"}
        return Response(file.getvalue(), mimetype="text/csv", headers=headers)

    def report(self) -> Response:
        run = self._conductor.run
        path = run.folder / report.FILE if run else None
        if path is None or not path.is_file() or path.is_symlink():
            return Response("There is no report yet: it is written when the run ends.", 404, mimetype="text/plain")
        return send_file(path.resolve(), max_age=0)
