"""What a run leaves in its folder: a row each second while it goes on, and everything else in the end."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from lab import figures
from lab.exchanges import exchange
from lab.exchanges.keeping import Kept
from lab.judging.evidence import Evidence
from lab.judging.verdict import Verdict
from lab.ledger import findings
from lab.results import files, judgement, steps_file
from lab.results.environment import environment
from lab.service import both_ends, columns

SAMPLES_SHOWN = 3600
"""Seconds that the live page looks back."""

Row = Mapping[str, Any]
Surroundings = Callable[[Sequence[Row]], Mapping[str, Any]]
"""What environment.json holds, by the workers."""


class RunFolder:
    """The files of a run. Whatever writes one raises ResultsError where it cannot be written."""

    def __init__(self, path: Path, exchanges: Kept | None = None, surroundings: Surroundings = environment) -> None:
        """`surroundings` are those of this process, unless the run was made elsewhere."""
        self.path, self._exchanges, self._surroundings = path, exchanges or Kept(), surroundings
        self.samples: deque[Row] = deque(maxlen=SAMPLES_SHOWN)
        self.replicas: deque[Row] = deque(maxlen=SAMPLES_SHOWN)
        try:
            self._samples = files.Table(path / "samples.csv", figures.SAMPLE_COLUMNS)
            self._replicas = files.Table(path / "replicas.csv", columns.REPLICA_COLUMNS)
        except OSError as error:
            raise files.ResultsError(files.explain(path, error)) from error

    def add(self, sample: Row, replicas: Iterable[Row]) -> None:
        """Takes in a second that is settled."""
        self.samples.append(sample)
        self._samples.add(sample)
        for row in replicas:
            self.replicas.append(row)
            self._replicas.add(row)

    def show(self, samples: Iterable[Row]) -> None:
        """Takes in seconds that are yet to settle: what a killed master leaves of them."""
        self._samples.show(samples)

    def close(self) -> None:
        """Takes in no more seconds."""
        self._samples.close()
        self._replicas.close()

    def write(
        self, judged: Verdict, evidence: Evidence, steps: Iterable[Row], workers: Sequence[Row], *, is_last: bool
    ) -> None:
        """Writes what is known, and points `latest` to it. Until the last time it is what a killed master leaves."""
        table = files.Table(self.path / "steps.csv", figures.STEP_COLUMNS)
        for row in steps:
            table.add(row)
        table.close()
        files.write_json(self.path / steps_file.FILE, steps_file.document(evidence), is_last=is_last)
        files.write_json(self.path / "environment.json", self._surroundings(workers), is_last=is_last)
        if evidence.ledger:
            files.write_json(self.path / findings.FILE, evidence.ledger.document(findings.MOST_EXAMPLES), is_last=is_last)
        if evidence.service:
            files.write_json(self.path / both_ends.FILE, evidence.service.document(), is_last=is_last)
        if self._exchanges.all():
            files.write_json(self.path / exchange.FILE, self._exchanges.document(), is_last=is_last)
        judgement.write(self.path, judged.document, is_last=is_last)
        files.point_latest(self.path)
