"""Folders of earlier versions are still read, compared, judged again alike, and shown."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from lab import limits
from lab.commands.judge import judge_again
from lab.history import groups, past_runs
from lab.report import render
from lab.results import record as records

RUNS = sorted(path for path in (Path(__file__).parents[1] / "data" / "runs").iterdir() if path.is_dir())


def test_there_is_a_folder_of_each_plan() -> None:
    plans = {json.loads((folder / "verdict.json").read_text())["plan"] for folder in RUNS}
    assert plans >= {"capacity", "peak", "ramp", "smoke", "soak", "spike", "steady"}


@pytest.mark.parametrize("folder", RUNS, ids=lambda folder: folder.name)
def test_an_old_run_is_read_and_judged_as_it_was(folder: Path) -> None:
    before = json.loads((folder / "verdict.json").read_text())
    again = judge_again(folder, None)
    assert (again.verdict, again.exit_code) == (before["verdict"], before["exit_code"])
    assert [row["text"] for row in again.document["limits"]] == [row["text"] for row in before["limits"]]
    record = records.from_folder(folder)
    assert (record.plan, record.verdict) == (before["plan"], before)
    assert record.steps
    assert record.samples
    assert all(step.limit_ms is not None for step in record.steps)


@pytest.mark.parametrize("folder", RUNS, ids=lambda folder: folder.name)
def test_an_old_run_is_compared_and_shown(folder: Path) -> None:
    past = past_runs.read(folder)
    assert groups.compare([past], [past], spread=0.05).changes
    assert past.verdict["verdict"] in render(folder)


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("steady", "outage<=3s", "outage<=3s cannot be judged"),
        ("steady", "exceptions<=0", "exceptions<=0 cannot be judged"),
        ("steady", "p95<=900ms in 10s", "p95<=900ms in 10s cannot be judged"),
        ("steady", "availability>=99%", "is a limit of plan soak"),
        ("capacity", "rps>=1", "plan capacity takes at least one limit"),
    ],
)
def test_what_an_old_run_did_not_measure_is_not_guessed(name: str, text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        judge_again(next(folder for folder in RUNS if folder.name == name), limits.parse(text))


def test_the_availability_of_an_old_soak_is_known() -> None:
    folder = next(folder for folder in RUNS if folder.name == "soak")
    assert judge_again(folder, limits.parse("availability>=99.9%")).verdict == "PASS"


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (None, "FAIL"),  # its own limits, of which one is implied
        ("p95<=900ms", "FAIL"),  # others, which name no outage: what the run accepted of these still holds
        ("p95<=900ms outage<=10s", "PASS"),  # others that do
    ],
)
def test_a_standstill_is_not_forgotten_by_judging_again(text: str | None, word: str, tmp_path: Path) -> None:
    shutil.copytree(next(folder for folder in RUNS if folder.name == "steady"), tmp_path, dirs_exist_ok=True)
    steps, verdict = (json.loads((tmp_path / name).read_text()) for name in ("steps.json", "verdict.json"))
    steps["steps"][0]["silent_seconds"] = 8
    (outage,) = (limit for limit in limits.with_implied((), 5) if limit.measure == limits.OUTAGE)
    verdict["limits"] += [finding.row() for finding in limits.judge([outage], {}, 0)]
    (tmp_path / "steps.json").write_text(json.dumps(steps))
    (tmp_path / "verdict.json").write_text(json.dumps(verdict))
    again = judge_again(tmp_path, limits.parse(text) if text else None)
    assert again.verdict == word
    assert ("no answer for 8 s" in again.sentence) is (word == "FAIL")
