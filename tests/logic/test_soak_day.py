"""A day's soak, second by second, in a test of seconds: its known outages and its known leak are what is reported."""

from __future__ import annotations

import random
from math import pi, sin
from typing import Any

import pytest

from lab import limits
from lab.counts.endpoints import Tallies
from lab.counts.timeline import Tally
from lab.soak import course
from lab.soak.watch import FailureRule, Watch
from lab.soak.words import sentences

START = 1795370000
DAY = 86_400
RULE = FailureRule(limits.parse("p95<=450ms fail<=1%"), seconds=5, errors=0.5)
GOOD: Tallies = {"GET /tests": Tally({20.0: 20}, {}, 400.0, 20.0)}
SLOW: Tallies = {"GET /tests": Tally({900.0: 20}, {}, 18000.0, 900.0)}
FAILING: Tallies = {"GET /tests": Tally({20.0: 4}, {"no answer": 16}, 80.0, 20.0)}
OUTAGES: tuple[tuple[int, int, Tallies], ...] = (
    (3_000, 40, FAILING),
    (21_000, 600, SLOW),
    (40_000, 12, {}),  # nothing is answered
    (61_000, 90, FAILING),
    (80_000, 258, SLOW),
)
BLIPS: tuple[tuple[int, int, Tallies], ...] = (
    (10_000, 3, SLOW),
    (50_000, 4, SLOW),
    (70_000, 2, {}),
)  # too short to be failures
LEAK = 0.01  # MB a second


@pytest.fixture(scope="module")
def watch() -> Watch:
    seen, chance = Watch(RULE), random.Random(6)
    answers = {began + at: what for began, length, what in (*OUTAGES, *BLIPS) for at in range(length)}
    slow = 0.0
    for at in range(DAY):
        slow = 0.999 * slow + chance.gauss(0, 0.2)  # of a standard deviation of 4 that lasts a quarter of an hour
        garbage = 80 * (at % 1700) / 1700
        replicas = [
            {"replica": "api-1", "memory_bytes": (300 + LEAK * at + garbage + slow) * 1e6, "memory_used": 0.2},
            {"replica": "api-2", "memory_bytes": (300 + garbage + slow) * 1e6, "memory_used": 0.2, "open_files": 20},
        ]
        sample = {"p50_ms": 20 + 5 * sin(2 * pi * at / DAY) + slow / 4, "p95_ms": 60 + chance.gauss(0, 20) + slow}
        course.take(seen, START + at, answers.get(at, GOOD), sample, replicas)
    return seen


@pytest.fixture
def part(watch: Watch) -> Any:
    return watch.document()


def test_each_outage_is_found_with_its_times_and_no_other(watch: Watch) -> None:
    assert [(one.began - START, (one.ended or 0) - one.began) for one in watch.failures] == [
        (began, length) for began, length, _ in OUTAGES
    ]


def test_the_times_between_failures_and_to_repair_are_the_true_ones(part: Any) -> None:
    down = sum(length for _, length, _ in OUTAGES)
    assert part["mtbf_seconds"]["value"] == pytest.approx(DAY / 5)
    assert part["mttr_seconds"]["value"] == pytest.approx(down / 5)
    assert part["mttf_seconds"]["value"] == pytest.approx((DAY - down) / 5)
    assert part["availability"]["value"] == pytest.approx(1 - down / DAY)
    for name in ("mtbf_seconds", "mttr_seconds", "mttf_seconds", "availability"):
        low, high = part[name]["interval"]
        assert low < part[name]["value"] < high


def test_the_leak_is_the_only_drift_and_its_rate_is_within_its_interval(part: Any) -> None:
    """Collected garbage, a wave of a day and slow noise are none."""
    assert len(part["drift"]) == 5
    (leak,) = [row for row in part["drift"] if row["drifts"]]
    low, high = leak["per_hour_interval"]
    assert leak["name"] == "memory of api-1"
    assert low <= LEAK * 3600 <= high
    assert high - low <= 0.2 * LEAK * 3600


def test_the_sentences_name_both(part: Any) -> None:
    failures, drift = sentences(part)
    assert failures.startswith(
        "5 failures in 24 h: MTBF 4.8 h (95 % interval 2.1 h to 14.8 h), MTTR 3.3 min, available 98.84 %"
    )
    assert drift.startswith("It drifts: memory of api-1 +3")
