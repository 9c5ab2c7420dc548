"""WHAT TO SHOW: report.html, one file that shows a run and needs no network.

`lab report` writes it again into the folder of a finished run.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import logging
import zlib
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from lab.report import exchanges, faults, generator, headline, ledger, marks, service, soak, tables
from lab.report.charts import Chart, Figure
from lab.report.course import course
from lab.report.curve import curve
from lab.report.replicas import replicas
from lab.results import files
from lab.results import record as records
from lab.results.record import Record

log = logging.getLogger(__name__)

TEMPLATES = Path(__file__).with_name("templates")
FILE = "report.html"


def render(folder: Path) -> str:
    """The report of the run in the folder, as HTML. It names the parts that the folder lacks."""
    record = records.from_folder(folder)
    figures = charts(record)
    return (
        templates()
        .get_template("report.html")
        .render(
            view(record),
            title=f"{headline.headline(record)['word']} · {record.plan or 'run'} · {folder.name}",
            charts=figures,
            **assets({chart.id: chart.figure for chart in figures}),
        )
    )


def write(folder: Path) -> None:
    """Makes the report from the files that are in the folder. One that cannot be made changes no verdict.

    Raises OSError where the folder cannot be written.
    """
    try:
        html = render(folder)
    except OSError:
        raise
    except Exception:
        log.exception("%s cannot be made", FILE)
    else:
        files.write_text(folder / FILE, html)


def assets(figures: dict[str, Figure]) -> dict[str, Any]:
    """What a self-contained page needs to draw these figures, with a policy that allows no other scripts."""
    scripts = [_text("charts.js"), _text("report.js")]
    plotly, packed = _plotly()
    return {
        "figures": figures,
        "style": style(),
        "plotly": packed if figures else "",
        "scripts": [Markup(script) for script in scripts],  # noqa: S704 - files of ours
        "policy": _policy([plotly, *scripts]),
    }


@cache
def _plotly() -> tuple[str, str]:
    """Plotly's JavaScript, and the same packed, as a page holds it: it is most of a report."""
    script = plotly_js().read_bytes()
    return script.decode(), base64.b64encode(zlib.compress(script)).decode()


def style() -> Markup:
    """The style of all pages, for one that holds it itself."""
    return Markup(_text("style.css"))  # noqa: S704 - a file of ours


def view(record: Record | None) -> dict[str, Any]:
    """The values that the templates lay out."""
    shown = record or Record()
    return {
        "record": shown,
        "headline": headline.headline(record),
        "facts": headline.facts(shown),
        "tiles": [*headline.tiles(shown), *filter(None, [ledger.tile(shown)])],
        "step_columns": tables.step_columns(shown),
        "steps": tables.steps(shown),
        "where": tables.where(shown),
        "limits": tables.limits(shown),
        "endpoint_columns": tables.endpoint_columns(shown),
        "endpoints": tables.endpoints(shown),
        "marks": marks.panels(shown),
        "generator": generator.panel(shown),
        "service": service.panel(shown),
        "soak": soak.panel(shown),
        "faults": faults.panel(shown),
        "failures": tables.failures(shown),
        "exchanges": exchanges.panel(shown),
        "ledger": ledger.panel(shown),
        "environment": tables.environment(shown),
        "knobs": (shown.environment.get("knobs") or {}).items(),
    }


def charts(record: Record) -> list[Chart]:
    """The charts that the run has data for."""
    return [chart for chart in (curve(record), course(record), replicas(record)) if chart]


def chart_document(chart: Chart, with_rows: bool) -> dict[str, Any]:
    """A chart as JSON holds it."""
    document = {name: getattr(chart, name) for name in ("id", "title", "summary", "figure", "columns", "note")}
    return {**document, "rows": chart.rows() if with_rows else []}


def plotly_js() -> Path:
    """Plotly's JavaScript, found without importing Plotly, which is slow."""
    package = importlib.util.find_spec("plotly")
    assert package
    assert package.origin
    return Path(package.origin).parent / "package_data" / "plotly.min.js"


@cache
def templates() -> Environment:
    """The templates. Texts of a run, such as failure messages, may be hostile: everything is escaped."""
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _text(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def _policy(scripts: list[str]) -> str:
    """The content security policy: nothing is loaded, and only these scripts run."""
    digests = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    return f"default-src 'none'; img-src data: blob:; style-src 'unsafe-inline'; script-src {allowed}"
