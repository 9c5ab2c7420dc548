"""Keeps a run's folder while the run goes on: seconds as they settle, and now and then what a killed master leaves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab import report
from lab.engine.locust_files import LocustFiles
from lab.judging import verdict
from lab.judging.evidence import Evidence
from lab.judging.verdict import Verdict
from lab.results import files
from lab.results.run_folder import RunFolder

if TYPE_CHECKING:
    from locust.env import Environment

SAVES_EVERY_SECONDS = 5
"""How often what is known is kept, for the case that the master is killed."""

Row = Mapping[str, Any]


class Keeper:
    """The run's folder and Locust's own files in it."""

    def __init__(self, results: Path, started: datetime, plan: str, environment: Environment) -> None:
        """Makes the folder. Raises ResultsError when that cannot be."""
        self.folder = files.folder(results, started, plan)
        self._files = RunFolder(self.folder)
        self._locust_files = LocustFiles(self.folder, environment)

    @property
    def samples(self) -> Sequence[Row]:
        """The last rows of samples.csv."""
        return list(self._files.samples)

    @property
    def replicas(self) -> Sequence[Row]:
        """The last rows of replicas.csv."""
        return list(self._files.replicas)

    def add(self, sample: Row, replicas: Iterable[Row]) -> None:
        """Takes in a second that is settled. Raises OSError where its rows cannot be written."""
        self._files.add(sample, replicas)

    def stop(self) -> None:
        """Has Locust write no more rows of its own."""
        self._locust_files.stop()

    def save(self, evidence: Evidence, steps: Iterable[Row], workers: Sequence[Row]) -> None:
        """Writes what is known so far, with the verdict on it."""
        self._files.write(verdict.judge(evidence), evidence, steps, workers, is_last=False)

    def finish(self, judged: Verdict, evidence: Evidence, steps: Iterable[Row], workers: Sequence[Row]) -> None:
        """Writes all that is known in the end, and the report. Raises OSError where the folder cannot be written."""
        with suppress(OSError):  # Locust's own files change no verdict
            self._locust_files.finish()
        self._files.close()
        self._files.write(judged, evidence, steps, workers, is_last=True)
        report.write(self.folder)
