"""The sentence of a verdict, whole: what is said beside the reason, in which order, and what is said only once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lab.counts.names import OTHERS
from lab.counts.tally import Tally
from lab.judging.evidence import Interruption
from lab.judging.verdict import ExitCode
from tests.support import searches
from tests.support.sample_ledger import ledger_of
from tests.support.verdicts import answers, verdict_on

KEPT = "steady kept all its limits with 20 users = 10 req/s over 10 s: p95 12 ms (p95<=450ms), 0 % failed (fail<=1%)."
NOT_HELD = "18 of 20 users were there for 31 s"
DOUBT = f"the swarm did not hold its users: {NOT_HELD}. See in the workers' logs what ended them."
LOST = (
    "1 of 400 acknowledged writes is lost (for example lab-5f3a9c21-0000-0000a1b2 of 17:53:29 UTC, answered by api-1)."
)
LEDGER = ledger_of(400, lost=1, remarks=("A remark.",))
NOT_AUDITED = replace(ledger_of(400), audit=None, not_audited="no time was left", audit_due=True)
DIED = Tally(exceptions={"KeyError: 'total'": 3})


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({}, f"PASS: {KEPT}"),
        ({"not_held": NOT_HELD}, f"INVALID: {DOUBT}"),
        # what is known of the writes stays known
        ({"ledger": LEDGER}, f"FAIL: {LOST[:-1]}. Apart from that, PASS: {KEPT} A remark."),
        ({"ledger": LEDGER, "not_held": NOT_HELD}, f"INVALID: {DOUBT} Known all the same: {LOST} A remark."),
        ({"ledger": replace(LEDGER, audit=ledger_of(400).audit)}, f"PASS: {KEPT} A remark."),
        (
            {"ledger": NOT_AUDITED},
            f"INVALID: 400 acknowledged writes were not audited: no time was left. Apart from that, PASS: {KEPT}",
        ),
        (
            {"ledger": NOT_AUDITED, "not_held": NOT_HELD},
            f"INVALID: {DOUBT} The 400 acknowledged writes were not audited: no time was left.",
        ),
        (
            {"ledger": replace(LEDGER, answered_twice=2)},
            (
                f"INVALID: 2 writes were answered more than once. Apart from that, PASS: {KEPT} Known all the same: "
                f"{LOST} A remark."
            ),
        ),
        (
            {"undone": {"TASK Shopper.buy": DIED}},
            f"PASS: {KEPT} 3 tasks ended in an exception, Shopper.buy: KeyError: 'total'.",
        ),
        (
            {"losses": ["Worker 2 left."], "undone": {"TASK Shopper.buy": DIED}, "interrupted_by": Interruption.SIGNAL},
            (
                f"PASS: {KEPT} 3 tasks ended in an exception, Shopper.buy: KeyError: 'total'. Worker 2 left. "
                "Cut short after 15 s by a signal: the verdict is on what there is."
            ),
        ),
    ],
)
def test_the_sentence_says_all_that_is_known_and_nothing_twice(more: dict[str, Any], sentence: str) -> None:
    assert verdict_on({"GET /tests": answers(12)}, **more).sentence == sentence


def test_a_run_without_an_answer_is_accused_of_both() -> None:
    reason = "nothing was measured: the run ended after 15 s, before all users were there and settled."
    assert verdict_on({}, not_held=NOT_HELD).sentence == f"INVALID: {reason} T{DOUBT[1:]}"


def test_an_exception_in_the_reason_is_not_told_again() -> None:
    endpoints = {"GET /tests": answers(12), "TASK Shopper.buy": DIED}
    sentence = verdict_on(endpoints, "p95<=450ms exceptions<=2").sentence
    assert sentence == (
        "FAIL: 3 tasks ended in an exception, Shopper.buy: KeyError: 'total' (exceptions<=2) "
        "(20 users = 10 req/s over 10 s)."
    )


def test_too_many_names_are_told_with_what_to_do() -> None:
    assert verdict_on({f"GET {OTHERS}": answers(12), "GET /a": answers(12)}, "p95<=450ms").sentence == (
        "PASS: steady kept all its limits with 20 users = 20 req/s over 10 s: p95 12 ms (p95<=450ms). Requests had "
        "more than 1,000 names, and the rest is counted as (others): give what belongs together one name, such as "
        'name="/orders/[id]".'
    )


def test_a_scenario_that_asks_for_nothing_is_wrong_usage() -> None:
    verdict = verdict_on({"GET /tests": answers(12)}, interrupted_by=Interruption.ASKS_NOTHING)
    assert verdict.exit_code == ExitCode.WRONG_USAGE
    assert verdict.sentence == (
        "INVALID: no user asked for anything: the tasks of the scenario make no request, or by a client that does not "
        "fire Locust's request event. Cut short after 15 s by a scenario that asks for nothing: the verdict is on what "
        "there is."
    )


def test_a_search_that_cannot_be_believed_says_up_to_where_it_can() -> None:
    verdict = searches.verdict_on(searches.searched(*searches.FOUND), not_held=NOT_HELD)
    assert verdict.sentence == f"INVALID: {DOUBT} Up to 352 users the limits were kept."
    assert verdict.document["search"] == {
        "start_users": 88,
        "max_users": 2000,
        "resolution": 0.1,
        "time_was_up": False,
    }
