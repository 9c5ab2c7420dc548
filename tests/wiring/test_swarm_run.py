"""deploy/swarm/run, before anything is deployed: what it refuses, and what it says then."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.support.running_service import ROOT

if TYPE_CHECKING:
    from pathlib import Path


def run(folder: Path, *words: str, docker: str = "exit 1") -> subprocess.CompletedProcess[str]:
    """The script with these words, where `docker` is this line of shell."""
    program = folder / "docker"
    program.write_text(f"#!/bin/sh\n{docker}\n")
    program.chmod(0o755)
    environment = os.environ | {"PATH": f"{folder}:{os.environ['PATH']}"}
    command = [str(ROOT / "deploy" / "swarm" / "run"), *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=20)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--workers", "4"], "--workers: takes --scale, --profile, --registry, --no-build, --keep (see --help)"),
        (["--scale", "worker"], "--scale: takes SERVICE=N, such as worker=8"),
        (["--scale"], "--scale: takes SERVICE=N, such as worker=8"),
        (["--scale", "worker=8"], "this engine is no manager of a Docker Swarm"),
    ],
)
def test_what_cannot_be_is_wrong_usage_with_what_would_be_right(tmp_path: Path, words: list[str], said: str) -> None:
    done = run(tmp_path, *words, docker="echo 'false '")
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr


def test_a_stack_that_is_there_is_left_alone(tmp_path: Path) -> None:
    engine = 'case "$1 $2" in "service ls") echo abc ;; *) echo "true node" ;; esac'
    done = run(tmp_path, "--scale", "worker=8", docker=engine)
    assert (done.returncode, "the stack lab is there already" in done.stderr) == (2, True), done.stderr


def test_its_help_is_its_head(tmp_path: Path) -> None:
    done = run(tmp_path, "--help")
    assert done.returncode == 0
    assert done.stdout.startswith("The lab over all nodes of a Docker Swarm")
    assert "--registry HOST" in done.stdout
    assert "set -e" not in done.stdout
