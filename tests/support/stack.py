"""A real Compose stack for tests: project, ports and results of its own, and nothing left of it afterwards."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.running_service import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
PARTS = (
    "docker-compose.yml",
    ".env",
    ".dockerignore",
    "Dockerfile.api",
    "monitoring",
    "Dockerfile.locust",
    "api",
    "deploy",
    "locust",
    "proxy",
    "scenario",
)
PROJECT = f"labtest{os.getpid()}"
SECONDS_TO_BUILD_AND_RUN = 240
KNOBS = ("LAB_", "LOCUST_", "API_", "COMPOSE_", "POSTGRES_", "PROXY_", "WEB_")


def quiet_port() -> int:
    """A free port of loopback that is out of the way of outgoing connections: it is bound seconds later only."""
    while True:
        port = random.randrange(20000, 32000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def docker(*arguments: str, seconds: float = 60) -> str:
    """What a docker command prints; fails the test with its error output when it fails."""
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False, timeout=seconds)
    assert done.returncode == 0, f"docker {' '.join(arguments)}: {done.stderr}"
    return done.stdout.strip()


def needs_engine() -> None:
    """Skips the test, with the reason, where no engine with Compose answers."""
    if shutil.which("docker") is None:
        pytest.skip("docker is not installed")
    for command in (["docker", "info"], ["docker", "compose", "version"]):
        if subprocess.run(command, capture_output=True, check=False, timeout=30).returncode:
            pytest.skip(f"`{' '.join(command)}` fails: no engine with Compose here")


class Stack:
    """The project in a folder: a copy of what Compose needs, so that ./results is the test's own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for part in PARTS:
            copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy2
            copy(ROOT / part, folder / part)
        self.results = folder / "results"
        self.results.mkdir(mode=0o755)
        self.ui_port, self.api_port, self.proxy_port = quiet_port(), quiet_port(), quiet_port()
        self.ui = f"http://127.0.0.1:{self.ui_port}"
        self.api = f"http://127.0.0.1:{self.api_port}"
        self.proxy = f"http://127.0.0.1:{self.proxy_port}"
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(KNOBS)}
        ports = {"LOCUST_WEB_PORT": self.ui_port, "API_PORT": self.api_port, "PROXY_PORT": self.proxy_port}
        self.environment = inherited | {name: str(port) for name, port in ports.items()}
        self.environment |= {"COMPOSE_PROJECT_NAME": PROJECT, "LAB_NEIGHBOURS": "accept"}

    def compose(self, *arguments: str, **knobs: str) -> subprocess.CompletedProcess[str]:
        """Runs `docker compose ARGUMENTS` with knobs in its shell, as a person would."""
        return subprocess.run(
            ["docker", "compose", *arguments],
            cwd=self.folder,
            env=self.environment | knobs,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=SECONDS_TO_BUILD_AND_RUN,
        )

    def up(self, *arguments: str, profiles: tuple[str, ...] = (), **knobs: str) -> None:
        """Starts in the background, and returns when all that has a health check is healthy."""
        chosen = [part for profile in profiles for part in ("--profile", profile)]
        done = self.compose(*chosen, "up", "--detach", "--wait", *arguments, **knobs)
        assert done.returncode == 0, f"{done.stdout}\n{self.logs()}"

    def run(self, *arguments: str, **knobs: str) -> tuple[int, str]:
        """Runs a plan to its end, for scripts: the exit code of `up --exit-code-from master`, and all it printed."""
        done = self.compose("up", "--no-color", *arguments, "--exit-code-from", "master", LOCUST_AUTOQUIT="0", **knobs)
        return done.returncode, done.stdout

    def logs(self, *services: str) -> str:
        """What the services have printed."""
        return self.compose("--profile", "*", "logs", "--no-color", *services).stdout

    def containers(self, service: str) -> list[str]:
        """The ids of the service's running containers."""
        return self.compose("--profile", "*", "ps", "--quiet", service).stdout.split()

    def inspect(self, service: str) -> dict[str, Any]:
        """What the engine knows of the service's first container, ended ones included."""
        names = self.compose("--profile", "*", "ps", "--all", "--quiet", service).stdout.split()
        found: list[dict[str, Any]] = json.loads(docker("inspect", names[0]))
        return found[0]

    def inside(self, service: str, program: str, *arguments: str) -> str:
        """What a program of tests/support/programs prints inside the service's first container."""
        code = (ROOT / "tests" / "support" / "programs" / f"{program}.py").read_text()
        done = self.compose("exec", "-T", service, "python", "-c", code, *arguments)
        assert done.returncode == 0, done.stdout
        return done.stdout.strip()

    def stats(self) -> dict[str, Any]:
        """The UI's own numbers: state, user_count, stats, workers."""
        answer: dict[str, Any] = json.loads(get(f"{self.ui}/stats/requests")[2])
        return answer

    def users(self) -> int:
        """The users that the connected workers have at the moment."""
        workers = self.stats()["workers"]
        return sum(worker["user_count"] for worker in workers if worker["state"] != "missing")

    def users_of_workers(self, count: int) -> int:
        """The users at the moment, if so many workers are connected; otherwise none."""
        workers = [worker for worker in self.stats()["workers"] if worker["state"] != "missing"]
        return sum(worker["user_count"] for worker in workers) if len(workers) == count else 0

    def swarm(self, users: int) -> None:
        """Starts a test as the UI's form does."""
        form = {"user_count": users, "spawn_rate": users, "host": "http://api:5000"}
        request = urllib.request.Request(f"{self.ui}/swarm", urllib.parse.urlencode(form).encode())
        with urllib.request.urlopen(request, timeout=10) as response:
            assert json.load(response)["success"]
        wait_until(lambda: self.users() == users, 20, f"{users} users")

    def verdict(self) -> dict[str, Any]:
        """The newest verdict."""
        read: dict[str, Any] = json.loads((self.results / "latest" / "verdict.json").read_text())
        return read

    def await_verdict(self, seconds: float) -> dict[str, Any]:
        """The verdict of a whole run, as soon as it is there: while the run goes on there is one that says so."""
        file = self.results / "latest" / "verdict.json"
        wait_until(lambda: file.exists() and self.verdict()["complete"], seconds, "the verdict of a whole run")
        return self.verdict()

    def down(self) -> None:
        """Removes containers, networks and volumes, and fails if something of the project stays."""
        self.compose("--profile", "*", "down", "--volumes", "--remove-orphans", "--timeout", "5")
        label = f"label=com.docker.compose.project={PROJECT}"
        left = docker("ps", "--all", "--quiet", "--filter", label)
        left += docker("volume", "ls", "--quiet", "--filter", label) + docker(
            "network", "ls", "--quiet", "--filter", label
        )
        assert not left, f"left behind: {left}"


def remove_images() -> None:
    """Removes the images of this session; their layers stay in the build cache for the next."""
    names = [f"{PROJECT}-{image}" for image in ("api", "locust", "proxy")]
    subprocess.run(["docker", "image", "rm", "--force", *names], capture_output=True, check=False, timeout=60)


@contextlib.contextmanager
def stack(folder: Path) -> Iterator[Stack]:
    """A stack that is not up yet. It is taken down however the test ends; its logs are shown where it fails."""
    needs_engine()
    atexit.unregister(remove_images)
    atexit.register(remove_images)
    made = Stack(folder)
    try:
        yield made
    except BaseException:
        sys.stdout.write(made.logs())
        raise
    finally:
        made.down()


def get(url: str, seconds: float = 5) -> tuple[int, dict[str, str], bytes]:
    """Status, headers (lower case) and body of a GET."""
    try:
        with urllib.request.urlopen(url, timeout=seconds) as response:
            return response.status, {name.lower(): value for name, value in response.headers.items()}, response.read()
    except urllib.error.HTTPError as error:
        return error.code, {name.lower(): value for name, value in error.headers.items()}, error.read()


def seconds_since(start: float) -> float:
    """Seconds since a reading of time.monotonic()."""
    return time.monotonic() - start
