"""A real swarm on loopback for tests: a master, its workers, and the UI's own doors."""

from __future__ import annotations

import base64
import csv
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jsonschema_rs

from tests.support.programs import LOCUSTFILES
from tests.support.running_service import PATIENT, ROOT, free_port, wait_until

SCHEMA = jsonschema_rs.Draft202012Validator(json.loads((ROOT / "locust/lab/judging/verdict.schema.json").read_text()))
LOCUST = [sys.executable, "-m", "locust"]
COMPLETE = {
    "environment.json",
    "exchanges.json",
    "junit.xml",
    "lab.log",
    "ledger.json",
    "locust.html",
    "locust_exceptions.csv",
    "locust_failures.csv",
    "locust_stats.csv",
    "locust_stats_history.csv",
    "report.html",
    "replicas.csv",
    "samples.csv",
    "service.json",
    "steps.csv",
    "steps.json",
    "summary.md",
    "verdict.json",
    "workers.log",
}
"""What is in a run's folder."""
SECRET = "the secret of the tests' own swarms"


def plan(name: str, **knobs: str) -> dict[str, str]:
    """The knobs of a plan that starts by itself and ends the master."""
    return {"LAB_PLAN": name, "LOCUST_AUTOQUIT": "0", "LAB_LIMITS": PATIENT, **knobs}


def assert_complete(folder: Path, *missing: str) -> None:
    """The folder has all that a run leaves, and none of it is empty."""
    assert {path.name for path in folder.iterdir()} == COMPLETE - set(missing)
    assert all(path.stat().st_size for path in folder.iterdir())


def rows(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@dataclass(frozen=True)
class Process:
    """How a process of the swarm differs from the others."""

    environ: Mapping[str, str] = field(default_factory=dict)
    home: Path | None = None  # where its locustfile is
    prefix: Sequence[str] = ()  # a command that runs it
    host: str = "127.0.0.1"  # of the port for workers


class Swarm:
    """Starts what it is told to, and ends all of it by its own pids."""

    def __init__(
        self,
        folder: Path,
        target: str,
        knobs: Mapping[str, str],
        locustfile: str = "",
        master: Process = Process(),
    ) -> None:
        """`locustfile` is one of tests/support/locustfiles in place of the lab's own; `master` says how it differs."""
        self.results = folder / "results"
        self.ui, self.port = free_port(), free_port()
        self._folder = folder
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("LAB_", "LOCUST_"))}
        # tests run side by side, and each is a neighbour of the others
        fast = {
            "LAB_NEIGHBOURS": "accept",
            "LAB_VERBOSE": "true",  # tests look at all that is said
            "LAB_WORKERS_SETTLE": "1s",
            "LAB_SETTLE": "1s",
            "LAB_THINK_TIME": "0.05s-0.15s",
        }
        fast |= {"LOCUST_SPAWN_RATE": "50", "LAB_METRICS_URLS": f"{target}/metrics"}
        fast |= {"LAB_SWARM_SECRET": SECRET}
        self.environ = {**inherited, **fast, "LAB_RESULTS": str(self.results), "LOCUST_HOST": target, **knobs}
        self._locust = [*LOCUST, "-f", str(LOCUSTFILES / f"{locustfile}.py")] if locustfile else LOCUST
        self.workers: list[subprocess.Popen[bytes]] = []
        self.start_master(master)

    def start_master(self, how: Process = Process()) -> None:
        """Start the master, on the same ports as any before it."""
        ports = ["--master-bind-host", how.host, "--master-bind-port", str(self.port)]
        web = ["--web-host", "127.0.0.1", "--web-port", str(self.ui)]
        self.master = self._start("master", ["--master", *ports, *web], how)

    def _start(self, name: str, arguments: list[str], how: Process) -> subprocess.Popen[bytes]:
        command = [*how.prefix, *self._locust, *arguments]
        home, environ = how.home or ROOT / "locust", {**self.environ, **how.environ}
        with (self._folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen(command, cwd=home, env=environ, stdout=log, stderr=log)

    def add_workers(self, count: int, how: Process = Process(), port: int | None = None) -> None:
        """Start so many workers more; `port` is where they look for the master, if not at its own."""
        for _ in range(count):
            master = ["--master-host", how.host, "--master-port", str(port or self.port)]
            self.workers.append(self._start(f"worker-{len(self.workers)}", ["--worker", *master], how))

    @property
    def login(self) -> dict[str, str]:
        """The headers that show the UI's password, where it has one."""
        password = self.environ.get("LAB_UI_PASSWORD", "")
        return {"Authorization": "Basic " + base64.b64encode(f":{password}".encode()).decode()} if password else {}

    def get(self, path: str) -> Any:
        """The JSON at a path of the UI."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.ui}{path}", headers=self.login)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def post(self, path: str, headers: dict[str, str] | None = None, **form: object) -> tuple[int, Any]:
        """POST a form to the UI, as its buttons do: the status and the JSON of the answer."""
        data = urllib.parse.urlencode(form).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.ui}{path}", data, self.login | (headers or {}), method="POST"
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, None

    def users(self) -> int:
        """How many users there are."""
        count: int = self.get("/stats/requests")["user_count"]
        return count

    def worker_count(self) -> int:
        """How many workers the master counts on."""
        count: int = self.get("/worker-count")["worker_count"]
        return count

    def await_workers(self, count: int) -> None:
        """Wait until so many workers are connected."""

        def there() -> bool:
            try:
                return self.worker_count() == count
            except OSError:
                return False

        wait_until(there, 30, f"{count} workers; {self.log()}")

    def await_users(self, count: int, seconds: float = 20) -> float:
        """Wait until there are so many users on connected workers; how long that took, in seconds."""
        began = time.monotonic()

        def there() -> bool:
            try:
                return self.users() == count
            except OSError:
                return False

        wait_until(there, seconds, f"{count} users; {self.log()}")
        return time.monotonic() - began

    def log(self) -> str:
        """All that the master said."""
        return (self._folder / "master.log").read_text()

    def await_exit(self, seconds: float = 60) -> int:
        """The master's exit code, once all workers are gone as well."""
        code = self.master.wait(seconds)
        for worker in self.workers:
            worker.wait(20)
        return code

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send the master a signal and return its exit code."""
        self.master.send_signal(number)
        return self.master.wait(10)

    @property
    def verdict(self) -> dict[str, Any]:
        """The newest run's verdict.json, which keeps its schema."""
        document: dict[str, Any] = json.loads((self.results / "latest" / "verdict.json").read_text())
        SCHEMA.validate(document)
        return document

    def last_line(self) -> str:
        """The master's last line."""
        return self.log().rstrip().splitlines()[-1]

    def end(self) -> None:
        """End what still runs."""
        for process in [self.master, *self.workers]:
            if process.poll() is None:
                process.kill()
            process.wait(10)
