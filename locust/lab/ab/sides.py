"""How a side is run: a URL by a swarm of processes here, an image or a commit by Compose, with a service of its own."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import IO, Protocol

from lab.ab.job import SideError
from lab.history import past_runs
from lab.history.past_runs import Past

HOME = Path(__file__).resolve().parents[2]
"""The folder of locustfile.py."""
PROJECT = "lab-ab"
STOP_SECONDS = 15.0
SAID_LINES = 8


class Side(Protocol):
    """What can be run."""

    name: str

    def prepare(self) -> None:
        """Makes it ready to be run. Raises SideError."""

    def run(self, lab: Lab) -> int:
        """Runs the lab against it once, and returns the lab's exit code. Raises SideError."""

    def clear(self) -> None:
        """Takes away what was made of it."""


@dataclass(frozen=True)
class Lab:
    """How each run is made: the same for both sides."""

    results: Path
    workers: int
    knobs: Mapping[str, str]

    @property
    def log(self) -> Path:
        """What the runs say."""
        return self.results / "ab.log"


def measure(side: Side, lab: Lab) -> Past:
    """Runs the side once. Raises HistoryError where the run does not count, SideError where there is none."""
    before = set(past_runs.names(lab.results))
    code = side.run(lab)
    if (folder := past_runs.ended_since(lab.results, before)) is None:
        lines = lab.log.read_text(encoding="utf-8", errors="replace").splitlines()
        raise SideError(f"{side.name} left no verdict, exit code {code}:\n" + "\n".join(lines[-SAID_LINES:]))
    return past_runs.read(folder)


@dataclass
class Url:
    """A service that runs already; a swarm of its own asks it each time."""

    name: str

    def prepare(self) -> None: ...

    def clear(self) -> None: ...

    def run(self, lab: Lab) -> int:
        """Starts a master and its workers on loopback, on ports of their own, and returns the master's exit code."""
        port, web = str(_free_port()), str(_free_port())
        environ = {name: value for name, value in {**os.environ, **lab.knobs}.items() if value or name[:7] != "LOCUST_"}
        environ |= {"LOCUST_HOST": self.name, "LAB_RESULTS": str(lab.results), "LOCUST_AUTOQUIT": "0"}
        environ |= {"LAB_SWARM_SECRET": secrets.token_hex(32), "LOCUST_MASTER_NODE_HOST": "127.0.0.1"}
        master = ["--master", "--master-bind-host", "127.0.0.1", "--web-host", "127.0.0.1", "--web-port", web]
        workers = ["--worker", "--processes", str(lab.workers), "--master-port", port]
        started: list[subprocess.Popen[bytes]] = []
        with lab.log.open("ab") as log:
            try:
                started += [_locust([*master, "--master-bind-port", port], environ, log)]
                started += [_locust(workers, environ, log)]
                return started[0].wait()
            finally:
                for process in started:
                    _end(process)


def _locust(arguments: list[str], environ: Mapping[str, str], log: IO[bytes]) -> subprocess.Popen[bytes]:
    """A process of the swarm, out of reach of the terminal's Ctrl-C: it is ended in order."""
    command = [sys.executable, "-m", "locust", "-f", "locustfile.py", *arguments]
    return subprocess.Popen(command, cwd=HOME, env=environ, stdout=log, stderr=log, start_new_session=True)


