"""Runs from start to end with Compose: their exit codes, what they leave, and what a lost worker does to them."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import time
from typing import TYPE_CHECKING

import pytest

from tests.support.running_service import PATIENT, wait_until
from tests.support.stack import Stack, docker, get, seconds_since, stack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.docker, pytest.mark.timeout(600)]

SHORT = {"LAB_PLAN": "smoke", "LAB_RUN_TIME": "3s", "LAB_SETTLE": "1s", "LAB_LIMITS": PATIENT}
# An exit code must come out 20 times of 20: STACK_REPETITIONS=20 pytest tests/test_stack_runs.py -k exits_with_0
REPETITIONS = int(os.environ.get("STACK_REPETITIONS", "1"))
SOMEBODY = 1234


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with stack(tmp_path_factory.mktemp("lab")) as made:
        if os.geteuid() == 0:  # who is not root is somebody already
            os.chown(made.results, SOMEBODY, SOMEBODY)
        yield made


@pytest.fixture(scope="module")
def failed(lab: Stack) -> Path:
    """The folder of a run beyond a limit."""
    code, output = lab.run("--scale", "worker=2", **{**SHORT, "LAB_LIMITS": "p95<=1us"})
    assert code == 3, output
    return (lab.results / "latest").resolve()


@pytest.mark.parametrize("repetition", range(REPETITIONS))
def test_a_run_within_its_limits_exits_with_0(lab: Stack, repetition: int) -> None:
    code, output = lab.run("--scale", "worker=4", **SHORT)
    assert code == 0, output
    assert lab.verdict()["verdict"] == "PASS"


def test_a_run_beyond_a_limit_exits_with_3_and_says_which_and_by_how_much(failed: Path) -> None:
    verdict = json.loads((failed / "verdict.json").read_text())
    assert (verdict["verdict"], verdict["limits"][0]["kept"]) == ("FAIL", False)
    assert "p95<=1us" in verdict["sentence"]


def test_finished_runs_are_compared_in_a_container_by_the_names_that_the_shell_spelled_out(
    lab: Stack, failed: Path
) -> None:
    other = failed.with_name("2026-01-01T00-00-00Z-smoke")
    shutil.copytree(failed, other)
    runs = [other.name, failed.name]
    done = lab.compose("run", "--rm", "-T", "lab", "compare", *(f"results/{name}" for name in runs), "--anyway")
    shutil.rmtree(other)
    assert (done.returncode, "too few repeats to tell" in done.stdout) == (4, True), done.stdout


def test_what_a_verb_writes_belongs_to_the_owner_of_the_folder(lab: Stack, failed: Path) -> None:
    owner = lab.results.stat().st_uid
    os.chown(lab.folder / "scenario", owner, -1)
    (failed / "report.html").unlink()
    done = lab.compose("run", "--rm", "-T", "lab", "report", "latest")
    assert done.returncode == 0, done.stdout
    assert (failed / "report.html").stat().st_uid == owner


@pytest.mark.alone
def test_a_target_that_is_not_there_ends_the_run_with_1_within_30_seconds(lab: Stack) -> None:
    start = time.monotonic()
    code, output = lab.run("--scale", "api=0", "--scale", "worker=2", LAB_PLAN="smoke")
    assert code == 1, output
    assert seconds_since(start) < 30
    assert "http://api:5000 cannot be reached" in output


def test_a_service_that_fails_at_its_start_ends_the_run_and_says_why(lab: Stack) -> None:
    start = time.monotonic()
    code, output = lab.run("--scale", "worker=2", **SHORT, API_PAGE_LIMIT="x")
    assert code == 1, output
    assert seconds_since(start) < 60
    assert "API_PAGE_LIMIT='x' is not possible" in output


def test_acknowledged_writes_that_are_lost_end_in_3_though_all_limits_are_kept(lab: Stack) -> None:
    """There are as many writers as leave no gunicorn worker without one."""
    writers = {**SHORT, "LAB_PLAN": "steady", "LAB_CONTRIBUTOR_WEIGHT": "9", "LAB_THINK_TIME": "0.1s-0.3s"}
    code, output = lab.run("--scale", "worker=2", **writers, API_DATABASE_URL="memory://", WEB_CONCURRENCY="4")
    assert code == 3, output
    verdict = lab.verdict()
    assert verdict["ledger"]["lost"] > 0
    assert all(limit["kept"] for limit in verdict["limits"])
    assert verdict["seconds"] <= 20


def test_results_belong_to_the_owner_of_their_folder(lab: Stack, failed: Path) -> None:
    assert failed.is_dir()
    entries = [path.lstat() for path in (lab.results, *lab.results.rglob("*"))]
    assert len(entries) > 10
    owner = SOMEBODY if os.geteuid() == 0 else os.geteuid()
    assert {entry.st_uid for entry in entries} == {owner}
    assert all(stat.S_ISLNK(entry.st_mode) or entry.st_mode & stat.S_IWUSR for entry in entries)


def test_a_run_survives_the_loss_of_a_worker_and_names_it(lab: Stack) -> None:
    lab.up("--scale", "worker=4", LAB_PLAN="steady", LAB_RUN_TIME="20s", LAB_SETTLE="1s", LOCUST_AUTOQUIT="0")
    wait_until(lambda: lab.users() == 20, 30, "20 users")
    docker("kill", lab.containers("worker")[0])
    wait_until(lambda: lab.users_of_workers(3) == 20, 15, "20 users again, on three workers")
    assert docker("wait", lab.inspect("master")["Id"]) == "0"
    verdict = lab.verdict()
    assert verdict["complete"] is True
    assert "worker" in verdict["sentence"].lower()


def test_one_command_ends_all_load_within_two_seconds(lab: Stack) -> None:
    """As SECURITY.md has it, measured at the service: it has no request any more, though nobody has stopped the run."""
    lab.up("--scale", "worker=3", LAB_PLAN="steady", LOCUST_USERS="30", LOCUST_SPAWN_RATE="30", LOCUST_AUTOQUIT="0")
    wait_until(lambda: lab.users() == 30, 60, "30 users")
    before = answered(lab)
    wait_until(lambda: answered(lab) > before + 20, 20, "load at the service")
    began = time.monotonic()
    assert lab.compose("kill", "worker").returncode == 0
    time.sleep(max(0.0, began + 2 - time.monotonic()))
    count = answered(lab)
    time.sleep(2)
    assert answered(lab) == count, "two seconds after the command was given, nobody asks any more"
    docker("wait", lab.inspect("master")["Id"], seconds=60)
    verdict = lab.verdict()
    assert (verdict["verdict"], verdict["interrupted_by"]) == ("INVALID", "the loss of all its workers"), verdict


def answered(lab: Stack) -> float:
    """How many requests for testing types the service has answered."""
    page = get(f"{lab.api}/metrics")[2]
    return sum(
        map(float, re.findall(rb'^api_requests_total\{[^}]*route="/tests[^}]*\} ([0-9.e+]+)', page, re.MULTILINE))
    )
