"""`lab ab` on services of known slowness, and its way through git and Compose (here a stand-in)."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lab.ab import sides
from lab.history.past_runs import Past
from tests.support import calibrated
from tests.support.commands import run_lab
from tests.support.running_service import ROOT
from tests.support.stack import needs_engine

DOCKER = """#!/usr/bin/env bash
# leaves a copy of `original` where the Compose file of a run says, and notes how it was called
printf '%s\\n' "$*" >>"$CALLS"
[[ $* != *"image inspect"* ]] || exit "${MISSING:-0}"
if [[ $1 == build ]]; then cat "${*: -1}/what" >>"$CALLS"; fi
if [[ $* == *" up "* ]]; then
  file=$(sed -E 's/.*--file ([^ ]*ab[.]yml).*/\\1/' <<<"$*")
  cat "$file" >>"$CALLS"
  printf '\\nplan %s settle %s\\n' "$LAB_PLAN" "$LAB_SETTLE" >>"$CALLS"
  to=$(sed -E 's/.*"([^"]*):.results:z".*/\\1/' "$file")
  cp -R "$ORIGINAL" "$to/2026-01-02T03-04-$(printf %02d "$(ls "$to" | wc -l)")Z-steady"
fi
"""


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that a docker of its own notes its calls in."""
    (tmp_path / "bin").mkdir()
    docker = tmp_path / "bin" / "docker"
    docker.write_text(DOCKER)
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", f"{docker.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("LAB_NEIGHBOURS", "accept")
    monkeypatch.setenv("CALLS", str(tmp_path / "calls"))
    monkeypatch.setenv("ORIGINAL", str(ROOT / "tests" / "data" / "runs" / "steady"))
    monkeypatch.setenv("LAB_RESULTS", str(tmp_path / "results"))
    return tmp_path / "calls"


def told(results: Path) -> dict[str, Any]:
    """The newest ab.json."""
    document: dict[str, Any] = json.loads(max(results.glob("*-ab*/ab.json")).read_text())
    return document


def test_a_service_of_twice_the_time_is_worse(tmp_path: Path) -> None:
    """By URL: each run has a swarm of its own, and both services are left as they are."""
    knobs = {"LAB_RUN_TIME": "2s", "LOCUST_USERS": "8", "LOCUST_SPAWN_RATE": "50", "LAB_THINK_TIME": "0.05s-0.15s"}
    knobs |= {"LAB_WORKERS_SETTLE": "1s", "LAB_NEIGHBOURS": "accept", "LAB_LIMITS": "p95<=5s"}
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("LAB_", "LOCUST_"))}
    environ |= {**knobs, "LAB_RESULTS": str(tmp_path / "results"), "PYTHONPATH": str(ROOT / "locust")}
    quick = ("--slots", "20", "--service-time", "40ms", "--law", "even")
    slow = ("--slots", "20", "--service-time", "80ms", "--law", "even")
    with calibrated.running(*quick) as a, calibrated.running(*slow) as b:
        command = [sys.executable, "-P", "-m", "lab", "ab", "--a", a.url, "--b", b.url, "--pairs", "2"]
        done = subprocess.run(
            [*command, "--warm", "1s", "--workers", "1"],
            env=environ, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=240,
        )  # fmt: skip
    assert done.returncode == 3, done.stderr + done.stdout
    assert done.stdout.startswith("WORSE: p95 rose by ")
    document = told(tmp_path / "results")
    assert [len(pair) for pair in document["pairs"]] == [2, 2]
    (p95,) = [row for row in document["figures"] if row["decides"]]
    assert 1.6 < p95["ratio"] < 2.2
    summary = next((tmp_path / "results").glob("*-ab/summary.md")).read_text()
    assert summary.startswith("### WORSE: http:")


