"""Tables of what is beside the endpoints: journeys, figures of the scenario's own, classes of users, rows of data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from lab.report.charts import text
from lab.report.tables import Cell
from lab.results.record import Fields, Record, number

_TIMES = {"avg_ms": "avg, ms", "p50_ms": "p50, ms", "p95_ms": "p95, ms", "p99_ms": "p99, ms", "max_ms": "max, ms"}


class _Table(NamedTuple):
    part: str  # of verdict.json
    title: str
    head: str
    counts: Mapping[str, str]
    figures: Mapping[str, str]


_TABLES = (
    _Table(
        "journeys", "Journeys", "Journey", {"count": "Made", "failed": "Failed"}, {"per_second": "a second", **_TIMES}
    ),
    _Table(
        "measures",
        "Own figures",
        "Figure",
        {"count": "Taken"},
        {name: name for name in ("avg", "p5", "p50", "p95", "p99", "max")},
    ),
    _Table(
        "classes",
        "Classes of users",
        "Class",
        {"requests": "Requests", "failed": "Failed"},
        {"rps": "req/s", **_TIMES},
    ),
)
_DATA = {"rows": "Rows", "given": "Given", "short": "Asked for in vain"}


def panels(record: Record) -> list[dict[str, Any]]:
    """The tables that the run has something for: title, column heads and rows."""
    verdict = record.verdict or {}
    found = [_panel(table, rows) for table in _TABLES if (rows := verdict.get(table.part))]
    return [*found, *([_data(data)] if (data := verdict.get("data")) else [])]


def _panel(table: _Table, rows: Mapping[str, Fields]) -> dict[str, Any]:
    columns: list[Cell] = [
        (table.head, ""),
        *((word, "figure") for word in (*table.counts.values(), *table.figures.values())),
    ]
    return {"title": table.title, "columns": columns, "rows": [_row(table, name, row) for name, row in rows.items()]}


def _row(table: _Table, name: str, row: Fields) -> list[Cell]:
    counts = [(f"{int(number(row.get(column)) or 0):,}", "figure") for column in table.counts]
    return [(name, "code"), *counts, *((text(number(row.get(column))), "figure") for column in table.figures)]


def _data(rows: Any) -> dict[str, Any]:
    columns: list[Cell] = [("File", ""), *((word, "figure") for word in _DATA.values()), ("When all were given", "")]
    ends = {"fail": "INVALID", "stop": "the run ends", "wrap": "they begin again"}
    return {
        "title": "Data that is given once",
        "columns": columns,
        "rows": [
            [
                (str(row.get("file")), "code"),
                *((f"{int(number(row.get(column)) or 0):,}", "figure") for column in _DATA),
                (ends.get(str(row.get("at_end")), ""), ""),
            ]
            for row in rows
        ],
    }
