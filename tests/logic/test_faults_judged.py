"""What faults do to a verdict: its word, its sentence and its rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from lab.counts.timeline import Step
from lab.faults import Deed, Faults, parse
from lab.figures import utc
from lab.judging.evidence import Interruption
from lab.judging.verdict import Verdict
from lab.ledger.findings import Example
from lab.service.both_ends import Service
from lab.service.outages import OutageRow
from tests.support.sample_faults import BEGAN, EMPTY, FAILING, GOOD, SLOW, TORN, deed, seconds
from tests.support.sample_ledger import ledger_of
from tests.support.verdicts import answers, part, verdict_on


def verdict_with(kinds: Sequence[str], *faults: Deed, accepted: str = "p95<=450ms fail<=1%", **more: Any) -> Verdict:
    """The verdict on a run that was well as a whole, with these seconds around its faults."""
    done = Faults(faults or [deed("kill api at 0s")], seconds(kinds))
    return verdict_on({"GET /tests": answers(10, 1000)}, accepted, faults=done, **more)


def test_a_run_that_recovers_passes_and_says_what_a_user_saw() -> None:
    verdict = verdict_with(
        [GOOD, FAILING, SLOW, *[GOOD] * 9], ledger=ledger_of(400), accepted="p95<=1s recovery<=3s lost<=0"
    )
    assert verdict.verdict == "PASS"
    assert (
        "LAB_FAULT 'kill api at 0s', done at 00:16:40 UTC: 20 of 460 requests failed, no acknowledged write lost, the "
        "limits held again 2 s after it; users were without an answer for 1 s, waited up to 0.9 s and saw mostly "
        "'no answer: ConnectionRefused'."
    ) in verdict.sentence
    assert "the longest recovery 2 s (recovery<=3s), lost writes 0 (lost<=0)" in verdict.sentence
    (row,) = part(verdict, "faults")
    assert (row["text"], row["done"], row["recovered"], row["recovery_seconds"]) == (
        "kill api at 0s",
        utc(BEGAN),
        True,
        2,
    )
    assert (row["requests"], row["failed"], row["lost"], row["on"]) == (460, 20, 0, ["lab-api-1"])


def test_a_recovery_that_takes_too_long_fails() -> None:
    verdict = verdict_with([FAILING, *[GOOD] * 9], accepted="p95<=1s recovery<=500ms")
    assert verdict.verdict == "FAIL"
    assert "the longest recovery was 1 s where recovery<=500ms is accepted" in verdict.sentence


@pytest.mark.parametrize("accepted", ["p95<=1s", "p95<=1s recovery<=60s"])
def test_a_service_that_stays_away_fails_by_whatever_limits(accepted: str) -> None:
    verdict = verdict_with([FAILING] * 20, accepted=accepted)
    assert verdict.verdict == "FAIL"
    assert "the service stayed away after 'kill api at 0s': requests failed, and the limits did not" in verdict.sentence
    assert part(verdict, "faults")[0]["recovered"] is False


UNDONE = Deed(parse("kill apo at 0s")[0], BEGAN, problem="no container of apo runs in project lab")
UNENDED = replace(deed("pause api for 3s at 0s"), over=None, problem="the chaos service is gone")


@pytest.mark.parametrize(
    ("undone", "says"),
    [
        (UNDONE, "'kill apo at 0s' was not done: no container of apo runs in project lab."),
        (UNENDED, "'pause api for 3s at 0s' was not ended: the chaos service is gone."),
        (
            replace(deed("stop api for 3s at 0s"), over=None),
            "'stop api for 3s at 0s' was not ended: the run ended before.",
        ),
        (Deed(parse("kill api at 0s")[0]), "'kill api at 0s' was not done: the run ended before."),
    ],
)
@pytest.mark.parametrize("milliseconds", [10, 900])
def test_a_fault_that_was_asked_for_and_not_done_is_never_a_pass_nor_a_fail(
    undone: Deed, says: str, milliseconds: float
) -> None:
    verdict = verdict_on(
        {"GET /tests": answers(milliseconds, 1000)},
        faults=Faults([undone, deed("kill api at 20s", BEGAN + 20)], seconds([GOOD] * 40)),
    )
    assert verdict.verdict == "INVALID"
    assert says in verdict.sentence
    assert ("Apart from that, PASS" in verdict.sentence) is (milliseconds == 10)
    assert part(verdict, "faults")[0]["recovered"] in (None, True)


def test_a_recovery_that_could_not_be_seen_is_invalid() -> None:
    verdict = verdict_with([TORN, TORN, GOOD])
    assert verdict.verdict == "INVALID"
    assert "the run ended before the recovery from 'kill api at 0s' could be seen" in verdict.sentence


def test_a_run_cut_short_before_its_fault_is_no_pass() -> None:
    verdict = verdict_with([], Deed(parse("kill api at 20s")[0]), interrupted_by=Interruption.SIGNAL)
    assert (verdict.verdict, int(verdict.exit_code)) == ("INVALID", 5)


def test_a_lost_write_fails_whatever_the_faults() -> None:
    started = BEGAN - 12.0
    verdict = verdict_with(
        [TORN, *[GOOD] * 19], ledger=ledger_of(400, lost=1, doubled=1, started=started), accepted="p95<=1s lost<=0"
    )
    assert verdict.verdict == "FAIL"
    assert "1 of 400 acknowledged writes is lost and 1 doubled" in verdict.sentence
    assert ", 1 acknowledged write lost, " in verdict.sentence
    assert part(verdict, "faults")[0]["lost"] == 1


def test_a_limit_on_lost_writes_takes_an_audit() -> None:
    missing = replace(ledger_of(400), audit=None, not_audited="the service shows no state")
    for ledger in (None, missing):
        verdict = verdict_on({"GET /tests": answers(10)}, "p95<=1s lost<=0", ledger=ledger)
        assert verdict.verdict == "INVALID"
        assert "lost<=0 could not be measured" in verdict.sentence
    assert verdict_on({"GET /tests": answers(10)}, "p95<=1s lost<=0", ledger=ledger_of(9)).verdict == "PASS"


def test_where_writes_are_lost_beyond_what_examples_name_no_fault_is_charged_with_a_number() -> None:
    many = replace(ledger_of(400, lost=7), examples=(Example("lost", "lab-1", utc(BEGAN), 1, None),))
    assert part(verdict_with([TORN, *[GOOD] * 19], ledger=many), "faults")[0]["lost"] is None


def outage(at: float) -> OutageRow:
    """A replica that was gone for two seconds from then on."""
    return {
        "replica": "a81b",
        "gone": utc(at),
        "failed": 3,
        "moved_after_seconds": None,
        "back_after_seconds": 2,
        "others": False,
        "silent_seconds": 2,
    }


def test_an_outage_that_was_asked_for_is_described_by_its_fault_alone() -> None:
    verdict = verdict_with([FAILING, *[GOOD] * 29], service=Service(outages=[outage(BEGAN - 1), outage(BEGAN + 300)]))
    assert "LAB_FAULT 'kill api at 0s', done at" in verdict.sentence
    assert verdict.sentence.count("was gone") == 1
    assert f"Replica a81b was gone at {utc(BEGAN + 300)[11:19]} UTC" in verdict.sentence


def test_a_silence_that_was_asked_for_breaks_its_limit_and_is_named_so() -> None:
    verdict = verdict_with(
        [GOOD, *[EMPTY] * 7, *[GOOD] * 9], deed("pause api for 8s at 0s"), accepted="p95<=1s outage<=5s"
    )
    assert verdict.verdict == "PASS"  # the step itself was not silent
    silent = Step(users=20, started=100, seconds=10, silent_seconds=7)
    verdict = verdict_with(
        [GOOD, *[EMPTY] * 7, *[GOOD] * 9], deed("pause api for 8s at 0s"), accepted="p95<=1s outage<=5s", steps=[silent]
    )
    assert verdict.verdict == "FAIL"
    assert "(outage<=5s), in the seconds of 'pause api for 8s at 0s', as asked by LAB_FAULT" in verdict.sentence


def test_a_run_without_faults_has_none_and_cannot_be_judged_by_their_recovery() -> None:
    assert verdict_on({"GET /tests": answers(10)}).document["faults"] is None
    with pytest.raises(ValueError, match="recovery<=1s is a limit on the recovery from faults"):
        verdict_on({"GET /tests": answers(10)}, "recovery<=1s")
