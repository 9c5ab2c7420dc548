"""Runs of the lab at a size of a service, through Compose, one after the other."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

from lab.history import past_runs
from lab.starting.ways import OWN_SERVICE, OWN_TARGETS

SWARM = ("master", "worker", "results", "door", "lab", "chaos")
"""Services of the Compose file that are no part of what is measured."""
PROXY, STORE, OWN = "proxy", "postgres", "api"
PROXY_URL = "http://proxy:8080"
SAID_LINES = 15


class StackError(Exception):
    """Compose did not run the lab; the message ends with its last lines."""


class UsageError(Exception):
    """The stack has no such service, or it cannot grow like that; the message says what would be right."""


@dataclass(frozen=True)
class Dimension:
    """What makes the service larger: its name, and its words for one and for many."""

    name: str
    one: str
    many: str


REPLICAS = Dimension("replicas", "replica", "replicas")
PROCESSES = Dimension("processes", "process", "processes")
CPUS = Dimension("cpus", "CPU", "CPUs")
DIMENSIONS = {dimension.name: dimension for dimension in (REPLICAS, PROCESSES, CPUS)}


@dataclass(frozen=True)
class Stack:
    """The lab in a folder, with so many workers, and the service that grows in a dimension.

    `files` are Compose files of one's own, `knob` is the variable that says how many processes there are.
    """

    folder: Path
    dimension: Dimension
    workers: int
    service: str = OWN
    files: Sequence[Path] = ()
    knob: str = "WEB_CONCURRENCY"

    @property
    def results(self) -> Path:
        return self.folder / "results"

    @cached_property
    def target(self) -> str:
        """Where the load goes: replicas of api are behind the load balancer, or users stay with their first one."""
        asked = os.environ.get("LOCUST_HOST", "")
        is_ours = urlsplit(asked).hostname in (None, OWN)
        behind = self.service == PROXY or (self.service == OWN and self.dimension is REPLICAS)
        return PROXY_URL if behind and is_ours else asked

    def check(self) -> None:
        """Raises UsageError where it can be told before any run that the service cannot grow like that, or not count.

        Raises StackError where Compose does not take its files.
        """
        measured = [name for name in self._services if name not in SWARM]
        if self.service not in measured:
            raise UsageError(f"--service {self.service}: takes one of {', '.join(sorted(measured))}")
        if self.service != OWN and self.dimension is REPLICAS and urlsplit(self.target).hostname in (None, OWN):
            raise UsageError(
                f"--service {self.service} --replicas: takes LOCUST_HOST, the URL of what shares the load among them"
            )
        if self.service != OWN and self.dimension is PROCESSES and self.knob == "WEB_CONCURRENCY":
            raise UsageError(f"--service {self.service} --processes: takes --knob, the variable that sets their number")
        stored = f"{os.environ.get('API_DATABASE_URL', '')}{os.environ.get('API_DATABASE_URL_FILE', '')}"
        if self.service == STORE and not stored:
            raise UsageError("--service postgres: takes API_DATABASE_URL=postgresql://lab:lab@postgres/lab, to be used")

    @cached_property
    def _services(self) -> dict[str, dict[str, list[str] | None]]:
        """What the Compose files have, whatever its profile."""
        done = subprocess.run(
            [*self._compose(("*",), ()), "config", "--format", "json"],
            cwd=self.folder, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise StackError("Compose does not take its files:\n" + "\n".join(done.stderr.splitlines()[-SAID_LINES:]))
        services: dict[str, dict[str, list[str] | None]] = json.loads(done.stdout)["services"]
        return services

    def run(self, size: float, knobs: Mapping[str, str]) -> Path:
        """Runs a plan at that size to its end, and returns its folder, whatever its verdict.

        Raises StackError where it left none, because the lab itself failed.
        """
        before = set(past_runs.names(self.results))
        with tempfile.TemporaryDirectory() as folder:
            override = Path(folder) / "size.yml"
            override.write_text(json.dumps(self.override(size)), encoding="utf-8")
            command = [*self._compose(self._profiles, [override]), *self._up(size)]
            done = subprocess.run(
                command, cwd=self.folder, env=self._environment(size, knobs),
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
            )  # fmt: skip
        if (run := past_runs.ended_since(self.results, before)) is None:
            said = "\n".join(done.stdout.splitlines()[-SAID_LINES:])
            raise StackError(f"no verdict from `{' '.join(command)}`:\n{said}")
        return run

    def down(self) -> None:
        """Removes containers and network; what the service stored stays."""
        command = [*self._compose(self._profiles, ()), "down"]
        subprocess.run(command, cwd=self.folder, capture_output=True, check=False)

    def override(self, size: float) -> dict[str, object]:
        """What the size changes in the Compose file: the limit on the service's CPUs, where they are what grows."""
        limits = {"deploy": {"resources": {"limits": {"cpus": f"{size:g}"}}}} if self.dimension is CPUS else {}
        return {"services": {self.service: limits}}

    def _up(self, size: float) -> list[str]:
        scales = {"worker": self.workers, **({self.service: size} if self.dimension is REPLICAS else {})}
        if urlsplit(self.target).hostname not in (None, *OWN_TARGETS):
            scales |= {name: 0 for name in OWN_SERVICE if name != self.service}
        scaled = [word for name, count in scales.items() for word in ("--scale", f"{name}={count:g}")]
        return ["up", "--no-color", "--exit-code-from", "master", *scaled]

    @cached_property
    def _profiles(self) -> Sequence[str]:
        """Those that start the service itself, and the load balancer where it is asked."""
        own = self._services.get(self.service, {}).get("profiles") or []
        return tuple(dict.fromkeys([*own, *([PROXY] if urlsplit(self.target).hostname == PROXY else [])]))

    def _compose(self, profiles: Sequence[str], more: Sequence[Path]) -> list[str]:
        files = [self.folder / "docker-compose.yml", *self.files, *more]
        return [
            *("docker", "compose", "--project-directory", str(self.folder)),
            *(word for file in files for word in ("--file", str(file))),
            *(word for profile in profiles for word in ("--profile", profile)),
        ]

    def _environment(self, size: float, knobs: Mapping[str, str]) -> dict[str, str]:
        environment = {**os.environ, "LOCUST_AUTOQUIT": "0", **knobs}
        if self.target:
            environment["LOCUST_HOST"] = self.target
        if self.dimension is PROCESSES:
            environment[self.knob] = f"{size:g}"
        return environment
