"""How many names are told apart, and what becomes of the others: nothing grows for ever, and nothing is lost."""

from __future__ import annotations

import logging

import pytest

from lab.counts import templates
from lab.counts.names import OTHERS, Names
from lab.counts.recorder import Recorder
from lab.counts.steps import Step
from lab.counts.tally import Tally
from lab.counts.templates import Templates
from lab.counts.undone import Undone
from tests.support.verdicts import answers


def test_the_first_names_are_kept_and_all_others_are_one() -> None:
    names = Names(2, letters=3)
    assert [names.kept(name) for name in ("a", "bcdef", "c", "a", "bcdef", "bcd")] == [
        "a",
        "bcd",
        OTHERS,
        "a",
        "bcd",
        "bcd",
    ]
    assert len(Names(2).kept("x" * 999)) == 300


def test_a_worker_tells_a_thousand_names_and_a_hundred_replicas_apart() -> None:
    recorder = Recorder()
    kept = [recorder.kept(f"/{at}", f"api-{at}") for at in range(1001)]
    assert [name for name, _ in kept] == [*(f"/{at}" for at in range(1000)), OTHERS]
    assert [replica for _, replica in kept[99:101]] == ["api-99", OTHERS]
    # of no replica, and of an answer that names none, there is one each
    assert [recorder.kept("/0", replica) for replica in (None, "")] == [("/0", None), ("/0", "")]
    recorder.begin()
    assert recorder.kept("/1000", "api-1000") == ("/1000", "api-1000")


@pytest.mark.parametrize(
    ("name", "url", "counted"),
    [
        ("/offer/17", "http://a/orders/17", "/offer/17"),  # it was given
        ("/orders/17", "http://a/v2/orders/17?limit=3", "/orders/[id]"),
        ("/orders/17?limit=3", "http://a/orders/17?limit=3", "/orders/[id]?limit=[id]"),
        ("/orders/17?limit=3", "http://a/orders/17", "/orders/[id]?limit=[id]"),
    ],
)
def test_a_name_that_the_path_does_not_end_with_was_given(name: str, url: str, counted: str) -> None:
    assert Templates(grouped=True).of(name, url) == counted


def test_what_is_grouped_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    grouped = Templates(grouped=True)
    for name in ("/tests", "/orders/17", "/orders/18", "/users/4"):
        grouped.of(name, f"http://a{name}")
    assert caplog.messages == [
        (
            "/orders/17 is counted as /orders/[id], and so are all like it: name= in a request gives it a name of its "
            "own, LAB_GROUP_NAMES=false counts each by itself"
        )
    ]


def test_only_so_many_groups_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(templates, "MOST_KNOWN", 3)
    looked_for: list[str] = []

    def template(name: str) -> str:
        looked_for.append(name)
        return name

    monkeypatch.setattr(templates, "template", template)
    grouped = Templates(grouped=True)
    for name in ("/1", "/2", "/3", "/1", "/4", "/4", "/1"):
        grouped.of(name, f"http://a{name}")
    assert looked_for == ["/1", "/2", "/3", "/4", "/1"]


@pytest.mark.parametrize(("before", "now", "bearer"), [(20, 10, "before"), (10, 10, "now"), (10, 20, "now")])
def test_what_died_between_two_steps_is_of_the_one_with_more_users(before: int, now: int, bearer: str) -> None:
    steps = {"before": Step(before, 100), "now": Step(now, 110)}
    undone, died = Undone(), Tally(exceptions={"KeyError": 2})
    undone.keep({"TASK A.b": died, "GET /tests": answers(10)})
    undone.give(steps["now"], steps["before"])
    assert {name: dict(step.endpoints) for name, step in steps.items() if step.endpoints} == {
        bearer: {"TASK A.b": died}
    }
    undone.give(steps["now"])
    assert sum(step.endpoints["TASK A.b"].died for step in steps.values()) == 2, "once"


def test_what_died_before_the_first_step_is_of_it() -> None:
    undone, step = Undone(), Step(5, 100)
    undone.keep({"TASK A.b": Tally(exceptions={"KeyError": 2})})
    undone.give(step)
    assert step.endpoints["TASK A.b"].died == 2
