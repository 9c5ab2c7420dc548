"""Who may join the swarm: a worker that runs what the master runs; all others are refused, and both are named."""

from __future__ import annotations

from typing import Any

import pytest

from lab.engine.admission import FORGOTTEN_SECONDS, SILENT_SECONDS, Admission, Strangers
from lab.engine.build import build, difference
from lab.settings import Settings

OURS = {"locust": "2.47.0", "lab": "aa11", "scenario": "bb22", "LAB_THINK_TIME": "(0.5, 1.5)"}


class Now:
    """A clock that is led."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.mark.parametrize(
    ("theirs", "says"),
    [
        (OURS, None),
        ({**OURS, "scenario": "cc33"}, "it has users cc33 instead of bb22"),
        ({**OURS, "locust": "2.30.0"}, "it has Locust 2.30.0 instead of 2.47.0"),
        ({**OURS, "LAB_THINK_TIME": "(1.0, 1.0)"}, "it has LAB_THINK_TIME (1.0, 1.0) instead of (0.5, 1.5)"),
        # a knob that only one of the two knows
        ({**OURS, "LAB_OTHER": "1"}, "it has LAB_OTHER 1 instead of none"),
        ({name: value for name, value in OURS.items() if name != "lab"}, "it has lab none instead of aa11"),
    ],
)
def test_a_worker_is_let_in_by_what_it_runs(theirs: dict[str, str], says: str | None) -> None:
    admission = Admission(OURS)
    admission.come("host_1")
    assert admission.look("host_1", {"build": theirs}) is (says is None)
    assert admission.is_admitted("host_1") is (says is None)
    assert admission.refusals() == ([] if says is None else [f"Worker host_1 was refused: {says}."])


@pytest.mark.parametrize("report", [None, {}, {"build": 5}, {"build": "x"}])
def test_a_worker_that_does_not_say_what_it_runs_is_none_of_this_lab(report: dict[str, Any] | None) -> None:
    now = Now()
    admission = Admission(OURS, now)
    admission.come("host_1")
    assert admission.look("host_1", report) is None
    now.seconds = SILENT_SECONDS
    assert admission.look("host_1", report) is False
    assert admission.refusals() == ["Worker host_1 was refused: it is no worker of this lab."]


def test_a_refused_worker_is_in_the_way_as_long_as_it_is_there() -> None:
    now = Now()
    admission = Admission(OURS, now)
    admission.come("host_1")
    admission.look("host_1", {"build": {}})
    now.seconds = FORGOTTEN_SECONDS - 0.1
    admission.look("host_1", {"build": {}})
    now.seconds = 2 * FORGOTTEN_SECONDS - 0.2
    assert len(admission.refusals()) == 1
    now.seconds = 3 * FORGOTTEN_SECONDS
    assert admission.refusals() == []


def test_workers_of_an_earlier_master_are_seen_while_they_have_users() -> None:
    now = Now()
    strangers = Strangers(now)
    strangers.note("old_1", 10)
    strangers.note("old_2", 0)
    assert strangers.with_users() == {"old_1": 10}
    strangers.note("old_1", 0)
    assert strangers.with_users() == {}
    strangers.note("old_1", 10)
    now.seconds = FORGOTTEN_SECONDS
    assert strangers.with_users() == {}


def test_a_build_differs_where_a_knob_of_the_users_does() -> None:
    default = build(Settings.from_environment({}))
    assert difference(default, build(Settings.from_environment({"LAB_PLAN": "smoke"}))) is None
    other = build(Settings.from_environment({"LAB_THINK_TIME": "1s"}))
    assert difference(default, other) == "LAB_THINK_TIME (1.0, 1.0) instead of (0.5, 1.5)"
