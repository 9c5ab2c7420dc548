"""`lab run`: one run from its start to its verdict, as processes, and by Compose (here a stand-in)."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.commands import run
from tests.support.commands import run_lab
from tests.support.local import Local
from tests.support.running_service import PATIENT, ROOT, wait_until

SHORT = ("--plan", "smoke", "--time", "2s", "--no-docker")
QUICK = {"LAB_SETTLE": "1s", "LAB_NEIGHBOURS": "accept", "LAB_LIMITS": PATIENT}
DOCKER = """#!/usr/bin/env bash
# Compose of a stand-in: notes how it is called, and leaves a copy of a run
[[ $1 != info ]] || exit "${NO_ENGINE:-0}"
printf '%s | %s %s %s\\n' "$*" "$LAB_PLAN" "$LOCUST_HOST" "$LAB_LIMITS" >>"$CALLS"
[[ $* != *" ps "* ]] || { printf '%s' "${IS_UP:-}"; exit; }
[[ $* == *" up "* ]] || exit 0
echo '#12 building'
echo 'api-1     | [INFO] Booting worker'
printf '\\033[2K'
echo 'master-1  | [now] vm/INFO/lab.engine.gate: 2 workers are there'
[[ -z ${BREAKS:-} ]] || { echo 'master-1 exited (2)'; exit 1; }
cp -R "$ORIGINAL" results/2026-01-02T03-04-05Z-steady
echo 'master-1  | PASS: steady'
exit "${CODE:-0}"
"""


@pytest.fixture
def local(tmp_path: Path) -> Iterator[Local]:
    started = Local(tmp_path)
    yield started
    started.end()


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the lab with a docker of its own, and the file in which that notes its calls."""
    for name in ("bin", "results"):
        (tmp_path / name).mkdir()
    (tmp_path / "docker-compose.yml").touch()
    docker = tmp_path / "bin" / "docker"
    docker.write_text(DOCKER)
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", f"{docker.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("CALLS", str(tmp_path / "calls"))
    monkeypatch.setenv("ORIGINAL", str(ROOT / "tests" / "data" / "runs" / "steady"))
    for name in ("LAB_PLAN", "LOCUST_HOST", "LAB_LIMITS", "LAB_FAULT"):
        monkeypatch.setenv(name, "")
    monkeypatch.setattr(run, "ROOT", tmp_path)
    return tmp_path / "calls"


def test_processes_run_to_a_verdict_whose_code_is_that_of_the_command(local: Local) -> None:
    local.start(str(ROOT / "lab"), "run", *SHORT, "--limits", "p95<=1us", "--json", **QUICK)
    assert local.process
    assert local.process.wait(90) == 3, local.log.read_text()
    said = local.log.read_text()
    verdict = json.loads(said[said.index("\n{\n") :])
    assert (verdict["verdict"], verdict["exit_code"], verdict["plan"]) == ("FAIL", 3, "smoke")
    assert "2 workers are there" in said
    assert "Booting worker" not in said
    (kept,) = local.results.glob("2*/output.log")
    assert "Booting worker" in kept.read_text()


def test_a_signal_ends_it_in_order_and_what_there_is_is_judged(local: Local) -> None:
    words = ("--plan", "steady", "--users", "4", "--no-docker")
    local.start(str(ROOT / "lab"), "run", *words, **QUICK)
    wait_until(lambda: local.users() == 4, 60, "4 users")
    assert local.process
    local.process.send_signal(signal.SIGTERM)
    assert local.process.wait(40) == 5, local.log.read_text()
    assert local.verdict()["exit_code"] == 5


def test_compose_is_used_where_an_engine_answers(calls: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run_lab("run", "--workers", "3", "--limits", "p95<=900ms") == 0
    out, err = capfd.readouterr()
    assert out.startswith("PASS: steady kept all its limits")
    assert "2 workers are there" in err
    assert "building" not in err
    assert "Booting" not in err
    up, down = [line for line in calls.read_text().splitlines() if " up " in line or " down" in line]
    assert "up --no-color --exit-code-from master --scale worker=3 --scale door=0 | steady  p95<=900ms" in up
    assert down.startswith("compose down")
    log = calls.parent / "results" / "2026-01-02T03-04-05Z-steady" / "output.log"
    assert "#12 building" in log.read_text()


@pytest.mark.parametrize(
    ("words", "off", "profile"),
    [
        (("--target", "http://shop:80"), "--scale api=0 --scale door=0", ""),
        (("--target", "http://proxy:8080", "--profile", "proxy"), "worker=2 --scale door=0", "--profile proxy up"),
    ],
)
def test_the_labs_own_service_is_started_where_it_is_asked(
    calls: Path, words: tuple[str, ...], off: str, profile: str
) -> None:
    assert run_lab("run", *words) == 0
    (up,) = [line for line in calls.read_text().splitlines() if " up " in line]
    assert off in up
    assert profile in up
    assert f"| steady {words[1]} " in up


def test_a_lab_that_failed_beside_its_verdict_does_not_end_in_0(
    calls: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CODE", "137")
    assert run_lab("run") == 1
    assert "the lab itself ended with exit code 1" in capfd.readouterr().err
    assert calls.is_file()


def test_without_a_verdict_what_was_said_is_shown(
    calls: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BREAKS", "1")
    assert run_lab("run") == 2, "Compose ends with 1 itself where the master ends with 2"
    said = capfd.readouterr().err
    assert "#12 building" in said
    assert "NO VERDICT: the lab ended with exit code 2" in said
    assert "down" in calls.read_text()


@pytest.mark.parametrize(
    ("knobs", "words", "code", "said"),
    [
        ({"IS_UP": "abc"}, [], 1, "runs already: docker compose down"),
        ({"NO_ENGINE": "1"}, ["--docker"], 1, "no engine with Compose answers"),
        ({}, ["--docker", "--target", "http://127.0.0.1:3000"], 2, "is a container's own loopback"),
        ({"NO_ENGINE": "1"}, ["--profile", "proxy"], 2, "--profile is for Compose"),
        ({}, ["--plan", "manual"], 2, "a person starts in the UI"),
        ({"WORKERS": "0"}, [], 2, "0 is not in the range"),
        ({"LOCUST_USERS": "abc"}, ["--no-docker"], 2, "LOCUST_USERS=abc: takes a whole number of 1 or more\n"),
        ({"LAB_TIMEOUT": "abc"}, ["--no-docker"], 2, "LAB_TIMEOUT=abc: takes a time such as"),
        ({}, ["--no-docker", "--limits", "availability>=99%"], 2, "LAB_LIMITS: "),
    ],
)
def test_what_cannot_be_run_is_refused_before_anything_starts(  # noqa: PLR0917
    calls: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    knobs: dict[str, str],
    words: list[str],
    code: int,
    said: str,
) -> None:
    for name, value in knobs.items():
        monkeypatch.setenv(name, value)
    assert run_lab("run", *words) == code
    assert said in capfd.readouterr().err
    assert not calls.is_file() or " up " not in calls.read_text()


def test_in_a_container_it_says_what_to_call_instead(tmp_path: Path) -> None:
    """There the lab is in /lab, without the Compose file."""
    (tmp_path / "lab").symlink_to(ROOT / "locust" / "lab")
    code = (
        f"from pathlib import Path; from lab.commands import run, lab; run.ROOT = Path({str(tmp_path)!r}); lab(['run'])"
    )
    environ = {**os.environ, "PYTHONPATH": str(ROOT / "locust")}
    done = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "--exit-code-from master" in done.stderr
