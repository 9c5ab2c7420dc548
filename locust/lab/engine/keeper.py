"""Keeps a run's folder while the run goes on: seconds as they settle, and now and then what a killed master leaves."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lab import report
from lab.engine import store, terminal
from lab.engine.locust_files import LocustFiles
from lab.exchanges.keeping import Kept
from lab.judging import verdict
from lab.judging.evidence import Evidence
from lab.judging.verdict import Verdict
from lab.results import files
from lab.results.run_folder import RunFolder

if TYPE_CHECKING:
    from locust.env import Environment

    from lab.settings import Settings

SAVES_EVERY_SECONDS = 5.0
"""How often what is known is kept, for the case that the master is killed."""
SAVES_SHARE = 0.004
"""Of its time that the master may take to keep it: more steps and longer ones take longer, and are kept less often."""

Row = Mapping[str, Any]
Known = tuple[Evidence, Iterable[Row], Sequence[Row]]
"""What is known of a run: the evidence, the rows of steps.csv, and the workers."""


class Keeper:
    """The run's folder and Locust's own files in it."""

    def __init__(
        self, settings: Settings, started: datetime, plan: str, environment: Environment, exchanges: Kept
    ) -> None:
        """Makes the folder. Raises ResultsError when that cannot be. `exchanges` grow while the run goes on."""
        self.folder, self._store = files.folder(settings.results, started, plan), settings.results_store
        self._environment = environment
        terminal.keep_in(self.folder)
        self.exchanges = exchanges
        self._files = RunFolder(self.folder, exchanges)
        self._locust_files = LocustFiles(self.folder, environment)
        self._saves_at = 0.0

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

    def show(self, samples: Iterable[Row]) -> None:
        """Takes in seconds that are yet to settle. Raises OSError where their rows cannot be written."""
        self._files.show(samples)

    def stop(self) -> None:
        """Has Locust write no more rows of its own."""
        self._locust_files.stop()

    def save(self, known: Callable[[], Known]) -> None:
        """Writes what is known so far, with the verdict on it, if it is time to do so once more."""
        began = time.monotonic()
        if began < self._saves_at:
            return
        evidence, steps, workers = known()
        try:
            self._files.write(verdict.judge(evidence), evidence, steps, workers, is_last=False)
        finally:
            self._saves_at = next_save(began, time.monotonic())

    def finish(self, judged: Verdict, evidence: Evidence, steps: Iterable[Row], workers: Sequence[Row]) -> None:
        """Writes all that is known in the end, and the report, and copies it to the store.

        Raises OSError where the folder cannot be written, ResultsError where it cannot be copied.
        """
        with suppress(OSError):  # Locust's own files change no verdict
            self._locust_files.finish()
        terminal.keep_of_workers(self.folder, self._environment.worker_logs)
        self._files.close()
        self._files.write(judged, evidence, steps, workers, is_last=True)
        report.write(self.folder)
        store.keep(self._store, self.folder)


def next_save(began: float, ended: float) -> float:
    """When to save again, by when saving began and ended the last time."""
    return began + max(SAVES_EVERY_SECONDS, (ended - began) / SAVES_SHARE)
