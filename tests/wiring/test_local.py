"""The lab without Docker: the same topology as plain processes, with the same exit codes, and nothing left of it."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.support.local import Local
from tests.support.running_service import PATIENT, ROOT, RunningService, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SHORT = {"LAB_PLAN": "smoke", "LAB_RUN_TIME": "2s", "LAB_SETTLE": "1s", "LOCUST_AUTOQUIT": "0", "LAB_LIMITS": PATIENT}
SHORT["LAB_NEIGHBOURS"] = "accept"  # other tests run beside these


@pytest.fixture
def local(tmp_path: Path) -> Iterator[Local]:
    started = Local(tmp_path)
    yield started
    started.end()


def test_a_verb_is_run_from_any_folder_and_exits_with_its_own_code(tmp_path: Path) -> None:
    """A folder may hold what is called as a module of the lab."""
    (tmp_path / "lab.py").write_text("raise SystemExit(9)")
    run = ROOT / "tests" / "data" / "runs" / "smoke"
    command = [str(ROOT / "lab"), "judge", str(run), "--limits", "p95<=1us"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout[:6]) == (3, "FAIL: "), done.stderr


def test_a_run_beyond_a_limit_exits_with_3(local: Local) -> None:
    code, output = local.run(**{**SHORT, "LAB_LIMITS": "p95<=1us"})
    assert code == 3, output
    assert "FAIL: " in output
    # what Locust says is in the run's folder, and not on the terminal
    assert "lab.engine.gate: 2 workers are there" in output
    assert not re.search(r"INFO/locust|Aggregated", output), output
    (kept,) = local.results.glob("2*/lab.log")
    assert re.search(
        r"Starting Locust(.|\n)*2 workers are there(.|\n)*All users spawned(.|\n)*Aggregated", kept.read_text()
    )
    assert "INFO/locust.main: Starting Locust" in kept.with_name("workers.log").read_text()


@pytest.mark.parametrize(
    "command", [("./local.sh",), ("./lab", "run", "--plan", "smoke", "--no-docker")], ids=["local.sh", "lab run"]
)
def test_a_signal_in_its_first_moments_is_no_traceback(local: Local, command: tuple[str, ...]) -> None:
    """To all of it, as a terminal does, while Python loads what could hear it; or to the one that was started."""
    silent = 0
    for case in range(20):
        number = (signal.SIGINT, signal.SIGTERM)[case % 2]
        local.start(*command, **SHORT)
        assert local.process
        time.sleep(0.02 + 0.015 * case)
        os.killpg(local.process.pid, number) if case % 4 < 2 else local.process.send_signal(number)
        code, said = local.process.wait(30), local.log.read_text()
        # before there is a shell that could hear it, and while that gives way to Python, the signal itself ends it
        silent += code == -number
        assert code in (5, -number), f"{code} after {number.name} number {case}: {said}"
        assert "Traceback" not in said, said
    assert silent <= 6
    assert "interrupted" in said


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


def test_one_command_ends_all_load_at_once(local: Local, tmp_path: Path) -> None:
    """Measured at the service. Load of other labs of this person would end as well: they are kept apart by TMPDIR."""
    service = RunningService(tmp_path, {"API_DATABASE_URL": "memory://", "WEB_CONCURRENCY": "1"})
    service.await_status("/ready", 200)
    temporary = {"TMPDIR": str(tmp_path)}
    (tmp_path / "lab-local.stale").mkdir()
    (tmp_path / "lab-local.stale" / "worker").write_text(str(service.process.pid))
    try:
        knobs = {"LAB_PLAN": "steady", "LOCUST_HOST": service.url, "LAB_THINK_TIME": "10ms", **temporary}
        local.start("./local.sh", "master", "worker", **knobs)
        wait_until(lambda: answered(service) > 100, 60, "load at the service")
        subprocess.run(["./local.sh", "kill"], cwd=ROOT, env={**os.environ, **temporary}, check=True, timeout=10)
        count = answered(service)
        time.sleep(1)
        assert answered(service) == count, "what no longer runs asks no more"
        assert local.process
        assert local.process.wait(30) == 1, local.log.read_text()
        assert service.process.poll() is None, "whoever has the number of workers that are gone is let be"
    finally:
        service.stop()


def answered(service: RunningService) -> float:
    """How many requests for testing types the service has answered."""
    found = re.findall(
        rb'^api_requests_total\{[^}]*route="/tests[^}]*\} ([0-9.e+]+)', service.get("/metrics").body, re.M
    )
    return sum(map(float, found))


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
