"""The lab without Docker, started as a person starts it, in a terminal of its own."""

from __future__ import annotations

import json
import os
import pty
import subprocess
from typing import TYPE_CHECKING, Any

import psutil

from tests.support.stack import KNOBS, ROOT, get, quiet_port

if TYPE_CHECKING:
    from pathlib import Path


class Local:
    """Starts what a person starts, with ports, store and results of the test's own."""

    def __init__(self, folder: Path) -> None:
        self.results = folder / "results"
        self.log = folder / "log"
        self.ui = quiet_port()
        master = quiet_port()
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(KNOBS)}
        self._environ = inherited | {
            "API_PORT": str(quiet_port()),
            "API_DATABASE_URL": f"sqlite:///{folder}/lab.db",
            "LAB_RESULTS": str(self.results),
            "LOCUST_WEB_PORT": str(self.ui),
            "LOCUST_MASTER_BIND_PORT": str(master),
            "LOCUST_MASTER_NODE_PORT": str(master),
            "WORKERS": "2",
        }
        self._terminal, self._inside = pty.openpty()
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *command: str, **knobs: str) -> None:
        """Starts the command in a terminal of its own."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self._environ | knobs,
                stdin=self._inside,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=self._take_terminal,  # noqa: PLW1509 - no thread runs while the test starts it
            )

    def _take_terminal(self) -> None:
        # opening a terminal without having one makes it the session's own, so that its Ctrl-C arrives
        os.close(os.open(os.ttyname(self._inside), os.O_RDWR))

    def run(self, *processes: str, **knobs: str) -> tuple[int, str]:
        """Runs a plan to its end: the exit code and all that was printed."""
        self.start("./local.sh", *processes, **knobs)
        assert self.process
        return self.process.wait(90), self.log.read_text()

    def press_ctrl_c(self) -> None:
        """Types Ctrl-C in the terminal."""
        os.write(self._terminal, b"\x03")

    def stats(self) -> dict[str, Any]:
        """The UI's own numbers; none while it is not up."""
        try:
            answer: dict[str, Any] = json.loads(get(f"http://127.0.0.1:{self.ui}/stats/requests")[2])
        except OSError:
            return {"user_count": 0, "workers": []}
        return answer

    def users(self) -> int:
        """The users that the connected workers have at the moment."""
        return sum(worker["user_count"] for worker in self.stats()["workers"] if worker["state"] != "missing")

    def users_of_workers(self, count: int) -> int:
        """The users at the moment, if so many workers are connected; otherwise none."""
        workers = [worker for worker in self.stats()["workers"] if worker["state"] != "missing"]
        return sum(worker["user_count"] for worker in workers) if len(workers) == count else 0

    def family(self) -> list[psutil.Process]:
        """All processes that came of the command and still run."""
        if not self.process or self.process.poll() is not None:
            return []
        return [psutil.Process(self.process.pid), *psutil.Process(self.process.pid).children(recursive=True)]

    def forked_workers(self) -> list[psutil.Process]:
        """The workers, without the one that they were forked from."""
        workers = [process for process in self.family() if "--worker" in process.cmdline()]
        return [worker for worker in workers if worker.parent() in workers]

    def service(self) -> psutil.Process:
        """The gunicorn that all its workers came of."""
        return next(process for process in self.family() if "api/gunicorn.conf.py" in process.cmdline())

    def verdict(self) -> dict[str, Any]:
        """The newest verdict."""
        read: dict[str, Any] = json.loads((self.results / "latest" / "verdict.json").read_text())
        return read

    def end(self) -> None:
        """Leaves nothing behind, whatever the test left."""
        for process in self.family():
            process.kill()
        if self.process:
            self.process.wait(10)
        os.close(self._terminal)
        os.close(self._inside)
