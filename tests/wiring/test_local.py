"""The lab without Docker: the same topology as plain processes, with the same exit codes, and nothing left of it."""

from __future__ import annotations

import json
import os
import pty
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from tests.support.running_service import PATIENT, wait_until
from tests.support.stack import KNOBS, ROOT, get, quiet_port

if TYPE_CHECKING:
    from collections.abc import Iterator

SHORT = {"LAB_PLAN": "smoke", "LAB_RUN_TIME": "2s", "LAB_SETTLE": "1s", "LOCUST_AUTOQUIT": "0", "LAB_LIMITS": PATIENT}


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


@pytest.fixture
def local(tmp_path: Path) -> Iterator[Local]:
    started = Local(tmp_path)
    yield started
    started.end()


def test_a_run_beyond_a_limit_exits_with_3(local: Local) -> None:
    code, output = local.run(**{**SHORT, "LAB_LIMITS": "p95<=1us"})
    assert code == 3, output
    assert "FAIL: " in output


def test_the_swarm_alone_exits_with_1_where_its_target_is_not_there(local: Local) -> None:
    code, output = local.run("master", "worker", **SHORT, LAB_TARGET_WAIT="1s")
    assert code == 1, output
    assert "cannot be reached" in output


def test_a_port_in_use_is_named_with_its_knob(local: Local) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", local.ui))
        taken.listen()
        code, output = local.run(**SHORT)
    assert code == 1, output
    assert f"port {local.ui} is in use" in output
    assert "LOCUST_WEB_PORT" in output


@pytest.mark.parametrize("plan", ["manual", "steady"])
def test_a_service_that_dies_ends_the_lab_with_1_and_is_told(local: Local, plan: str) -> None:
    local.start("./local.sh", LAB_PLAN=plan, LOCUST_USERS="4")
    wait_until(lambda: len(local.stats()["workers"]) == 2, 30, "2 workers")
    if plan != "manual":
        wait_until(lambda: local.users() == 4, 30, "4 users")
    local.service().kill()
    assert local.process
    assert local.process.wait(30) == 1, local.log.read_text()
    assert "a process of the lab ended before the master" in local.log.read_text()


@pytest.mark.parametrize(
    ("knob", "code"),
    [("API_PAGE_LIMIT", 1), ("LAB_LIMITS", 2), ("WORKERS", 2)],
)
def test_a_wrong_knob_ends_the_lab_and_is_named(local: Local, knob: str, code: int) -> None:
    ended, output = local.run(**{knob: "x"})
    assert ended == code, output
    assert knob in output


def test_a_run_survives_the_loss_of_a_worker_and_names_it(local: Local) -> None:
    local.start("./local.sh", **{**SHORT, "LAB_PLAN": "steady", "LAB_RUN_TIME": "12s"}, WORKERS="3")
    wait_until(lambda: local.users() == 20, 30, "20 users")
    local.forked_workers()[0].send_signal(signal.SIGKILL)
    wait_until(lambda: local.users_of_workers(2) == 20, 15, "20 users again, on two workers")
    assert local.process
    assert local.process.wait(60) == 0, local.log.read_text()
    assert "worker" in local.verdict()["sentence"].lower()


@pytest.mark.alone
def test_ctrl_c_ends_all_of_it_and_keeps_the_run(local: Local) -> None:
    local.start("make", "local", LAB_PLAN="steady", LOCUST_USERS="4")
    wait_until(lambda: local.users() == 4, 30, "4 users")
    family = local.family()
    assert len(family) > 6
    start = time.monotonic()
    local.press_ctrl_c()
    _, alive = psutil.wait_procs(family, timeout=10)
    assert not [process for process in alive if process.status() != psutil.STATUS_ZOMBIE], local.log.read_text()
    assert time.monotonic() - start < 10
    assert local.verdict()["exit_code"] == 5
