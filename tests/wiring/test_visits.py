"""The visits of open arrivals in a Locust of their own: what a task may do, and what its requests are charged with."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.programs import locust

pytestmark = pytest.mark.alone
SECONDS = 5


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What each kind of person did in one run, by how often; half a second of it the process stood still."""
    options = ("--skip-log", "--only-summary", "--users", "70", "--spawn-rate", "100", "--run-time", f"{SECONDS}s")
    done = locust("people", *options, "--stop-timeout", "1", folder=tmp_path_factory.mktemp("visits"))
    line = next((line for line in done.stdout.splitlines() if line.startswith("{")), None)
    assert line, done.stdout + done.stderr
    counts: dict[str, Any] = json.loads(line)
    return counts


def around(count: int) -> Any:
    """Within what the start and the end of the run cut off."""
    return pytest.approx(count, abs=15)


def test_the_first_request_is_charged_with_the_swarms_own_lateness_and_the_second_is_not(seen: dict[str, Any]) -> None:
    assert seen["ASK first"] == seen["ASK second"] == around(10 * SECONDS)
    assert 2 <= seen["first late"] <= 6, "half of what was due while the process stood still"
    assert seen.get("first served late", 0) + seen.get("second late", 0) <= 2


def test_visitors_are_used_again_and_each_leaves_once(seen: dict[str, Any]) -> None:
    assert seen["Regular came"] == seen["Regular left"] < 25
    assert seen["Clumsy came"] == seen["Clumsy left"] < 25


def test_who_stops_leaves_for_good_and_others_come(seen: dict[str, Any]) -> None:
    assert seen["Deserter visited"] == seen["Deserter came"] == seen["Deserter left"] == around(10 * SECONDS)


def test_an_error_of_a_task_ends_the_visit_and_not_the_arrivals(seen: dict[str, Any]) -> None:
    assert seen["Clumsy visited"] == around(10 * SECONDS)
    assert seen["Stranger was refused"] == around(10 * SECONDS)
    assert "Stranger visited" not in seen


def test_a_task_set_is_a_visit_until_it_is_interrupted(seen: dict[str, Any]) -> None:
    assert seen["Browser went"] == around(10 * SECONDS)
    assert seen["Browser looked"] == pytest.approx(2 * seen["Browser went"], abs=10)


def test_nobody_is_waited_for_and_who_never_got_an_answer_is_counted(seen: dict[str, Any]) -> None:
    assert seen["Sleeper slept"] == around(10 * SECONDS)
    assert seen["VISIT Sleeper: visit cut off: no answer before the stop"] == seen["Sleeper slept"]
    assert seen["Sleeper left"] == seen["Sleeper slept"]
    assert seen["Lingerer came"] == seen["ASK only"] == around(10 * SECONDS)
    assert not [what for what in seen if "cut off" in what and "Sleeper" not in what], "an answer is counted once"
