"""Locust's own CSV and HTML files in a run's folder."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gevent
from locust.html import get_html_report
from locust.stats import PERCENTILES_TO_REPORT, StatsCSVFileWriter

from lab.exchanges.secrets import without_login
from lab.printable import cell
from lab.results import files

if TYPE_CHECKING:
    from locust.env import Environment


class LocustFiles:
    """Locust's writer of CSV files while the run goes on, and all of its files whole in the end."""

    def __init__(self, folder: Path, environment: Environment) -> None:
        """Raises OSError where the folder cannot be written."""
        self._folder, self._environment = folder, environment
        self._writer = StatsCSVFileWriter(environment, PERCENTILES_TO_REPORT, str(folder / "locust"))
        self._writing = gevent.spawn(self._writer.stats_writer)

    def stop(self) -> None:
        """Writes no more rows."""
        self._writing.kill()

    def finish(self) -> None:
        """Writes the tables anew, because the writer was stopped between two of its rounds, and the HTML report."""
        self._writer.close_files()
        tables = {
            "stats": self._writer.requests_csv,
            "failures": self._writer.failures_csv,
            "exceptions": self._writer.exceptions_csv,
        }
        for name, write in tables.items():
            with files.open_new(self._folder / f"locust_{name}.csv") as file:
                write(CarefulCsv.writer(file))
        files.write_text(
            self._folder / "locust.html", without_login(get_html_report(self._environment, show_download_link=False))
        )


class CarefulCsv:
    """What Locust shall take for the module csv: cells that a spreadsheet would take for formulas are quoted."""

    def __init__(self, file: Any, options: Mapping[str, Any]) -> None:
        self._writer = csv.writer(file, **options)

    @classmethod
    def writer(cls, file: Any, **options: Any) -> CarefulCsv:
        """As csv.writer."""
        return cls(file, options)

    def writerow(self, row: Iterable[Any]) -> Any:
        """As that of a writer of csv."""
        return self._writer.writerow([cell(value) for value in row])
