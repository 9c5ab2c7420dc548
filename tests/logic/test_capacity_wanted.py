"""What is wanted of a capacity: that it covers a peak, and has a throughput."""

from __future__ import annotations

import pytest

from lab import limits
from lab.judging.verdict import ExitCode
from lab.plans.search import Purpose
from tests.support.searches import FOUND, searched, step, verdict_on


@pytest.mark.parametrize(
    ("peak", "exit_code", "says"),
    [
        ({"peak_users": 200}, ExitCode.PASS, "PASS: the capacity covers the peak of 200 users 1.76 times: p95 stays"),
        ({"peak_users": 352}, ExitCode.PASS, "covers the peak of 352 users 1 times"),
        ({"peak_users": 704}, ExitCode.FAIL, "FAIL: the peak of 704 users is 2 times the capacity: p95 stays within"),
        ({"peak_rps": 100}, ExitCode.PASS, "covers the peak of 100 req/s 1.17 times"),
        ({"peak_rps": 234}, ExitCode.FAIL, "the peak of 234 req/s is 2 times the capacity"),
        ({"peak_users": 200, "peak_rps": 234}, ExitCode.FAIL, "is 2 times the capacity"),
    ],
)
def test_a_peak_is_covered_or_not_with_its_factor(peak: dict[str, int], exit_code: ExitCode, says: str) -> None:
    verdict = verdict_on(searched(*FOUND), **peak)
    assert verdict.exit_code == exit_code
    assert says in verdict.sentence


def test_a_peak_beyond_what_was_tried_is_not_shown_to_be_covered() -> None:
    steps = searched(step(2000, Purpose.EXPLORE, 100, True), step(2000, Purpose.CONFIRM, 100, True))
    verdict = verdict_on(steps, peak_users=100_000)
    assert verdict.exit_code == ExitCode.FAIL
    assert verdict.sentence.startswith("FAIL: nothing shows that the peak of 100,000 users is covered: p95 stays")


def test_throughput_is_asked_of_the_capacity_and_not_of_each_step() -> None:
    enough = limits.parse("p95<=450ms rps>=100")
    assert verdict_on(searched(*FOUND), limits=enough).exit_code == ExitCode.PASS
    verdict = verdict_on(searched(*FOUND), limits=limits.parse("p95<=450ms rps>=500"))
    assert verdict.exit_code == ExitCode.FAIL
    assert verdict.sentence.startswith("FAIL: throughput is short of rps>=500: p95 stays within 450 ms up to 352")


def test_the_throughput_of_one_endpoint_is_asked_too() -> None:
    verdict = verdict_on(searched(*FOUND), limits=limits.parse("p95<=450ms GET /tests:rps>=500"))
    assert verdict.exit_code == ExitCode.FAIL
    assert "throughput is short of GET /tests:rps>=500" in verdict.sentence


def test_a_limit_for_an_endpoint_that_nobody_asked_is_no_fault_of_the_service() -> None:
    steps = [step(users, Purpose.EXPLORE, 12, False) for users in (2, 1)]
    verdict = verdict_on(steps, limits=limits.parse("GET /tets:p95<=450ms"))
    assert verdict.exit_code == ExitCode.INVALID
    assert "nothing was asked of GET /tets" in verdict.sentence
