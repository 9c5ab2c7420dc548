"""LAB_RESULTS_STORE: a run's folder is copied to an object store before the master ends.

In a cluster the master's disk may be gone with it. It is copied by a process of its own (store_copy.py), in which what
hangs is killed. Results that are not kept are a failure of the lab, so the exit code is 1, whatever the verdict.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

from gevent import subprocess

from lab.knobs import SettingsError
from lab.results.files import ResultsError

KNOB = "LAB_RESULTS_STORE"
SECONDS = 60.0
"""How long copying may take."""
LOOK_SECONDS = 20.0
"""How long the first look may take."""
HOME = Path(__file__).resolve().parents[2]


def check(place: str) -> None:
    """Raises SettingsError where nothing could be kept: not after an hour, but before it."""
    if not place:
        return
    if importlib.util.find_spec("minio") is None:
        raise SettingsError(
            f"{KNOB}: takes the package minio, which is not in the image because it adds 20 MB to it: put the line "
            "minio==7.2.20 into scenario/requirements.txt"
        )
    if problem := _run(place, [], LOOK_SECONDS):
        raise SettingsError(f"{KNOB}={place}: {problem}")


def keep(place: str, folder: Path) -> None:
    """Copies the folder, and compares what has arrived. Raises ResultsError where that cannot be."""
    if place and (problem := _run(place, [str(folder)], SECONDS)):
        raise ResultsError(f"{folder.name} cannot be copied to {place}: {problem}")


def _run(place: str, folders: list[str], seconds: float) -> str | None:
    """What went wrong in the process that copies the folders; None where nothing did."""
    command = [sys.executable, "-m", "lab.engine.store_copy", place, *folders]
    variables = {**os.environ, "PYTHONPATH": str(HOME)}
    try:
        done = subprocess.run(
            command, env=variables, cwd=HOME, capture_output=True, text=True, check=False, timeout=seconds
        )
    except subprocess.TimeoutExpired:
        return f"it took longer than {seconds:g} s"
    said = (done.stdout.strip() or done.stderr.strip()).splitlines() or [f"it ended with code {done.returncode}"]
    return said[-1] if done.returncode else None
