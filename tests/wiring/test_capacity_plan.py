"""The capacity plan on loopback: a real swarm finds what the real service takes, and a run is judged again."""

from __future__ import annotations

import csv
import json
import shutil
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lab.commands.judge import judge_again
from tests.support.commands import run_lab
from tests.support.swarm import Swarm

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.running_service import RunningService

QUICK = {"LAB_PLAN": "capacity", "LOCUST_AUTOQUIT": "0", "LAB_STEP_TIME": "2s-4s", "LAB_RESOLUTION": "50%"}


@pytest.fixture
def search(service: Callable[..., RunningService], swarm: Callable[..., Swarm]) -> Callable[..., Swarm]:
    """Starts a service of its own and a quick search on it."""

    def start(api: dict[str, str] | None = None, **knobs: str) -> Swarm:
        return swarm(service(WEB_CONCURRENCY="1", **(api or {})).url, **{**QUICK, **knobs})

    return start


def test_a_search_that_is_not_reached_ends_with_its_sentence(search: Callable[..., Swarm]) -> None:
    running = search(LAB_MAX_USERS="20", LAB_LIMITS="p95<=2s", LAB_PEAK_USERS="10")
    assert running.await_exit(120) == 0, running.log()
    verdict = running.verdict
    assert verdict["sentence"].startswith("PASS: the capacity covers the peak of 10 users 2 times: p95 stays within 2")
    assert (verdict["capacity"]["users"], verdict["capacity"]["reached"]) == (20, False)
    assert "step 1: 10 users, to explore; " in running.log()
    with (running.results / "latest" / "steps.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["users"], row["purpose"], row["kept"]) for row in rows] == [
        ("10", "explore", "yes"),
        ("20", "explore", "yes"),
        ("20", "confirm", "yes"),
        ("10", "repeat", "yes"),
    ]
    assert all(int(row["seconds"]) >= 2 for row in rows)
    assert_rejudged(running.results / "latest")


def assert_rejudged(folder: Path) -> None:
    """By its own limits a run gets its own verdict, by others another."""
    own = json.loads((folder / "verdict.json").read_text())
    again = judge_again(folder, None)
    assert (again.sentence, again.document) == (own["sentence"], own)
    assert run_lab("judge", str(folder), "--limits", "p95<=1us") == 3


def press_stop(running: Swarm) -> None:
    assert running.post("/stop")[1]["success"] is True


def send(number: signal.Signals) -> Callable[[Swarm], None]:
    return lambda running: running.master.send_signal(number)


@pytest.mark.parametrize("stop", [press_stop, send(signal.SIGTERM)], ids=["button", "docker compose stop"])
def test_a_search_that_is_stopped_half_way_tells_how_far_it_came(
    search: Callable[..., Swarm], stop: Callable[[Swarm], None]
) -> None:
    running = search(LAB_LIMITS="p95<=2s", LAB_START_USERS="5")
    running.await_users(20, 60)  # the second step: the first was judged
    stop(running)
    assert running.master.wait(20) == 5
    assert (running.results / "latest" / "report.html").exists()
    verdict = running.verdict
    assert (verdict["complete"], verdict["capacity"]["users"]) == (False, 5)
    assert "up to 5 users" in verdict["sentence"]
    assert "Cut short after" in verdict["sentence"]


def test_a_search_whose_time_is_up_repeats_its_first_step(search: Callable[..., Swarm]) -> None:
    """However little time there is, the answers must not depend on history."""
    running = search(LAB_LIMITS="p95<=2s", LAB_START_USERS="1", LAB_DEADLINE="30s", LAB_MAX_USERS="1000")
    assert running.await_exit(90) == 0, running.log()
    verdict = running.verdict
    assert verdict["search"]["time_was_up"] is True
    assert "The time was up (LAB_DEADLINE)" in verdict["sentence"]
    assert verdict["stationarity"]["stationary"] is True


def test_the_tutorials_endless_list_is_refused(search: Callable[..., Swarm]) -> None:
    """Its one list grows with each POST: what the first step took says nothing about the last."""
    endless = {"API_DATABASE_URL": "memory://", "API_PAGE_LIMIT": "0"}
    running = search(
        endless, LAB_LIMITS="p95<=10s", LAB_START_USERS="10", LAB_MAX_USERS="80", LAB_CONTRIBUTOR_WEIGHT="9"
    )
    assert running.await_exit(150) == 4, running.log()
    assert "the answers depend on history" in running.verdict["sentence"]
    assert running.verdict["stationarity"]["stationary"] is False


def test_what_is_no_run_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_lab("judge", str(tmp_path)) == 1
    assert "cannot judge" in capsys.readouterr().err
    (tmp_path / "verdict.json").write_text("{}")
    (tmp_path / "steps.json").write_text('{"steps": []}')
    assert run_lab("judge", str(tmp_path)) == 1
    assert "holds no run of this version" in capsys.readouterr().err
    assert run_lab("judge", str(tmp_path), "--limits", "p95<450") == 2
    shutil.rmtree(tmp_path)
