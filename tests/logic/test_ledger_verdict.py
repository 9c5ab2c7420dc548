"""What the verdict says of the ledger."""

from __future__ import annotations

import pytest

from lab.judging.evidence import Interruption
from lab.judging.verdict import ExitCode
from lab.ledger.books import Books
from lab.ledger.writes import write_id
from tests.support.ledgers import RUN, a_worker, audited, write
from tests.support.verdicts import answers, part, verdict_on


def test_a_lost_or_doubled_write_fails_a_run_that_kept_its_limits() -> None:
    worker = a_worker()
    lost, doubled = write(worker), write(worker)
    verdict = verdict_on({"GET /tests": answers(12)}, ledger=audited([worker], [doubled, doubled]))
    assert (verdict.verdict, verdict.exit_code) == ("FAIL", ExitCode.FAIL)
    assert verdict.sentence.startswith(
        f"FAIL: 1 of 2 acknowledged writes is lost and 1 doubled (for example {write_id(RUN, *lost)} of "
    )
    assert " UTC, answered by api-1). Apart from that, PASS: steady kept all its limits" in verdict.sentence
    assert part(verdict, "ledger")["lost"] == 1


def test_a_lost_write_is_told_though_the_swarm_was_lost_as_well() -> None:
    worker = a_worker()
    write(worker)
    lost = audited([worker], [])
    verdict = verdict_on({"GET /tests": answers(12)}, ledger=lost, interrupted_by=Interruption.NO_WORKERS)
    assert verdict.verdict == "INVALID"
    assert "Known all the same: 1 of 1 acknowledged writes is lost (for example " in verdict.sentence


def test_a_ledger_in_order_changes_no_word_of_the_sentence() -> None:
    worker = a_worker()
    found = write(worker)
    write(worker, 503)
    worker.new_id()
    endpoints = {"GET /tests": answers(12)}
    assert verdict_on(endpoints, ledger=audited([worker], [found])).sentence == verdict_on(endpoints).sentence


def test_without_an_audit_nothing_is_said_to_be_found() -> None:
    worker, books = a_worker(), Books(RUN)
    write(worker)
    books.hear(worker.drain())
    told = books.ledger(3.0, "the service does not answer: Connection refused")
    verdict = verdict_on({"GET /tests": answers(12)}, ledger=told)
    assert verdict.verdict == "PASS"
    assert verdict.sentence.endswith(
        "The 1 acknowledged write was not audited: the service does not answer: Connection refused."
    )
    document = part(verdict, "ledger")
    unknown = ("audited", "found", "lost", "doubled", "phantom", "unanswered_found", "unanswered_not_found", "unknown")
    assert [document[name] for name in unknown] == [None] * 8
    assert document["acknowledged"] == 1


@pytest.mark.parametrize(
    ("due", "acknowledged", "word"),
    [
        (True, 1, "INVALID"),  # the service shows its state, or has fallen silent
        (False, 1, "PASS"),  # a service of one's own that shows none
        (True, 0, "PASS"),  # nothing was acknowledged, so nothing is missing
    ],
)
def test_writes_that_were_due_an_audit_and_had_none_never_pass(due: bool, acknowledged: int, word: str) -> None:
    worker, books = a_worker(), Books(RUN)
    write(worker, 204 if acknowledged else 503)
    books.hear(worker.drain())
    told = books.ledger(3.0, "the service does not answer: Connection refused", audit_due=due)
    verdict = verdict_on({"GET /tests": answers(12)}, ledger=told)
    assert (verdict.verdict, verdict.exit_code) == (word, ExitCode[word])
    missing = "acknowledged write was not audited: the service does not answer: Connection refused."
    assert verdict.sentence.count(missing) == acknowledged
    if word == "INVALID":
        assert verdict.sentence.startswith(f"INVALID: 1 {missing} Apart from that, PASS: steady kept all its limits")
    failed = verdict_on({"GET /tests": answers(900)}, ledger=told)
    assert failed.verdict == "FAIL"
    assert failed.sentence.count(missing) == acknowledged
