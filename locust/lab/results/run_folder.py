"""What a run leaves in its folder: a row each second while it goes on, and everything else in the end."""

from __future__ import annotations

import csv
import logging
import os
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from locust.html import get_html_report
from locust.stats import PERCENTILES_TO_REPORT, StatsCSVFileWriter

from lab import figures, report
from lab.knobs import own_knobs
from lab.ledger import findings
from lab.results import files, steps_file
from lab.service import both_ends, columns

if TYPE_CHECKING:
    from locust.env import Environment

    from lab.judging.evidence import Evidence
    from lab.judging.verdict import Verdict

log = logging.getLogger(__name__)

SAMPLES_SHOWN = 3600
"""Seconds that the live page looks back."""

Row = Mapping[str, Any]


class RunFolder:
    """The files of a run. Whatever writes one raises ResultsError where it cannot be written."""

    def __init__(self, path: Path, environment: Environment) -> None:
        self.path = path
        self.samples: deque[Row] = deque(maxlen=SAMPLES_SHOWN)
        self.replicas: deque[Row] = deque(maxlen=SAMPLES_SHOWN)
        self._environment = environment
        try:
            self._samples = files.Table(path / "samples.csv", figures.SAMPLE_COLUMNS)
            self._replicas = files.Table(path / "replicas.csv", columns.REPLICA_COLUMNS)
            self.locust_csv = StatsCSVFileWriter(environment, PERCENTILES_TO_REPORT, str(path / "locust"))
        except OSError as error:
            raise files.ResultsError(files.explain(path, error)) from error

    def add(self, sample: Row, replicas: Iterable[Row]) -> None:
        """Takes in a second that is settled."""
        self.samples.append(sample)
        self._samples.add(sample)
        for row in replicas:
            self.replicas.append(row)
            self._replicas.add(row)

    def finish(self, judged: Verdict, evidence: Evidence, steps: Iterable[Row], workers: Sequence[Row]) -> None:
        """Writes what is known in the end, the report last: it is made of the others."""
        self._samples.close()
        self._replicas.close()
        self._write_locust_files()
        table = files.Table(self.path / "steps.csv", figures.STEP_COLUMNS)
        for row in steps:
            table.add(row)
        table.close()
        knobs = {name: value for name, value in os.environ.items() if name.startswith(("LAB_", "LOCUST_"))}
        knobs |= own_knobs()
        files.write_json(self.path / steps_file.FILE, steps_file.document(evidence))
        files.write_json(self.path / "environment.json", files.environment(workers, knobs))
        if evidence.ledger:
            files.write_json(self.path / findings.FILE, evidence.ledger.document(findings.MOST_EXAMPLES))
        if evidence.service:
            files.write_json(self.path / both_ends.FILE, evidence.service.document())
        files.write_json(self.path / "verdict.json", judged.document)
        files.point_latest(self.path)
        self._write_report()

    def _write_report(self) -> None:
        """The report is made from the files that are there now; a report that cannot be made changes no verdict."""
        try:
            files.write_text(self.path / report.FILE, report.render(self.path))
        except OSError:
            raise
        except Exception:
            log.exception("%s cannot be made", report.FILE)

    def _write_locust_files(self) -> None:
        """Locust's own tables, anew: its writer was stopped between two of its rounds."""
        self.locust_csv.close_files()
        tables = {
            "stats": self.locust_csv.requests_csv,
            "failures": self.locust_csv.failures_csv,
            "exceptions": self.locust_csv.exceptions_csv,
        }
        for name, write in tables.items():
            with (self.path / f"locust_{name}.csv").open("w", encoding="utf-8", newline="") as file:
                write(csv.writer(file))
        files.write_text(self.path / "locust.html", get_html_report(self._environment, show_download_link=False))
