"""`make scaling`: its runs through Compose (here a stand-in), what it tells, and its page."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from lab.history import past_runs
from scaling.__main__ import SIGNALS, main
from tests.support import programs, sample_run
from tests.support.stack import ROOT


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with results/, a run to copy, and a docker of its own."""
    sample_run.capacity(tmp_path / "original")
    (tmp_path / "results").mkdir()
    (tmp_path / "bin").mkdir()
    docker = tmp_path / "bin" / "docker"
    program = Path(programs.__file__).with_name("stand_in_docker.py").read_text()
    docker.write_text(f"#!{sys.executable}\n{program}")
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", f"{docker.parent}{os.pathsep}{os.environ['PATH']}")
    return tmp_path


def calls(lab: Path) -> list[tuple[list[str], dict[str, Any]]]:
    return [json.loads(line) for line in (lab / "calls").read_text().splitlines()]


def ups(lab: Path) -> tuple[list[list[str]], list[dict[str, Any]]]:
    """Each start of the stack: its command, and the knobs of its environment."""
    found = [call for call in calls(lab) if "up" in call[0]]
    return [command for command, _ in found], [told for _, told in found]


def scaled(commands: list[list[str]]) -> list[str]:
    """How many replicas the commands ask for."""
    return [part for command in commands for part in command if part.startswith("api=")]


def document(lab: Path) -> dict[str, Any]:
    (folder,) = (lab / "results").glob("*-scaling")
    told: dict[str, Any] = json.loads((folder / "scaling.json").read_text())
    return told


def test_replicas_are_run_in_turns_behind_the_proxy_and_checked(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--replicas", "1", "2", "3", "--workers", "2", "--need", "300"], lab) == 0
    commands, knobs = ups(lab)
    assert scaled(commands) == [f"api={size}" for size in (1, 2, 3, 1, 2, 3, 4)]
    assert all("worker=2" in command and "proxy" in command for command in commands)
    assert {told["LOCUST_HOST"] for told in knobs} == {"http://proxy:8080"}
    assert [told["LAB_PLAN"] for told in knobs] == ["capacity"] * 6 + ["peak"]
    assert knobs[-1]["LAB_PEAK_RPS"] == "300"
    assert calls(lab)[-1][0][-1] == "down"
    said = capsys.readouterr().out
    assert "For 300 req/s you need 4 replicas; a run at that size says PASS: held." in said
    told = document(lab)
    assert told["law"]["alone_rps"] == pytest.approx(100, rel=0.03)
    assert [row["efficiency"] for row in told["sizes"]] == pytest.approx([1, 0.95, 0.91], abs=0.04)
    assert told["need"]["check"]["verdict"] == "PASS"


def test_cpus_are_counted_in_the_smallest(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--cpus", "0.2", "0.4", "0.6"], lab) == 0
    commands, knobs = ups(lab)
    assert [told["API_CPUS"] for told in knobs] == ["0.2", "0.4", "0.6"] * 2
    assert scaled(commands) == []
    assert "0.2 CPUs alone serve " in capsys.readouterr().out


def test_too_few_sizes_tell_no_law_and_no_number(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--replicas", "1", "2", "--need", "300"], lab) == 4
    assert "No law: 2 sizes are too few" in capsys.readouterr().out
    told = document(lab)
    assert (told["law"], told["need"]["size"], told["need"]["check"]) == (None, None, None)
    assert all(row["law_rps"] is None for row in told["sizes"])


def test_a_run_that_did_not_reach_its_capacity_is_left_out(lab: Path) -> None:
    assert main(["--replicas", "1", "2", "3", "9"], lab) == 0
    assert [row["why"] for row in document(lab)["left_out"]] == [
        "it did not reach the capacity (LAB_MAX_USERS)"
    ] * 4  # tried once more


def test_a_load_that_its_size_does_not_hold_is_told(lab: Path) -> None:
    (lab / "too-weak").touch()
    assert main(["--replicas", "1", "2", "3", "--need", "300"], lab) == 3
    assert "FAIL: not held." in document(lab)["sentence"]


def test_without_a_verdict_the_lab_has_failed_and_says_what_compose_said(
    lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(lab / "original")
    assert main(["--replicas", "1", "2", "3"], lab) == 1
    assert "no such service: master" in capsys.readouterr().out
    assert calls(lab)[-1][0][-1] == "down"


@pytest.mark.parametrize("wrong", [["--replicas", "0"], ["--replicas", "1.5"], ["--processes", "-1"], []])
def test_a_size_that_cannot_be_is_wrong_usage(lab: Path, wrong: list[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(wrong, lab)


def test_the_page_is_one_file_and_no_run(lab: Path) -> None:
    main(["--replicas", "1", "2", "3", "--need", "300"], lab)
    (folder,) = (lab / "results").glob("*-scaling")
    page = (folder / "scaling.html").read_text()
    assert "For 300 req/s you need 4 replicas" in page
    assert "default-src &#39;none&#39;" in page
    assert "<script src" not in page
    assert folder.name not in past_runs.names(lab / "results")


def test_make_and_the_program_have_the_same_sizes() -> None:
    makefile = (ROOT / "Makefile").read_text()
    assert all(f"--{name} " in makefile for name in ("replicas", "cpus", "processes", "workers", "repeats", "need"))


@pytest.mark.parametrize("number", SIGNALS)
def test_who_is_ended_takes_the_stack_down(lab: Path, number: signal.Signals) -> None:
    (lab / "cancelled").write_text(str(int(number)))
    with pytest.raises(SystemExit) as ended:
        main(["--replicas", "1", "2", "3"], lab)
    assert ended.value.code == 5
    assert calls(lab)[-1][0][-1] == "down"
    assert not list((lab / "results").iterdir())
