"""When did a figure change over many runs: found where it did, and nearly never where it did not."""

from __future__ import annotations

import json
import random
from math import exp
from pathlib import Path

import pytest
from click.testing import CliRunner

from lab.commands.runs import command
from lab.history.changes import FEWEST_RUNS, courses, shifts
from lab.history.comparison import RunFigure
from tests.support import sample_run
from tests.support.course_of_runs import results_of

RUNS = 200


def noisy(chance: random.Random, levels: list[tuple[int, float]], spread: float = 0.03) -> list[RunFigure]:
    """So many runs at each level, which scatter by that much."""
    return [RunFigure(level * exp(chance.gauss(0, spread))) for count, level in levels for _ in range(count)]


@pytest.mark.parametrize("count", [6, 12, 30])
def test_runs_that_are_alike_have_hardly_ever_changed(count: int) -> None:
    chance = random.Random(4)
    assert sum(bool(shifts(noisy(chance, [(count, 100.0)]))) for _ in range(RUNS)) <= 0.03 * RUNS


@pytest.mark.parametrize("ratio", [0.85, 1.2])
def test_a_change_is_found_where_it_was_and_its_size_is_right(ratio: float) -> None:
    chance, found, right = random.Random(5), 0, 0
    for _ in range(RUNS):
        seen = shifts(noisy(chance, [(10, 100.0), (8, 100.0 * ratio)]))
        found += len(seen) == 1 and abs(seen[0].at - 10) <= 1
        right += any(
            shift.moved.low <= ratio <= shift.moved.high for shift in seen if shift.moved.low and shift.moved.high
        )
    assert found >= 0.95 * RUNS
    assert right >= 0.95 * RUNS


def test_each_of_several_changes_is_found() -> None:
    levels = [(8, 100.0), (6, 130.0), (9, 90.0)]
    seen = shifts(noisy(random.Random(6), levels))
    assert [shift.at for shift in seen] == [8, 14]
    assert [round(shift.moved.ratio, 1) for shift in seen] == [1.3, 0.7]


@pytest.mark.parametrize("figures", [[], [100.0] * 2, [100.0] * 12, [100.0] * 6 + [150.0] * (FEWEST_RUNS - 1)])
def test_one_run_that_stands_out_is_no_change(figures: list[float]) -> None:
    assert shifts([RunFigure(figure) for figure in figures]) == []


def test_the_verb_says_since_which_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results = results_of(tmp_path / "results", [1.0, 1.01, 0.99, 1.0, 1.52, 1.49, 1.51])
    invalid = sample_run.starved(results / "2026-11-09T08-00-00Z-steady")
    monkeypatch.setenv("LAB_RESULTS", str(results))
    said = CliRunner().invoke(command, ["--changes"], standalone_mode=False).output
    assert "capacity of http://api:5000, 7 runs made alike: 2026-11-01T08-00-00Z-capacity to 2026-11-07" in said
    assert "since 2026-11-05T08-00-00Z-capacity" in said
    assert invalid.name not in said
    (course,) = json.loads(CliRunner().invoke(command, ["--changes", "--json"], standalone_mode=False).output)
    assert [(each["name"], each["since"]) for each in course["changes"]] == [
        ("capacity", "2026-11-05T08-00-00Z-capacity")
    ]


def test_too_few_runs_say_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_RESULTS", str(tmp_path))
    assert "There is no run in" in CliRunner().invoke(command, ["--changes"], standalone_mode=False).output
    results_of(tmp_path, [1.0, 1.0])
    assert "too few: a change shows from 6 runs on" in (
        CliRunner().invoke(command, ["--changes"], standalone_mode=False).output
    )
    (course,) = courses(tmp_path)
    assert not any(course.shifts.values())
