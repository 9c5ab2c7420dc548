"""Limits in words and in figures: what a wrong one is answered with, whole, and what each measure is."""

from __future__ import annotations

import pytest

from lab import limits
from lab.limits import Finding, LimitError
from lab.limits.limit import MEASURES
from lab.plans import acceptance


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "no limit at all:"),
        ("p95<=1s p95", "not a limit from character 9 on:"),
        ("p95<=1%", "p95 is given in us or ms or s:"),
        ("fail<=1", "fail is given in %:"),
        ("rps>=10ms", "rps is given in no unit or /s:"),
        ("p95>=450ms", "p95 takes <=, not >=:"),
        ("rps<10", "rps takes >=, not <:"),
        ("GET /tests:outage<=5s", "outage is of the whole service, not of an endpoint:"),
        ("GET /tests:exceptions<=0", "exceptions is of all tasks, not of an endpoint:"),
        ("lost<=1", "a lost write fails every run, so lost<=0 is the only such limit:"),
        ("lost<0", "a lost write fails every run, so lost<=0 is the only such limit:"),
        ("exceptions<=0 in 5s", "exceptions is of the whole run, not of a stretch of it:"),
        ("p95<=450ms in 0s", "after in stands a time of whole seconds such as 5s or 1m:"),
    ],
)
def test_a_wrong_limit_is_answered_with_what_would_be_right(text: str, problem: str) -> None:
    with pytest.raises(LimitError) as error:
        limits.parse(text)
    said, shown, pointer = str(error.value).split("\n")
    assert (said, shown) == (problem, f"  {text}")
    assert pointer.lstrip().startswith("^ a limit is a measure (p50, ")
    assert all(name in pointer for name in (*MEASURES, "avg", "max", "p99.9"))
    assert 'such as p95<=450ms, fail<=1%, rps>=100, outage<=5s, exceptions<=0; "GET /tests:" before it holds' in pointer
    for more in (
        "for that endpoint alone",
        '"JOURNEY checkout:"',
        '"CLASS Buyer:"',
        '" in 10s" after it',
        "api.cpu<=80%",
    ):
        assert more in pointer


@pytest.mark.parametrize(
    ("text", "plan", "refused"),
    [
        (
            "p95<=1s availability>=99%",
            "steady",
            "availability>=99% is a limit of plan soak, which alone measures availability, not of plan steady",
        ),
        ("rps>=1", "capacity", "plan capacity takes at least one limit on response times or failures"),
        (
            "p95<=1s lost<=0",
            "capacity",
            "plan capacity takes no limit on lost writes: one that is lost fails it anyway",
        ),
        ("recovery<=1s", "peak", "recovery<=1s is a limit on the recovery from faults, and LAB_FAULT asks for none"),
        ("p95<=1s availability>=99% lost<=0", "soak", None),
        ("rps>=1 lost<=0", "steady", None),
    ],
)
def test_a_limit_that_a_plan_cannot_hold_is_refused_with_the_reason(text: str, plan: str, refused: str | None) -> None:
    accepted = limits.parse(text)
    assert acceptance.refusal(accepted, plan) == refused
    if "recovery" in text:
        assert acceptance.refusal(accepted, plan, has_faults=True) is None


@pytest.mark.parametrize(
    ("text", "bound", "unit", "is_of_a_step", "is_of_sums"),
    [
        ("p95<=1s", 1000.0, "ms", True, True),
        ("avg<=1us", 0.001, "ms", True, True),
        ("fail<=2%", 0.02, "ratio", True, True),
        ("fail<=2% in 10s", 0.02, "ratio", True, False),
        ("rps>=3/s", 3.0, "req/s", False, True),
        ("outage<=5s", 5.0, "s", True, False),
        ("outage<=5ms", 0.005, "s", True, False),
        ("exceptions<=4", 4.0, "exceptions", True, False),
        ("availability>=99%", 0.99, "ratio", False, False),
        ("recovery<=5ms", 0.005, "s", False, False),
        ("recovery<=5s", 5.0, "s", False, False),
        ("lost<=0", 0.0, "writes", False, False),
    ],
)  # fmt: skip
def test_each_measure_has_its_unit_and_its_place(
    text: str, bound: float, unit: str, is_of_a_step: bool, is_of_sums: bool
) -> None:
    (limit,) = limits.parse(text)
    assert (limit.bound, limit.unit) == (bound, unit)
    assert (limit.is_of_a_step, limit.is_of_sums) == (is_of_a_step, is_of_sums)


@pytest.mark.parametrize(
    ("comparison", "kept"),
    [
        ("<=", (True, True, False)),
        ("<", (True, False, False)),
        (">=", (False, True, True)),
        (">", (False, False, True)),
    ],
)
def test_a_figure_at_the_bound_is_kept_by_the_equal_sign(comparison: str, kept: tuple[bool, bool, bool]) -> None:
    (limit,) = limits.parse(f"{'rps' if '>' in comparison else 'exceptions'}{comparison}4")
    assert tuple(limit.keeps(figure) for figure in (3.9, 4.0, 4.1)) == kept


def test_a_finding_is_a_row_which_says_where_nobody_gave_the_limit() -> None:
    given, implied = limits.with_implied(limits.parse("GET /tests : p95 <= 0.45s exceptions<=0"), 5)[::2]
    row = Finding(given, 431.0, kept=True).row()
    assert row == {
        "text": "GET /tests : p95 <= 0.45s",
        "endpoint": "GET /tests",
        "measure": "p95",
        "unit": "ms",
        "bound": 450.0,
        "measured": 431.0,
        "kept": True,
    }
    assert Finding(implied, None, kept=False).row() == {
        "text": "outage<=5s",
        "endpoint": None,
        "measure": "outage",
        "unit": "s",
        "bound": 5.0,
        "measured": None,
        "kept": False,
        "implied": True,
    }
