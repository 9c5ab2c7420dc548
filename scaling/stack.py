"""Runs of the lab at a size of the service, through Compose, one after the other."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lab.history import past_runs


class StackError(Exception):
    """Compose did not run the lab; the message ends with its last lines."""


@dataclass(frozen=True)
class Dimension:
    """What makes the service larger: its name, its words for one and for many, and the knob that sets it.

    `behind_proxy`: users reach it through the load balancer, because otherwise they stay with their first replica.
    """

    name: str
    one: str
    many: str
    knob: str | None
    behind_proxy: bool = False


DIMENSIONS = {
    dimension.name: dimension
    for dimension in (
        Dimension("replicas", "replica", "replicas", None, behind_proxy=True),
        Dimension("processes", "gunicorn worker", "gunicorn workers", "WEB_CONCURRENCY"),
        Dimension("cpus", "CPU", "CPUs", "API_CPUS"),
    )
}


@dataclass(frozen=True)
class Stack:
    """The lab in a folder, with so many workers, and the dimension in which its service grows."""

    folder: Path
    dimension: Dimension
    workers: int

    @property
    def results(self) -> Path:
        return self.folder / "results"

    def run(self, size: float, knobs: Mapping[str, str]) -> Path:
        """Runs a plan at that size to its end, and returns its folder, whatever its verdict.

        Raises StackError where it left none, because the lab itself failed.
        """
        before = set(past_runs.names(self.results))
        command = [*self._compose, "up", "--no-color", "--exit-code-from", "master"]
        command += ["--scale", f"worker={self.workers}"]
        if self.dimension.knob is None:
            command += ["--scale", f"api={size:g}"]
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self._environment(size, knobs),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if (folder := past_runs.ended_since(self.results, before)) is None:
            raise StackError(f"no verdict from `{' '.join(command)}`:\n" + "\n".join(done.stdout.splitlines()[-15:]))
        return folder

    def down(self) -> None:
        """Removes containers and network; what the service stored stays."""
        subprocess.run([*self._compose, "down"], cwd=self.folder, capture_output=True, check=False)

    @property
    def _compose(self) -> list[str]:
        return ["docker", "compose", *(["--profile", "proxy"] if self.dimension.behind_proxy else [])]

    def _environment(self, size: float, knobs: Mapping[str, str]) -> dict[str, str]:
        environment = {**os.environ, "LOCUST_AUTOQUIT": "0", **knobs}
        if self.dimension.behind_proxy:
            environment["LOCUST_HOST"] = "http://proxy:8080"
        if self.dimension.knob:
            environment[self.dimension.knob] = f"{size:g}"
        return environment


def say(text: str) -> None:
    """Prints a line on the progress."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