@dataclass
class Image:
    """An image of the service, run by Compose in place of the lab's own; `files` are Compose files of one's own."""

    name: str
    root: Path
    service: str = "api"
    files: Sequence[Path] = ()

    def prepare(self) -> None:
        if _docker("image", "inspect", self.image).returncode:
            _must(_docker("pull", "--quiet", self.image), f"there is no image {self.image}")

    def clear(self) -> None:
        _docker(*self._compose(()), "down", "--volumes", "--remove-orphans", folder=self.root)

    @property
    def image(self) -> str:
        return self.name

    def run(self, lab: Lab) -> int:
        """Starts the stack anew, without anything that an earlier run has stored."""
        with tempfile.TemporaryDirectory() as folder:
            override = Path(folder) / "ab.yml"
            override.write_text(self.override(lab.results), encoding="utf-8")
            compose = self._compose([override])
            up = ["up", "--no-color", "--exit-code-from", "master"]
            scale = ["--scale", f"worker={lab.workers}", "--scale", "door=0"]
            knobs = {**lab.knobs, "LOCUST_WEB_PORT": str(_free_port()), "LOCUST_AUTOQUIT": "0"}
            with lab.log.open("ab") as log:
                try:
                    return _docker(*compose, *up, *scale, folder=self.root, knobs=knobs, log=log).returncode
                finally:
                    _docker(*compose, "down", "--volumes", "--remove-orphans", folder=self.root)

    def override(self, results: Path) -> str:
        """What a run changes in the Compose file: the service's image, and where the run is kept."""
        service = {"image": self.image, "pull_policy": "never"}
        kept = {name: {"volumes": [f"{results}:/results:z"]} for name in ("master", "results")}
        # JSON is YAML, but for the tag that takes the build away
        text = json.dumps({"services": {self.service: {**service, "build": "RESET"}, **kept}})
        return text.replace('"RESET"', "!reset null")

    def _compose(self, more: Sequence[Path]) -> list[str]:
        files = [self.root / "docker-compose.yml", *self.files, *more]
        named = [word for file in files for word in ("--file", str(file))]
        return ["compose", "--project-name", PROJECT, "--project-directory", str(self.root), *named]


@dataclass
class Commit(Image):
    """A commit, branch or tag of a repository: its service is built from a work tree of its own."""

    repository: Path = field(default_factory=Path.cwd)
    dockerfile: str = "Dockerfile.api"
    context: str = "."

    @property
    def image(self) -> str:
        return f"{PROJECT}:{self.sha[:12]}"

    def prepare(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            tree = Path(folder) / "tree"
            _must(_git(self.repository, "worktree", "add", "--detach", str(tree), self.sha), f"no tree of {self.name}")
            try:
                words = ("build", "--quiet", "--tag", self.image, "--file", str(tree / self.dockerfile))
                _must(_docker(*words, str(tree / self.context)), f"{self.name} cannot be built")
            finally:
                _git(self.repository, "worktree", "remove", "--force", str(tree))

    def clear(self) -> None:
        super().clear()
        _docker("image", "rm", self.image)

    @cached_property
    def sha(self) -> str:
        """The commit that is meant when the job begins: a branch may move while it lasts."""
        return _must(_commit(self.repository, self.name), f"{self.repository} has no {self.name}").strip()


def is_commit(repository: Path, name: str) -> bool:
    """Whether the repository has a commit, branch or tag of that name."""
    with suppress(SideError):
        return _commit(repository, name).returncode == 0
    return False


def _commit(repository: Path, name: str) -> subprocess.CompletedProcess[str]:
    return _git(repository, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")


def _git(repository: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return _call(["git", "-C", str(repository), *words])


def _docker(
    *words: str, folder: Path | None = None, knobs: Mapping[str, str] | None = None, log: IO[bytes] | None = None
) -> subprocess.CompletedProcess[str]:
    return _call(["docker", *words], folder, knobs, log)


def _call(
    command: list[str],
    folder: Path | None = None,
    knobs: Mapping[str, str] | None = None,
    log: IO[bytes] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Runs the command to its end; with a log, what it says goes there."""
    out, err = (log, log) if log else (subprocess.PIPE, subprocess.PIPE)
    environ = {**os.environ, **(knobs or {})}
    try:
        return subprocess.run(
            command, cwd=folder, env=environ, stdin=subprocess.DEVNULL, stdout=out, stderr=err, text=True, check=False
        )
    except FileNotFoundError as error:
        raise SideError(f"there is no {command[0]} here: call ./lab ab on the machine itself") from error


def _must(done: subprocess.CompletedProcess[str], problem: str) -> str:
    if done.returncode:
        raise SideError("\n".join([f"{problem}:", *done.stderr.strip().splitlines()[-SAID_LINES:]]))
    return done.stdout


def _end(process: subprocess.Popen[bytes]) -> None:
    """Has the process judge what there is, and end."""
    for stop in (process.terminate, process.kill):
        try:
            process.wait(STOP_SECONDS if stop is process.kill else 0)
        except subprocess.TimeoutExpired:
            stop()
    process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
