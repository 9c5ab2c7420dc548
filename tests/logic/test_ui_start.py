"""A start in the UI: what reaches Locust and the target, in which order, and what a run that goes on keeps."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab import limits
from tests.support.ui import GOOD, HOST, MOST, BuiltUI, built, options, post


@pytest.fixture
def ui(tmp_path: Path) -> Iterator[BuiltUI]:
    with built(tmp_path, options=options, LAB_MAX_USERS=str(MOST)) as made:
        yield made


def begun(ui: BuiltUI) -> tuple[Any, ...]:
    """What the runner is started with, in a greenlet of Locust's."""
    ui.web_ui._swarm_greenlet.get(timeout=5)
    return ui.started[-1]


@pytest.mark.parametrize("text", ["60", "060", "1", "000000060"])
def test_a_number_of_users_up_to_the_ceiling_starts(ui: BuiltUI, text: str) -> None:
    assert post(ui, {**GOOD, "user_count": text})["success"] is True
    assert begun(ui) == ("start", int(text), 10.0)


def test_a_start_that_is_asked_by_another_method_touches_nothing(ui: BuiltUI) -> None:
    """OPTIONS of the same route, which may be asked from any site: it had reset the target."""
    answer = ui.client().options("/swarm", data=GOOD, headers={"Origin": "http://evil.example"})
    assert (answer.status_code, answer.data) == (200, b"")
    assert ui.conductor.asked == []


@pytest.mark.parametrize("body", ["null", "[]", "5", "", "{", '{"user_class_name": "Reader", "json": "x"}', "{}"])
@pytest.mark.parametrize("kind", ["application/json", "text/plain", "application/x-www-form-urlencoded"])
def test_no_class_of_users_is_changed_here(ui: BuiltUI, body: str, kind: str) -> None:
    sent: list[Any] = []
    ui.conductor.environment.update_user_class = sent.append  # type: ignore[method-assign]
    assert ui.client().post("/user", data=body, content_type=kind).status_code == 403
    assert sent == []
    assert ui.client().get("/").status_code == 200


@pytest.mark.parametrize("plan", ["Steady", "Capacity"])
@pytest.mark.parametrize("users", [{}, {"user_count": "0", "spawn_rate": "0"}, {"user_count": "", "spawn_rate": ""}])
def test_a_plan_without_a_number_takes_the_labs(ui: BuiltUI, plan: str, users: dict[str, str]) -> None:
    ui.conductor.options.num_users, ui.conductor.options.spawn_rate = 33, 7.0
    assert post(ui, {**users, "shape_class": plan})["success"] is True
    assert (ui.conductor.options.num_users, ui.conductor.options.spawn_rate) == (33, 7.0)
    assert ("check", HOST, 33) in ui.conductor.asked


def test_an_empty_time_is_the_plans_own_and_not_that_of_the_last_run(ui: BuiltUI) -> None:
    # what the conductor does when it accepts is its own; here it is what Locust is told
    ui.conductor.options.run_time = None
    post(ui, {**GOOD, "run_time": "30s"})
    assert ui.conductor.options.run_time == 30


def test_a_wrong_limit_is_marked_where_it_is_wrong(ui: BuiltUI) -> None:
    text = "p95<=450ms fail<1 rps>=10"
    said = post(ui, {**GOOD, "limits": text})
    assert (said["field"], text[slice(*said["wrong"])]) == ("limits", "fail<1")
    assert "fail is given in %: 'fail<1'" in said["message"]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("p95<450", "p95<450"),
        ("p95<=450ms, foo", "foo"),
        ("p95>=1s", ">=1s"),
        ("GET /a:outage<=5s", "GET"),
        ("", ""),
        ("p95<=1s in 0s", "0s"),
        ("lost<=1", "1"),
        ("p95<=450ms\tfail<=1% x", "x"),
        ("  p9x<=1s ", "p9x<=1s"),
    ],
)
def test_the_wrong_part_of_limits_is_a_word_of_them(text: str, wrong: str) -> None:
    with pytest.raises(limits.LimitError) as error:
        limits.parse(text)
    assert text[slice(*error.value.wrong)] == wrong


def test_limits_that_a_plan_cannot_be_judged_by_are_told_beside_them(ui: BuiltUI) -> None:
    said = post(ui, {**GOOD, "shape_class": "Capacity", "limits": "rps>=10"})
    assert (said["success"], said["field"]) == (False, "limits")
    assert "plan capacity takes at least one limit" in said["message"]


def test_a_refused_target_is_not_touched(ui: BuiltUI) -> None:
    ui.conductor.refuses = "not allowed"
    assert post(ui, GOOD)["message"] == "not allowed"
    assert ui.conductor.asked == [("check", HOST, 20)]
    assert ui.started == []


@pytest.fixture
def running(ui: BuiltUI) -> BuiltUI:
    """A run that goes on, with one of the two classes."""
    assert post(ui, {**GOOD, "user_classes": "Reader", "limits": "p95<=1s"})["success"]
    ui.conductor.is_idle = False
    ui.conductor.asked.clear()
    ui.started.clear()
    return ui


def test_a_run_that_goes_on_takes_other_numbers_of_users(running: BuiltUI) -> None:
    assert post(running, {"user_count": "30", "spawn_rate": "5", "limits": "p95<=1s"})["success"] is True
    assert begun(running) == ("start", 30, 5.0)
    assert running.conductor.asked == [("check", HOST, 30)]
    assert [each.__name__ for each in running.conductor.environment.user_classes] == ["Reader"]


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"host": "http://127.0.0.1:6000"}, "host"),
        ({"limits": "p95<=9s"}, "limits"),
        ({"limits": ""}, "limits"),
        ({"user_classes": "Writer"}, "user_classes"),
        ({"shape_class": "Steady"}, "user_count"),
        ({"user_count": "61"}, "user_count"),
        ({"user_count": "0"}, "user_count"),
    ],
)
def test_and_nothing_else(running: BuiltUI, form: dict[str, str], field: str) -> None:
    said = post(running, {**GOOD, **form})
    assert (said["success"], said["field"], said["host"]) == (False, field, HOST)
    assert running.started == []
    assert running.conductor.environment.shape_class is None


def test_a_plan_that_goes_on_keeps_its_users(ui: BuiltUI) -> None:
    assert post(ui, {**GOOD, "shape_class": "Steady"})["success"] is True
    ui.conductor.is_idle = False
    ui.started.clear()
    assert "stop first" in post(ui, GOOD)["message"]
    assert type(ui.conductor.environment.shape_class).__name__ == "Steady"
    assert ui.started == []


def test_while_a_run_is_judged_nothing_starts(ui: BuiltUI) -> None:
    ui.conductor.is_judging, ui.conductor.is_idle = True, False
    assert "is being judged" in post(ui, GOOD)["message"]
    assert ui.started == ui.conductor.asked == []
