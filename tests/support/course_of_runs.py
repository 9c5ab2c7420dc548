"""Runs of one plan, one a day, whose capacity changes as it is told to."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support import sample_run


def results_of(folder: Path, factors: list[float]) -> Path:
    """Searches one a day, whose capacity is so many times what it was."""
    for day, factor in enumerate(factors, start=1):
        run = sample_run.capacity(folder / f"2026-11-{day:02}T08-00-00Z-capacity")
        verdict = json.loads((run / "verdict.json").read_text())
        part = verdict["capacity"]
        part |= {"rps": part["rps"] * factor, "rps_interval": [edge * factor for edge in part["rps_interval"]]}
        (run / "verdict.json").write_text(json.dumps(verdict))
    return folder
