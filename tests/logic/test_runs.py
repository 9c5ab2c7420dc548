"""`lab runs`: what is listed, and what is removed: nothing but old runs of the lab, and only when that is said."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path

import pytest

from tests.support.commands import run_lab

RUNS = Path(__file__).parents[1] / "data" / "runs"
STEADY, SMOKE, CAPACITY = (
    f"2026-01-0{day}T10-00-00Z-{plan}" for day, plan in ((1, "steady"), (2, "smoke"), (3, "capacity"))
)


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three old runs, of which the newest is `latest`, one with a name of its own, and what is no run."""
    for name in (STEADY, SMOKE, CAPACITY):
        shutil.copytree(RUNS / name.rpartition("-")[2], tmp_path / name)
    shutil.copytree(RUNS / "steady", tmp_path / "before-1")
    (tmp_path / "2026-01-01T09-00-00Z-scaling").mkdir()
    (tmp_path / "2026-01-01T09-00-00Z-ab").mkdir()
    (tmp_path / "my-notes").mkdir()
    (tmp_path / "latest").symlink_to(CAPACITY)
    monkeypatch.setenv("LAB_RESULTS", str(tmp_path))
    return tmp_path


def there(results: Path) -> set[str]:
    return {path.name for path in results.iterdir()}


def test_runs_are_listed_the_newest_first(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_lab("runs") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[0] for line in lines[1:5]] == [CAPACITY, SMOKE, STEADY, "before-1"]
    assert "197 req/s" in lines[3]
    assert "http://127.0.0.1:5900" in lines[3]
    assert lines[-1].startswith("4 runs, ")
    assert run_lab("runs", "--most", "1") == 0
    assert "3 older ones are not listed" in capsys.readouterr().out
    assert run_lab("runs", "--json") == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in rows] == [CAPACITY, SMOKE, STEADY, "before-1"]
    assert (rows[2]["verdict"], rows[2]["exit_code"], rows[2]["running"]) == ("PASS", 0, False)
    assert rows[2]["bytes"] == sum(path.stat().st_size for path in (results / STEADY).iterdir())


def test_without_a_run_it_says_how_to_make_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LAB_RESULTS", str(tmp_path / "nowhere"))
    assert run_lab("runs") == 0
    assert "There is no run in" in capsys.readouterr().out


def test_old_runs_are_named_and_removed_only_when_that_is_said(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = there(results)
    assert run_lab("runs", "prune", "--keep", "1") == 0
    said = capsys.readouterr().out
    assert [line for line in said.splitlines() if "would go: " in line and (SMOKE in line or STEADY in line)]
    assert "nothing was removed; --yes removes them" in said
    assert there(results) == before
    assert run_lab("runs", "prune", "--keep", "1", "--yes") == 0
    assert there(results) == before - {SMOKE, STEADY}
    assert "2 runs, " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "gone"),
    [
        (["--keep", "0"], {SMOKE, STEADY}),  # latest stays
        (["--older", "1h"], {SMOKE, STEADY}),
        (["--older", "99999d"], set()),
        (["--keep", "2", "--older", "1h"], {STEADY}),
        (["--keep", "5"], set()),
    ],
)
def test_keep_and_older_say_which_go(results: Path, words: list[str], gone: set[str]) -> None:
    before = there(results)
    assert run_lab("runs", "prune", *words, "--yes") == 0
    assert before - there(results) == gone


def test_what_runs_or_is_not_only_the_labs_stays(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A run that is going on has a verdict on what it has so far, and writes each second."""
    verdict = json.loads((results / SMOKE / "verdict.json").read_text()) | {"complete": False}
    (results / SMOKE / "verdict.json").write_text(json.dumps(verdict))
    (results / STEADY / "notes.txt").write_text("a person's")
    os.utime(results / CAPACITY / "verdict.json")
    assert run_lab("runs", "prune", "--keep", "0", "--yes") == 0
    assert {SMOKE, STEADY, CAPACITY} <= there(results)
    said = capsys.readouterr().err
    assert f"{SMOKE}: it is running" in said
    assert f"{STEADY}: notes.txt in it is not the lab's" in said
    assert f"{CAPACITY}: latest points to it" in said
    long_ago = time.time() - 3600
    for path in (results / SMOKE).iterdir():
        os.utime(path, (long_ago, long_ago))
    assert run_lab("runs", "prune", "--keep", "0", "--yes") == 0
    assert SMOKE not in there(results)


def test_a_link_is_never_followed(results: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    shutil.copytree(RUNS / "soak", elsewhere / "run")
    (results / "2026-01-01T08-00-00Z-soak").symlink_to(elsewhere / "run")
    (results / STEADY / "linked").symlink_to(elsewhere)
    assert run_lab("runs", "prune", "--keep", "0", "--yes") == 0
    assert (elsewhere / "run" / "verdict.json").is_file()
    assert STEADY in there(results)


@pytest.mark.parametrize("words", [[], ["--older", "30"], ["--older", "soon"], ["--keep", "-1"]])
def test_what_cannot_be_is_wrong_usage(results: Path, words: list[str]) -> None:
    assert run_lab("runs", "prune", *words) == 2
    assert len(there(results)) == 8
