"""`lab scaling`: its runs through Compose (here a stand-in), what it tells and refuses, and its page."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from lab.commands import scaling as verb
from lab.history import past_runs
from scaling.job import NOT_REACHED, SIGNALS
from tests.support import programs, sample_run
from tests.support.commands import run_lab
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
    (tmp_path / "docker-compose.yml").touch()
    monkeypatch.setattr(verb, "ROOT", tmp_path)
    for name in ("LOCUST_HOST", "API_DATABASE_URL", "LAB_MAX_USERS", "LAB_SCENARIO", "WEB_CONCURRENCY", "POOL"):
        monkeypatch.setenv(name, "")
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
    assert run_lab("scaling", "--replicas", "1", "2", "3", "--workers", "2", "--need", "300") == 0
    commands, knobs = ups(lab)
    assert scaled(commands) == [f"api={size}" for size in (3, 2, 1, 1, 2, 3, 4)], "downwards and upwards"
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
    assert run_lab("scaling", "--cpus", "0.2", "0.4", "0.6") == 0
    commands, knobs = ups(lab)
    assert [told["cpus"] for told in knobs] == ["0.6", "0.4", "0.2", "0.2", "0.4", "0.6"]
    assert scaled(commands) == []
    assert "0.2 CPUs alone serve " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "knobs", "said"),
    [
        (["--replicas", "1", "2"], {}, "2 sizes give no law: it takes 3"),
        (["--replicas", "1", "2", "2"], {}, "2 sizes give no law"),
        (["--replicas", "1", "2", "3", "3"], {}, "a size is named twice"),
        (["--replicas", "1", "2", "3", "--repeats", "1"], {}, "3 runs are too few"),
        (["--replicas", "1", "2", "4"], {"LAB_MAX_USERS": "30"}, "LAB_MAX_USERS=30 is in the way: a search begins"),
        (["--replicas", "1", "2", "4", "--need", "300"], {"LAB_MAX_USERS": "200"}, "200 req/s at most, not 300"),
        (["--replicas", "1", "2", "3"], {"LAB_STEP_TIME": "x"}, "LAB_STEP_TIME"),
        (["--replicas", "1", "2", "3"], {"LAB_STOP": "breach"}, "LAB_STOP=breach"),
        (["--replicas", "1", "2", "3", "--service", "master"], {}, "takes one of api, postgres, proxy, shop"),
        (["--replicas", "1", "2", "3", "--service", "shop"], {}, "takes LOCUST_HOST, the URL of what shares"),
        (["--processes", "1", "2", "3", "--service", "shop"], {}, "takes --knob"),
        (["--cpus", "1", "2", "3", "--service", "postgres"], {}, "takes API_DATABASE_URL"),
        (["--replicas", "0", "1", "2"], {}, "--replicas"),
        (["--replicas", "1.5", "2", "3"], {}, "--replicas"),
        (["--cpus", "0", "1", "2"], {}, "--cpus"),
        ([], {}, "the sizes of one kind"),
        (["--replicas", "1", "2", "3", "--cpus", "1", "2", "3"], {}, "the sizes of one kind"),
    ],
)
def test_what_cannot_end_in_a_law_is_refused_before_anything_runs(  # noqa: PLR0917
    lab: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str],
    knobs: dict[str, str], said: str,
) -> None:  # fmt: skip
    for name, value in knobs.items():
        monkeypatch.setenv(name, value)
    assert run_lab("scaling", *words) == 2
    assert said in " ".join(capsys.readouterr().err.split())
    assert not (lab / "calls").exists() or not ups(lab)[0]


def test_a_largest_size_whose_capacity_is_out_of_reach_ends_it_at_once(
    lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_lab("scaling", "--replicas", "1", "2", "3", "9") == 4
    assert len(ups(lab)[0]) == 1
    said = capsys.readouterr().out
    assert "No law: the largest size was run first, and it did not reach the capacity (LAB_MAX_USERS" in said
    assert [row["why"] for row in document(lab)["left_out"]] == [NOT_REACHED]


def test_any_service_of_the_stack_grows(lab: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its profile, and behind what the person says."""
    monkeypatch.setenv("LOCUST_HOST", "http://balancer")
    assert run_lab("scaling", "--service", "shop", "--replicas", "1", "2", "3") == 0
    commands, knobs = ups(lab)
    assert [part for part in commands[0] if part.startswith(("shop=", "api="))] == ["shop=3", "api=0"]
    assert {told["LOCUST_HOST"] for told in knobs} == {"http://balancer"}
    monkeypatch.setenv("LOCUST_HOST", "")
    monkeypatch.setenv("API_DATABASE_URL", "postgresql://lab:lab@postgres/lab")
    assert run_lab("scaling", "--service", "postgres", "--cpus", "0.2", "0.4", "0.6") == 0
    command, told = [call for call in calls(lab) if "up" in call[0]][-1]
    assert (told["service"], told["cpus"]) == ("postgres", "0.6")
    assert command[command.index("--profile") + 1] == "postgres"
    assert not scaled([command])


@pytest.mark.parametrize(
    ("words", "knob"), [([], "WEB_CONCURRENCY"), (["--service", "shop", "--knob", "POOL"], "POOL")]
)
def test_processes_are_set_by_a_variable(lab: Path, words: list[str], knob: str) -> None:
    assert run_lab("scaling", "--processes", "1", "2", "3", *words) == 0
    assert [told[knob] for told in ups(lab)[1]] == ["3", "2", "1", "1", "2", "3"]


def test_a_load_that_its_size_does_not_hold_is_told(lab: Path) -> None:
    (lab / "too-weak").touch()
    assert run_lab("scaling", "--replicas", "1", "2", "3", "--need", "300") == 3
    assert "FAIL: not held." in document(lab)["sentence"]


def test_without_a_verdict_the_lab_has_failed_and_says_what_compose_said(
    lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(lab / "original")
    assert run_lab("scaling", "--replicas", "1", "2", "3") == 1
    assert "no such service: master" in capsys.readouterr().err
    assert calls(lab)[-1][0][-1] == "down"


def test_the_page_is_one_file_and_no_run(lab: Path) -> None:
    run_lab("scaling", "--replicas", "1", "2", "3", "--need", "300")
    (folder,) = (lab / "results").glob("*-scaling")
    page = (folder / "scaling.html").read_text()
    assert "For 300 req/s you need 4 replicas" in page
    assert "default-src &#39;none&#39;" in page
    assert "<script src" not in page
    assert folder.name not in past_runs.names(lab / "results")


def test_make_and_the_verb_have_the_same_options() -> None:
    makefile = (ROOT / "Makefile").read_text()
    names = ("replicas", "cpus", "processes", "workers", "repeats", "need", "service")
    assert all(f"--{name} " in makefile for name in names)


@pytest.mark.parametrize("number", SIGNALS)
def test_who_is_ended_takes_the_stack_down(lab: Path, number: signal.Signals) -> None:
    (lab / "cancelled").write_text(str(int(number)))
    assert run_lab("scaling", "--replicas", "1", "2", "3") == 5
    assert calls(lab)[-1][0][-1] == "down"
    assert not list((lab / "results").iterdir())
