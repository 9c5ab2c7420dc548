"""A real gunicorn of a test's own on loopback, and what it takes to ask it."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import psutil
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

ROOT = Path(__file__).resolve().parents[2]
SECONDS_TO_START = 30.0


class Answer(NamedTuple):
    """An HTTP answer, read whole."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


PATIENT = "p95<=5s fail<=1%"
"""Limits that are kept also where the disk stands still for a second: for runs whose speed is not what is tested."""


def free_port() -> int:
    """A port on loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Return as soon as the condition holds; fail the test if it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"not within {seconds:g} s: {what}")
        time.sleep(0.02)


class RunningService:
    """A gunicorn of the test's own, started as a person would, with what it takes to ask it and to end it."""

    def __init__(self, folder: Path, environ: dict[str, str], app: str = "", prefix: Sequence[str] = ()) -> None:
        """`app` is another application than the service itself, as "module:callable"; `prefix` runs it."""
        self._app, self._prefix = [app] if app else [], prefix
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "gunicorn.log"
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("API_", "WEB_CONC"))}
        self._environ = {**inherited, "API_BIND": f"127.0.0.1:{self.port}", **environ}
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        command = [*self._prefix, sys.executable, "-m", "gunicorn", "-c", "api/gunicorn.conf.py", *self._app]
        with self.log.open("ab") as log:
            return subprocess.Popen(command, cwd=ROOT, env=self._environ, stdout=log, stderr=log)

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        seconds: float = 10,
    ) -> Answer:
        """One request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=seconds)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def get(self, path: str) -> Answer:
        """GET a path."""
        return self.ask("GET", path)

    def add(self, name: str) -> Answer:
        """POST a testing type of this name."""
        body = json.dumps({"name": name, "description": "made by a test"}).encode()
        return self.ask("POST", "/tests", body, {"Content-Type": "application/json"})

    def pages(self) -> Iterator[bytes]:
        """The whole list, page by page, each as it came."""
        path: str | None = "/tests?limit=1000"
        while path:
            answer = self.get(path)
            assert answer.status == 200, answer
            yield answer.body
            link = answer.headers["Link"]
            path = link[1 : link.index(">")] if link else None

    def names(self) -> list[str]:
        """The names in the whole list."""
        return [item["name"] for body in self.pages() for item in json.loads(body)]

    def raw(self, data: bytes, *, half_close: bool = False, seconds: float = 10) -> bytes:
        """What comes back for these bytes, until the service closes the connection."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=seconds) as connection:
            connection.sendall(data)
            if half_close:
                connection.shutdown(socket.SHUT_WR)
            answer = b""
            while chunk := connection.recv(65536):
                answer += chunk
            return answer

    def await_status(self, path: str, status: int, seconds: float = SECONDS_TO_START) -> None:
        """Wait until a GET of the path has this status."""

        def answers() -> bool:
            if self.process.poll() is not None:
                pytest.fail(f"gunicorn ended with {self.process.returncode}: {self.log.read_text()}")
            try:
                return self.get(path).status == status
            except (ConnectionError, http.client.HTTPException, TimeoutError):
                return False

        wait_until(answers, seconds, f"GET {path} with status {status}; log: {self.log.read_text()[-2000:]}")

    def workers(self) -> list[psutil.Process]:
        """The worker processes."""
        return psutil.Process(self.process.pid).children()

    def pause(self) -> None:
        """SIGSTOP for the arbiter and every worker."""
        arbiter = psutil.Process(self.process.pid)
        for process in (arbiter, *arbiter.children()):
            process.suspend()

    def resume(self) -> None:
        """SIGCONT for what was paused; the workers first, so that the arbiter does not take them for dead."""
        arbiter = psutil.Process(self.process.pid)
        for process in (*arbiter.children(), arbiter):
            process.resume()

    def kill_all(self) -> None:
        """kill -9 for the arbiter and every worker, as close together as can be."""
        arbiter = psutil.Process(self.process.pid)
        arbiter.suspend()  # so that it starts no new worker in between
        family = [arbiter, *arbiter.children()]
        for process in family:
            process.kill()
        self.process.wait(10)
        psutil.wait_procs(family, timeout=10)

    def restart(self) -> None:
        """Start again what was killed, on the same port and store."""
        self.process = self._start()
        self.await_status("/ready", 200)

    def stop(self) -> int:
        """End it as `docker compose stop` does, and return its exit code."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.kill_all()
            raise
