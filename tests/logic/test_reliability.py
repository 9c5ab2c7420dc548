"""MTTF, MTTR, MTBF and availability: what they say, and whether their intervals hold what is true."""

from __future__ import annotations

import random
from typing import Any

import pytest

from lab.soak.reliability import Lifetimes

HOUR = 3600.0


def test_no_failure_proves_a_bound_and_nothing_more() -> None:
    seen = Lifetimes(failures=0, repaired=0, up_seconds=3 * HOUR, down_seconds=0)
    assert seen.mttf.value is None
    assert seen.mttf.low == pytest.approx(HOUR, rel=0.002)  # the rule of three
    assert seen.mttf.high is None
    assert (seen.mttr.value, seen.mttr.low) == (None, None)
    assert (seen.availability.value, seen.availability.low) == (1.0, None)


def test_failures_come_with_their_intervals() -> None:
    seen = Lifetimes(failures=4, repaired=4, up_seconds=40 * HOUR, down_seconds=400)
    assert (seen.mttf.value, seen.mttr.value) == (10 * HOUR, 100)
    assert seen.mtbf.value == 10 * HOUR + 100
    # 80 h / chi-square(0.975, 10) and / chi-square(0.025, 8), of the tables
    assert seen.mttf.low == pytest.approx(80 * HOUR / 20.483, rel=1e-3)
    assert seen.mttf.high == pytest.approx(80 * HOUR / 2.1797, rel=1e-3)
    assert seen.availability.value == pytest.approx(1 - 400 / (40 * HOUR + 400))


def test_a_failure_that_goes_on_leaves_the_time_to_repair_open() -> None:
    seen = Lifetimes(failures=1, repaired=0, up_seconds=HOUR, down_seconds=600)
    assert seen.mttr.value is None
    assert seen.mttr.low == pytest.approx(600 / 3, rel=0.002)


def test_nothing_seen_is_nothing_known() -> None:
    document: Any = Lifetimes(0, 0, 0, 0).document()
    assert {name: part["value"] for name, part in document.items()} == {
        "mttf_seconds": None,
        "mttr_seconds": None,
        "mtbf_seconds": None,
        "availability": None,
    }


def test_availability_is_a_ratio_of_two_means_and_its_interval_that_of_f() -> None:
    seen = Lifetimes(failures=5, repaired=5, up_seconds=9500, down_seconds=500)
    odds, f = 19.0, 3.7168  # of the tables: F(0.975; 10, 10)
    assert seen.availability.value == 0.95
    assert seen.availability.low == pytest.approx(odds / f / (1 + odds / f), rel=1e-4)
    assert seen.availability.high == pytest.approx(odds * f / (1 + odds * f), rel=1e-4)
    assert Lifetimes(0, 0, 100, 0).availability.high == 1.0


def test_a_document_has_six_digits_and_no_made_up_figures() -> None:
    document = Lifetimes(failures=3, repaired=3, up_seconds=10_000_000 / 7, down_seconds=40).document()
    assert document["mttf_seconds"]["value"] == 476_190.0
    assert document["availability"]["value"] == 0.999972
    assert Lifetimes(0, 0, 100, 0).document()["mttr_seconds"] == {"value": None, "interval": [None, None]}


@pytest.mark.parametrize(("mttf", "mttr", "seconds"), [(600.0, 20.0, 7200), (300.0, 60.0, 9000), (7200.0, 5.0, 40000)])
def test_the_intervals_hold_the_truth_in_about_95_of_100_runs(mttf: float, mttr: float, seconds: float) -> None:
    chance, runs = random.Random(2), 600
    held = {"mttf": 0, "mttr": 0, "availability": 0}
    told = dict(held)
    truth = {"mttf": mttf, "mttr": mttr, "availability": mttf / (mttf + mttr)}
    for _ in range(runs):
        seen = _seen(chance, mttf, mttr, seconds)
        for name, value in truth.items():
            estimate = getattr(seen, name)
            if estimate.low is not None:
                told[name] += 1
                held[name] += estimate.low <= value <= (estimate.high or float("inf"))
    for name, count in held.items():
        assert count / told[name] >= 0.93, name
    assert told["mttf"] == runs


def _seen(chance: random.Random, mttf: float, mttr: float, seconds: float) -> Lifetimes:
    """So many seconds of a service that fails and is repaired by chance."""
    at = up = down = 0.0
    failures = repaired = 0
    while at < seconds:
        step = min(chance.expovariate(1 / mttf), seconds - at)
        at, up = at + step, up + step
        if at >= seconds:
            break
        failures += 1
        step = min(chance.expovariate(1 / mttr), seconds - at)
        at, down = at + step, down + step
        repaired += at < seconds
    return Lifetimes(failures, repaired, up, down)
