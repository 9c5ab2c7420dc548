"""The two ways to start a run: Compose, and plain processes on loopback (local.sh)."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

OWN_SERVICE = ("api", "door")
OWN_TARGETS = ("api", "proxy")
"""Hosts by which the lab's own service is asked."""
ANSWER_SECONDS = 20.0


@dataclass(frozen=True)
class Way:
    """The command that runs a plan to its end, where it leaves the run, and what takes away what it started."""

    command: Sequence[str]
    results: Path
    knobs: Mapping[str, str]
    ends_by: signal.Signals
    down: Sequence[str] = ()


def compose(root: Path, workers: int, knobs: Mapping[str, str], profiles: Sequence[str], *, has_target: bool) -> Way:
    """By Compose; without the lab's own service where the target is another."""
    whole = ["docker", "compose", *(word for profile in profiles for word in ("--profile", profile))]
    off = OWN_SERVICE if has_target else OWN_SERVICE[1:]
    scale = [word for service in off for word in ("--scale", f"{service}=0")]
    up = ["up", "--no-color", "--exit-code-from", "master", "--scale", f"worker={workers}", *scale]
    return Way([*whole, *up], root / "results", knobs, signal.SIGINT, [*whole, "down"])


def processes(root: Path, results: Path, workers: int, knobs: Mapping[str, str], *, has_target: bool) -> Way:
    """As processes of this machine."""
    started = ["master", "worker"] if has_target else ["api", "master", "worker"]
    return Way([str(root / "local.sh"), *started], results, {**knobs, "WORKERS": str(workers)}, signal.SIGTERM)


def has_compose() -> bool:
    """Whether an engine answers here, and Compose is there."""
    return all(answers(*words) for words in (("docker", "compose", "version"), ("docker", "info")))


def is_up(root: Path) -> bool:
    """Whether a lab of this folder runs already in Compose."""
    words = ("docker", "compose", "ps", "--quiet", "master")
    return bool(said(*words, folder=root))


def answers(*words: str) -> bool:
    """Whether the command is there and ends with 0."""
    return said(*words) is not None


def said(*words: str, folder: Path | None = None) -> str | None:
    """What the command printed; None where it is not there, failed, or took too long."""
    try:
        done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False, timeout=ANSWER_SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return None if done.returncode else done.stdout.strip()
