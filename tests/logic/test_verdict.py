"""The verdict: one sentence, an exit code and a document, from plain data."""

from dataclasses import replace
from typing import Any

import pytest

from lab.counts.timeline import Step
from lab.figures import three_digits
from lab.judging.evidence import Interruption
from lab.judging.verdict import ExitCode
from lab.service.both_ends import Service
from lab.service.double_entry import DifferenceRow, DoubleEntryRow
from tests.support.sample_ledger import ledger_of
from tests.support.verdicts import answers, verdict_on


def test_all_limits_kept_is_a_pass_with_its_figures() -> None:
    verdict = verdict_on({"GET /tests": answers(12.34, 150), "POST /tests": answers(40, 50)})
    assert (verdict.verdict, verdict.exit_code) == ("PASS", ExitCode.PASS)
    assert verdict.sentence == (
        "PASS: steady kept all its limits with 20 users = 20 req/s over 10 s: "
        "p95 40 ms (p95<=450ms), 0 % failed (fail<=1%)."
    )


def test_a_broken_limit_is_named_with_by_how_much_and_where() -> None:
    verdict = verdict_on({"GET /tests": answers(12, 150), "POST /tests": answers(900, 50)})
    assert (verdict.verdict, verdict.exit_code) == ("FAIL", ExitCode.FAIL)
    assert verdict.sentence == (
        "FAIL: p95 was 900 ms where p95<=450ms is accepted, 2 times as much; worst at POST /tests with 900 ms "
        "(20 users = 20 req/s over 10 s)."
    )


def test_failures_beyond_the_limit_are_named_by_their_most_frequent_message() -> None:
    verdict = verdict_on({"GET /tests": answers(12, 90, {"expected status 200, got 503": 9, "no answer: timeout": 1})})
    assert verdict.exit_code == ExitCode.FAIL
    assert "10 % failed where fail<=1% is accepted, 10 times as much" in verdict.sentence
    assert "most of all 'GET /tests: expected status 200, got 503'" in verdict.sentence


def test_without_one_success_a_time_limit_is_broken_not_kept() -> None:
    verdict = verdict_on({"GET /tests": answers(0, 0, {"no answer: ConnectionRefusedError": 50})}, "p95<=450ms")
    assert verdict.exit_code == ExitCode.FAIL
    assert "p95<=450ms could not be met: not one request succeeded" in verdict.sentence


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"endpoints": {}, "seconds": 2}, "the run ended after 2 s, before all users were there and settled"),
        ({"endpoints": {}, "steps": [Step(users=20, started=100, seconds=10)]}, "no answer in 10 s"),
    ],
)
def test_where_nothing_was_measured_nothing_is_passed(more: dict[str, Any], says: str) -> None:
    verdict = verdict_on(**more)
    assert (verdict.verdict, verdict.exit_code) == ("INVALID", ExitCode.INVALID)
    assert says in verdict.sentence


def test_a_limit_for_an_endpoint_that_nobody_asked_cannot_be_judged() -> None:
    verdict = verdict_on({"GET /tests": answers(12)}, "GET /tets:p95<=450ms")
    assert verdict.exit_code == ExitCode.INVALID
    assert "nothing was asked of GET /tets, which has a limit; measured were GET /tests" in verdict.sentence


@pytest.mark.parametrize(
    ("interruption", "word", "exit_code"),
    [
        (Interruption.SIGNAL, "PASS", ExitCode.INTERRUPTED),
        (Interruption.PERSON, "PASS", ExitCode.INTERRUPTED),
        (Interruption.NO_WORKERS, "INVALID", ExitCode.LAB_FAILED),
        (Interruption.FAULT, "INVALID", ExitCode.LAB_FAILED),
        (Interruption.MASTER, "PASS", ExitCode.INTERRUPTED),
    ],
)
def test_a_run_cut_short_never_ends_in_0(interruption: Interruption, word: str, exit_code: ExitCode) -> None:
    verdict = verdict_on({"GET /tests": answers(12)}, interrupted_by=interruption)
    assert (verdict.verdict, verdict.exit_code, verdict.document["complete"]) == (word, exit_code, False)
    assert f"Cut short after 15 s by {interruption}" in verdict.sentence


@pytest.mark.parametrize(("count", "exit_code"), [(28, ExitCode.PASS), (24, ExitCode.FAIL)])
def test_a_peak_that_was_not_made_fails_unless_it_was_chance(count: int, exit_code: ExitCode) -> None:
    """30 a second for ten seconds are 300 arrivals, give or take 17."""
    steps = [Step(users=30, started=100, seconds=10, successes=[count] * 10)]
    verdict = verdict_on({"GET /tests": answers(12, 10 * count)}, plan="peak", peak_rps=30, steps=steps)
    assert verdict.exit_code == exit_code
    assert ("throughput was 24 req/s where the peak has 30" in verdict.sentence) is (exit_code == ExitCode.FAIL)


def counted(difference: int, *, explained: bool) -> Service:
    row = DifferenceRow(who="replicas", difference=difference, explained=explained, because="the replicas counted more")
    return Service(
        double_entry=DoubleEntryRow(
            swarm=100, proxy=None, replicas=100 + difference, agree=explained, differences=[row]
        )
    )


