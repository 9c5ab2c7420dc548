"""The judgement on a load that was held: its words, whole, and when a peak was made."""

from __future__ import annotations

import pytest

from lab.counts.timeline import Step
from tests.support.verdicts import answers, verdict_on

LOAD = "(20 users = 10 req/s over 10 s)."


@pytest.mark.parametrize(
    ("milliseconds", "failures", "accepted", "sentence"),
    [
        # where there is one endpoint, none is the worst
        (900, {}, "p95<=450ms", f"FAIL: p95 was 900 ms where p95<=450ms is accepted, 2 times as much {LOAD}"),
        (
            900,
            {},
            "p95<=450ms max<=100ms",
            (
                "FAIL: p95 was 900 ms where p95<=450ms is accepted, 2 times as much; the slowest was 900 ms where "
                f"max<=100ms is accepted, 9 times as much {LOAD}"
            ),
        ),
        # nothing is so many times 0
        (
            20,
            {"no": 20},
            "fail<=0%",
            f"FAIL: 20 % failed where fail<=0% is accepted; 20 requests failed, most of all 'GET /tests: no' {LOAD}",
        ),
        # and throughput is not told in times
        (20, {}, "rps>=500", f"FAIL: throughput was 10 req/s where rps>=500 is accepted {LOAD}"),
        (450, {}, "p95<450ms", f"FAIL: p95 was 450 ms where p95<450ms is accepted {LOAD}"),
    ],
)
def test_each_breach_is_told_in_full(
    milliseconds: float, failures: dict[str, int], accepted: str, sentence: str
) -> None:
    count = 100 - sum(failures.values())
    assert verdict_on({"GET /tests": answers(milliseconds, count, failures)}, accepted).sentence == sentence


def test_the_worst_endpoint_is_named_where_the_limit_is_for_all_and_not_for_throughput() -> None:
    both = {"GET /a": answers(500, 50), "GET /b": answers(900, 50)}
    assert "worst at GET /b with 900 ms" in verdict_on(both, "avg<=450ms").sentence
    assert "worst" not in verdict_on(both, "GET /b:avg<=450ms").sentence
    assert "worst" not in verdict_on(both, "rps>=500").sentence


def test_the_failures_of_a_limit_are_counted_where_it_is() -> None:
    both = {"GET /a": answers(5, 50, {"reset": 1}), "GET /b": answers(5, 50, {"refused": 30})}
    assert "; 31 requests failed, most of all 'GET /b: refused' (" in verdict_on(both, "fail<=1%").sentence
    assert "; 1 request failed, most of all 'GET /a: reset' (" in verdict_on(both, "GET /a:fail<=1%").sentence


def test_an_endpoint_without_a_success_could_not_meet_its_limit() -> None:
    both = {"GET /a": answers(5, 50), "GET /b": answers(0, 0, {"reset": 3, "refused": 30})}
    sentence = verdict_on(both, "GET /b:p95<=450ms").sentence
    assert sentence.startswith(
        "FAIL: GET /b:p95<=450ms could not be met: not one request succeeded; most of all 'GET /b: refused' ("
    )


def test_failures_are_counted_by_endpoint_the_most_frequent_first() -> None:
    both = {"GET /a": answers(5, 50, {"reset": 3, "refused": 30}), "GET /b": answers(5, 5, {"refused": 7})}
    failures = verdict_on(both).document["failures"]
    assert list(failures.items()) == [("GET /a: refused", 30), ("GET /b: refused", 7), ("GET /a: reset", 3)]


@pytest.mark.parametrize(
    ("counts", "peak", "made"),
    [
        ([30] * 10, 30, True),
        ([26] * 10, 30, True),  # 260 arrivals, give or take three times 16
        ([25] * 10, 30, False),
        ([981] * 100, 1000, True),  # users are whole: 2 % may be missing
        ([979] * 100, 1000, False),
        ([700, 1100] * 5, 1000, True),  # seconds that scatter leave more open
        ([800, 1100] * 50, 1000, False),
        ([], 30, False),
    ],
)
def test_a_peak_was_made_or_missed_by_more_than_chance(counts: list[int], peak: int, made: bool) -> None:
    steps = [Step(users=30, started=100, seconds=len(counts) or 1, successes=counts)]
    verdict = verdict_on({"GET /tests": answers(12)}, plan="peak", peak_rps=peak, steps=steps)
    assert ("where the peak has" not in verdict.sentence) is made
    assert (verdict.verdict == "PASS") is made
    assert verdict.document["peak"] == {"users": None, "rps": peak, "headroom": None}


def test_only_a_peak_is_asked_for_its_requests() -> None:
    steps = [Step(users=30, started=100, seconds=10, successes=[1] * 10)]
    assert verdict_on({"GET /tests": answers(12)}, peak_rps=3000, steps=steps).verdict == "PASS"
    steps = [Step(users=30, started=100, seconds=10, successes=[1] * 10)]
    assert verdict_on({"GET /tests": answers(12)}, plan="peak", peak_users=30, steps=steps).verdict == "PASS"


def test_a_large_peak_is_written_with_its_thousands() -> None:
    steps = [Step(users=30, started=100, seconds=100, successes=[979] * 100)]
    verdict = verdict_on({"GET /tests": answers(12)}, plan="peak", peak_rps=1000, steps=steps)
    assert "throughput was 979 req/s where the peak has 1,000 (" in verdict.sentence


@pytest.mark.parametrize(
    ("steps", "sentence"),
    [
        ([Step(users=20, started=100, seconds=10)], "INVALID: nothing was measured: no answer in 10 s."),
        (
            [],
            "INVALID: nothing was measured: the run ended after 15 s, before all users were there and settled.",
        ),
    ],
)
def test_without_an_answer_nothing_was_measured(steps: list[Step], sentence: str) -> None:
    assert verdict_on({}, steps=steps).sentence == sentence
