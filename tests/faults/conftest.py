"""Prints each row of the ring as it comes, and all of them as a table in the end.

FAULTS_TABLE names a page whose last heading the table then stands under: FAULTS_TABLE=docs/faults.md make test-faults
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

COLUMNS = ("fault", "wanted", "seen", "exact", "recovered", "green")
HEADING = "## The rows\n\n"
Row = dict[str, str]


class Table:
    """The rows that have run."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._rows: list[Row] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Notes a row that is over, and prints it with what does not hold."""
        properties = {name: str(value) for name, value in report.user_properties}
        if report.when != "call" or "fault" not in properties:
            return
        row = {**dict.fromkeys(COLUMNS, ""), **properties, "green": "yes" if self._is_green(report) else "no"}
        self._rows.append(row)
        said = [line[1:].strip() for line in report.longreprtext.splitlines() if line.startswith("E ")]
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        if reporter:
            reporter.ensure_newline()
            reporter.write_line("\n    ".join([_line(row), *said]), flush=True)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """The table, on the terminal and in the file."""
        if not self._rows:
            return
        rows = sorted(self._rows, key=lambda row: row["fault"])
        terminalreporter.section("faults")
        for row in rows:
            terminalreporter.write_line(_line(row))
        terminalreporter.write_line(f"{sum(row['green'] == 'yes' for row in rows)} of {len(rows)} rows are green")
        if path := os.environ.get("FAULTS_TABLE"):
            page = Path(path)
            above, heading, _ = page.read_text(encoding="utf-8").partition(HEADING)
            page.write_text(above + heading + _markdown(rows), encoding="utf-8")

    @staticmethod
    def _is_green(report: pytest.TestReport) -> bool:
        # a row that is expected to be red, and is green, fails: its `red` must go
        return report.passed or "XPASS(strict)" in report.longreprtext


def pytest_configure(config: pytest.Config) -> None:
    """Joins the table, in the process that reports."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Table(config))


def _line(row: Row) -> str:
    return " · ".join(row[column] for column in COLUMNS if row[column])


def _markdown(rows: list[Row]) -> str:
    lines = ["| " + " | ".join(COLUMNS) + " |", "|---" * len(COLUMNS) + "|"]
    lines += ["| " + " | ".join(row[column].replace("|", "\\|") for column in COLUMNS) + " |" for row in rows]
    return "\n".join([*lines, ""])
