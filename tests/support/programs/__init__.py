"""Programs that tests start in a process of its own, which gevent may patch as it likes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
LOCUSTFILES = ROOT / "tests" / "support" / "locustfiles"


def printed_by(program: str, *arguments: str, seconds: float = 60) -> str:
    """What a program of this folder prints; it can import the lab and the service.

    Raises CalledProcessError when it fails.
    """
    command = [sys.executable, str(Path(__file__).with_name(f"{program}.py")), *arguments]
    environ = {**os.environ, "PYTHONPATH": f"{ROOT / 'locust'}{os.pathsep}{ROOT}"}
    done = subprocess.run(command, env=environ, stdout=subprocess.PIPE, text=True, check=True, timeout=seconds)
    return done.stdout


def locust(locustfile: str, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """A run of a locustfile by Locust itself, without the lab's settings, to its end."""
    command = [sys.executable, "-m", "locust", "-f", str(LOCUSTFILES / f"{locustfile}.py"), "--headless", *arguments]
    environ = {"PATH": "/usr/bin:/bin", "PYTHONPATH": f"{ROOT / 'locust'}{os.pathsep}{folder}"}
    return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False, timeout=60)