def test_images_take_the_place_of_the_service_and_are_started_anew(
    stand_in: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_lab("ab", "--a", "shop:1", "--b", "shop:2", "--pairs", "4", "--warm", "7s", "--workers", "3") == 0
    assert capsys.readouterr().out.startswith("SAME: ")
    calls = stand_in.read_text()
    ran = [line for line in calls.splitlines() if '"image"' in line]
    assert ["shop:1" in line for line in ran] == [True] + [True, False, False, True] * 2
    assert all('"build": !reset null' in line and '"pull_policy": "never"' in line for line in ran)
    assert calls.count("plan steady settle 7s") == calls.count("--scale worker=3 --scale door=0") == 9
    assert calls.count("down --volumes") == 9 + 2


def test_commits_are_built_from_work_trees_that_are_taken_away(stand_in: Path, tmp_path: Path) -> None:
    repository = tmp_path / "shop"
    repository.mkdir()

    def git(*words: str) -> str:
        who = ["-c", "user.name=t", "-c", "user.email=t@t"]
        return subprocess.run(
            ["git", *who, *words], cwd=repository, capture_output=True, text=True, check=True
        ).stdout.strip()

    git("init", "-q", "-b", "main")
    for text in ("before\n", "after\n"):
        (repository / "what").write_text(text)
        git("add", "what")
        git("commit", "-q", "-m", text)
    (repository / "what").write_text("not committed\n")
    words = ("--repository", str(repository), "--pairs", "2")
    assert run_lab("ab", "--a", "main~1", "--b", "main", *words) in {0, 4}
    calls = stand_in.read_text()
    assert [line for line in calls.splitlines() if line in {"before", "after", "not committed"}] == ["before", "after"]
    sha = git("rev-parse", "HEAD")
    assert f'"image": "lab-ab:{sha[:12]}"' in calls
    assert f"image rm lab-ab:{sha[:12]}" in calls
    assert git("worktree", "list").count("\n") == 0


def test_sides_of_two_kinds_and_an_image_that_is_not_there_are_refused(
    stand_in: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_lab("ab", "--a", "shop:1", "--b", "http://127.0.0.1:1") == 2
    assert "not of one kind" in capsys.readouterr().err
    monkeypatch.setenv("ORIGINAL", str(stand_in))
    monkeypatch.setenv("MISSING", "1")
    assert run_lab("ab", "--a", "shop:1", "--b", "shop:2") == 1
    assert "left no verdict" in capsys.readouterr().err


def test_an_interruption_leaves_what_is_known_and_takes_everything_away(
    stand_in: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    measure, ran = sides.measure, []

    def interrupted(side: sides.Side, lab: sides.Lab) -> Past:
        ran.append(side.name)
        if len(ran) == 5:
            os.kill(os.getpid(), signal.SIGTERM)
        return measure(side, lab)

    monkeypatch.setattr(sides, "measure", interrupted)
    assert run_lab("ab", "--a", "shop:1", "--b", "shop:2") == 5
    assert "It was interrupted." in capsys.readouterr().out
    assert len(told(tmp_path / "results")["pairs"]) == 1
    assert stand_in.read_text().count("down --volumes") >= 4 + 2


def test_compose_takes_the_image_for_the_build_and_keeps_the_run_elsewhere(tmp_path: Path) -> None:
    needs_engine()
    override = tmp_path / "ab.yml"
    override.write_text(sides.Image("shop:1", ROOT).override(tmp_path))
    files = ["--file", str(ROOT / "docker-compose.yml"), "--file", str(override)]
    done = subprocess.run(
        ["docker", "compose", *files, "config", "--format", "json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    services = json.loads(done.stdout)["services"]
    assert (services["api"]["image"], services["api"]["pull_policy"]) == ("shop:1", "never")
    assert "build" not in services["api"]
    assert services["api"]["environment"], "the rest of it stays"
    for name in ("master", "results"):
        kept = {volume["target"]: volume["source"] for volume in services[name]["volumes"]}
        assert kept["/results"] == str(tmp_path)


def test_names_are_commits_only_where_the_repository_has_them() -> None:
    assert sides.is_commit(ROOT, "HEAD")
    assert not sides.is_commit(ROOT, "shop:1")
    assert not sides.is_commit(ROOT, "--help")