@pytest.mark.parametrize(
    ("milliseconds", "explained", "exit_code", "says"),
    [
        (12, True, ExitCode.PASS, "PASS: steady kept"),
        (12, False, ExitCode.INVALID, "INVALID: the swarm counted 100 requests and the replicas 107, and nothing"),
        (900, False, ExitCode.FAIL, "(20 users = 10 req/s over 10 s). The replicas counted more."),
    ],
)
def test_counts_that_contradict_each_other_never_pass(
    milliseconds: float, explained: bool, exit_code: ExitCode, says: str
) -> None:
    verdict = verdict_on({"GET /tests": answers(milliseconds)}, service=counted(7, explained=explained))
    assert verdict.exit_code == exit_code
    assert says in verdict.sentence
    assert verdict.sentence.count("The replicas counted more") == (not explained)
    assert (" Apart from that, PASS: steady kept" in verdict.sentence) is (exit_code == ExitCode.INVALID)


@pytest.mark.parametrize("lost", [0, 500])
@pytest.mark.parametrize("milliseconds", [12, 900])
def test_books_that_contradict_themselves_never_pass_and_never_accuse(milliseconds: float, lost: int) -> None:
    books = replace(ledger_of(543, lost=lost), acknowledged=43)
    verdict = verdict_on({"GET /tests": answers(milliseconds)}, ledger=books)
    assert verdict.exit_code == ExitCode.INVALID
    assert verdict.sentence.startswith("INVALID: the workers counted 43 acknowledged writes, and named 543 of them.")


@pytest.mark.parametrize("steps", [[], [Step(users=20, started=100, seconds=10)], [Step(users=20, started=100)]])
@pytest.mark.parametrize("accepted", ["p95<=450ms", "fail<=1%", "rps>=1", "max<=1s", "outage<=5s"])
def test_without_a_request_or_a_measured_second_nothing_passes(steps: list[Step], accepted: str) -> None:
    assert verdict_on({}, accepted, steps=steps).verdict == "INVALID"


def test_a_lost_worker_is_named() -> None:
    loss = "Worker 2 (host) stopped answering at 03:04:09 UTC; the others took its users."
    verdict = verdict_on({"GET /tests": answers(12)}, losses=[loss])
    assert verdict.sentence.endswith(loss)
    assert verdict.document["generator"]["losses"] == [loss]


def test_the_document_has_figures_and_null_for_what_the_run_does_not_have() -> None:
    document = verdict_on({"GET /tests": answers(12.34, 100, {"wrong": 1})}).document
    assert document["schema"] == 1
    assert document["limits"][0] == {
        "text": "p95<=450ms",
        "endpoint": None,
        "measure": "p95",
        "unit": "ms",
        "bound": 450.0,
        "measured": 12.3,
        "kept": True,
    }
    assert document["endpoints"]["GET /tests"] == document["measured"]
    assert document["measured"]["requests"] == 101
    assert document["measured"]["rps"] == 10.1
    assert document["failures"] == {"GET /tests: wrong": 1}
    assert [document[part] for part in ("capacity", "breach", "binding", "ledger", "replicas")] == [None] * 5
    empty = verdict_on({}).document["measured"]
    assert (empty["requests"], empty["rps"], empty["p95_ms"]) == (0, None, None)


def test_several_steps_are_told_as_a_span_of_users() -> None:
    steps = [Step(users=2, started=0, seconds=5), Step(users=20, started=9, seconds=5)]
    assert "with 2 to 20 users = 10 req/s over 10 s" in verdict_on({"GET /tests": answers(12)}, steps=steps).sentence


@pytest.mark.parametrize(
    ("figure", "text"),
    [
        (0, "0"),
        (4.0, "4"),
        (0.012345, "0.0123"),
        (456.7, "457"),
        (1e-05, "0.00001"),
        (12345.6, "12300"),
        (99.96, "100"),
    ],
)
def test_figures_have_three_digits_and_no_powers_of_ten(figure: float, text: str) -> None:
    assert three_digits(figure) == text


@pytest.mark.parametrize(
    ("interruption", "sentence"),
    [
        (Interruption.NO_WORKERS, "INVALID: the swarm itself was lost, so nothing is known of the target. "),
        (Interruption.FAULT, "INVALID: the lab itself failed, so nothing is known of the target. "),
    ],
)
def test_a_loss_of_the_lab_itself_is_all_that_is_known(interruption: Interruption, sentence: str) -> None:
    verdict = verdict_on({"GET /tests": answers(12)}, interrupted_by=interruption)
    assert verdict.sentence.startswith(sentence)
    assert verdict.document["interrupted_by"] == str(interruption)


def test_a_run_that_was_cut_short_says_so_word_for_word() -> None:
    verdict = verdict_on({"GET /tests": answers(12)}, interrupted_by=Interruption.PERSON)
    assert "Cut short after 15 s by the stop button: the verdict is on what there is." in verdict.sentence
    assert (verdict.document["complete"], verdict.document["interrupted_by"]) == (False, "the stop button")
    whole = verdict_on({"GET /tests": answers(12)})
    assert (whole.document["complete"], whole.document["interrupted_by"]) == (True, None)


def test_all_endpoints_that_were_asked_are_named_where_one_was_not() -> None:
    verdict = verdict_on({"POST /b": answers(12), "GET /a": answers(12)}, "GET /x:p95<=450ms GET /w:p95<=1s")
    assert verdict.sentence.startswith(
        "INVALID: nothing was asked of GET /w and GET /x, which has a limit; measured were GET /a, POST /b."
    )
