"""The verdict where sums do not tell: silences, the worst seconds, and the availability of a soak."""

from __future__ import annotations

from typing import Any

import pytest

from lab import limits
from lab.counts.timeline import Step
from lab.judging.verdict import ExitCode
from lab.soak.watch import FailureRule, Watch
from tests.support.verdicts import answers, verdict_on


def silent_for(seconds: int | None, **more: Any) -> list[Step]:
    return [Step(users=20, started=100, seconds=60, silent_seconds=seconds, **more)]


@pytest.mark.parametrize(
    ("accepted", "silent", "exit_code", "says"),
    [
        # nobody named a limit on outages: the one that is implied shows where it broke
        ("p95<=450ms", 8, ExitCode.FAIL, "FAIL: no answer for 8 s where answers were due (outage<=5s) (20 users"),
        ("p95<=450ms", 5, ExitCode.PASS, ": p95 12 ms (p95<=450ms)."),
        # one that is given is told, kept or not
        ("p95<=450ms outage<=20s", 8, ExitCode.PASS, "p95 12 ms (p95<=450ms), the longest silence 8 s (outage<=20s)."),
        ("p95<=450ms outage<=500ms", 1, ExitCode.FAIL, "no answer for 1 s where answers were due (outage<=500ms)"),
    ],
)
def test_a_standstill_breaks_any_plan_unless_a_limit_allows_it(
    accepted: str, silent: int, exit_code: ExitCode, says: str
) -> None:
    limits_of_run = limits.with_implied(limits.parse(accepted), 5)
    verdict = verdict_on({"GET /tests": answers(12, 600)}, steps=silent_for(silent), limits=limits_of_run)
    assert verdict.exit_code == exit_code
    assert says in verdict.sentence
    (row,) = (row for row in verdict.document["limits"] if row["measure"] == "outage")
    assert (row["unit"], row["measured"]) == ("s", silent)
    assert ("implied" in row) is (accepted == "p95<=450ms")


def test_a_broken_window_is_told_as_one() -> None:
    steps = silent_for(0, windows={"p95 in 10s": 612.0})
    verdict = verdict_on({"GET /tests": answers(12, 600)}, "p95<=450ms p95<=450ms in 10s", steps=steps)
    assert verdict.sentence == (
        "FAIL: p95 in the worst 10 s was 612 ms where p95<=450ms in 10s is accepted, 1.36 times as much "
        "(20 users = 10 req/s over 60 s)."
    )
    verdict = verdict_on({"GET /tests": answers(12, 600)}, "p95<=800ms in 10s", steps=steps)
    assert "p95 in the worst 10 s 612 ms (p95<=800ms in 10s)." in verdict.sentence


@pytest.mark.parametrize(
    ("accepted", "steps", "says"),
    [
        ("p95<=450ms in 20s", silent_for(0, windows={"p95 in 10s": 12.0}), r"p95 in 20s \(windows.*: p95 in 10s\)"),
        ("p95<=450ms in 20s", silent_for(0), r"p95<=450ms in 20s cannot be judged: .* p95 in 20s \(windows.*: none\)"),
        ("outage<=3s", silent_for(None), "outage<=3s cannot be judged: the run did not measure outages"),
        ("availability>=99%", silent_for(0), "availability>=99% is a limit of plan soak, .* not of plan steady"),
    ],
)
def test_what_was_not_measured_is_not_guessed(accepted: str, steps: list[Step], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        verdict_on({"GET /tests": answers(12)}, accepted, steps=steps)


@pytest.mark.parametrize(
    ("accepted", "count", "available", "exit_code", "says"),
    [
        ("p95<=450ms", 0, 1.0, ExitCode.PASS, "PASS: soak kept all its limits"),
        # a failure by its own rule fails a soak, unless so much of it is accepted
        (
            "p95<=450ms",
            1,
            0.92,
            ExitCode.FAIL,
            "FAIL: it failed once, and no limit such as availability",
        ),
        ("p95<=450ms", 2, 0.92, ExitCode.FAIL, "it failed 2 times"),
        ("availability>=90%", 2, 0.92, ExitCode.PASS, "availability 92 % (availability>=90%)"),
        (
            "availability>=99.9%",
            2,
            0.92,
            ExitCode.FAIL,
            "availability was 92 % where availability>=99.9% is accepted",
        ),
    ],
)
def test_a_soak_that_failed_passes_only_where_its_availability_was_asked_and_kept(
    accepted: str, count: int, available: float, exit_code: ExitCode, says: str
) -> None:
    watch = Watch(FailureRule(limits.parse("p95<=450ms"), 5, 0.5))
    watch.up_seconds, watch.down_seconds = round(100 * available), round(100 - 100 * available)
    watch.count = watch.repaired = count
    verdict = verdict_on({"GET /tests": answers(12)}, accepted, plan="soak", soak=watch.document())
    assert verdict.exit_code == exit_code
    assert says in verdict.sentence
