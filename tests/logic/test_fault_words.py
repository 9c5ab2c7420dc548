"""Faults in words: the same sentence and the same row for the same effect, to the letter."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lab.counts.tally import Tally
from lab.faults import Deed, Effect, parse
from lab.faults.words import not_done, of_silence, rows, sentences, stayed_away, was_asked_for
from lab.figures import utc
from tests.support.sample_faults import BEGAN, deed
from tests.support.verdicts import answers

WELL = Effect(deed("kill api at 0s"), BEGAN, BEGAN + 15, answers(10, 40), recovery_seconds=0.0)
TORN = answers(1234.5, 40, {"no answer: ConnectionReset": 3, "status 503": 7})
AWAY = replace(
    WELL, whole=TORN, bad=(BEGAN, BEGAN + 1), broke="no answer", silent_seconds=2, recovery_seconds=2.0, lost=0
)
PAUSED = replace(AWAY, deed=deed("pause api for 3s at 0s"))
GONE = replace(AWAY, whole=Tally(failures={"status 503": 1200}), recovery_seconds=None, silent_seconds=15)
DONE = "LAB_FAULT 'kill api at 0s', done at 00:16:40 UTC: "


@pytest.mark.parametrize(
    ("effect", "says"),
    [
        (WELL, DONE + "0 of 40 requests failed, the limits held all the time; users waited up to 0.01 s."),
        (
            AWAY,
            DONE
            + "10 of 50 requests failed, no acknowledged write lost, the limits held again 2 s after it; users were "
            "without an answer for 2 s, waited up to 1.23 s and saw mostly 'status 503'.",
        ),
        (
            replace(AWAY, lost=1, silent_seconds=0),
            DONE
            + "10 of 50 requests failed, 1 acknowledged write lost, the limits held again 2 s after it; users waited "
            "up to 1.23 s and saw mostly 'status 503'.",
        ),
        (
            replace(PAUSED, lost=12),
            (
                "LAB_FAULT 'pause api for 3s at 0s', done at 00:16:40 UTC: 10 of 50 requests failed, 12 "
                "acknowledged writes lost, the limits held again 2 s after it was over; users were without an answer "
                "for 2 s, waited up to 1.23 s and saw mostly 'status 503'."
            ),
        ),
        (
            replace(PAUSED, recovery_seconds=0.0, whole=answers(10, 40), silent_seconds=0),
            (
                "LAB_FAULT 'pause api for 3s at 0s', done at 00:16:40 UTC: 0 of 40 requests failed, no acknowledged "
                "write lost, the limits held again when it was over; users waited up to 0.01 s."
            ),
        ),
        (
            GONE,
            DONE
            + "1,200 of 1,200 requests failed, no acknowledged write lost, the limits did not hold again; users were "
            "without an answer for 15 s and saw mostly 'status 503'.",
        ),
        (
            replace(WELL, whole=Tally()),
            DONE + "0 of 0 requests failed, the limits held all the time; users asked nothing.",
        ),
    ],
)
def test_an_effect_is_one_sentence(effect: Effect, says: str) -> None:
    assert sentences([effect]) == [says]


def test_three_faults_are_described_and_the_others_counted() -> None:
    assert sentences([]) == []
    assert len(sentences([WELL] * 3)) == 3
    assert sentences([WELL] * 4)[3:] == ["verdict.json has the other fault of LAB_FAULT."]
    assert sentences([WELL] * 5)[3:] == ["verdict.json has the other 2 faults of LAB_FAULT."]
    assert sentences([Effect(Deed(parse("kill api at 0s")[0]))]) == []


def test_the_row_of_an_effect_has_all_that_is_known() -> None:
    assert rows([]) is None
    assert rows([PAUSED]) == [
        {
            "text": "pause api for 3s at 0s",
            "verb": "pause",
            "service": "api",
            "on": ["lab-api-1"],
            "done": utc(BEGAN),
            "over": utc(BEGAN + 3),
            "problem": None,
            "until": utc(BEGAN + 15),
            "requests": 50,
            "failed": 10,
            "failures": {"status 503": 7, "no answer: ConnectionReset": 3},
            "slowest_ms": 1234.0,
            "silent_seconds": 2,
            "bad_seconds": 2,
            "broke": "no answer",
            "recovered": True,
            "recovery_seconds": 2.0,
            "lost": 0,
        }
    ]
    (row,) = rows([Effect(Deed(parse("cut for 3s at 0s")[0], problem="it is not possible"))]) or []
    known = {name: value for name, value in row.items() if value}
    assert known == {"text": "cut for 3s at 0s", "verb": "cut", "problem": "it is not possible"}
    assert (row.get("recovered"), row.get("requests"), row.get("done")) == (None, None, None)


def test_what_stayed_away_is_a_reason_with_what_was_wrong_and_for_how_long() -> None:
    away = (
        "the service stayed away after 'kill api at 0s': no answer, and the limits did not hold again in the 14 s that"
    )
    assert stayed_away([WELL, AWAY]) == []
    assert stayed_away([GONE]) == [f"{away} were left"]
    assert "no second with an answer, and" in stayed_away([replace(GONE, broke=None)])[0]
    assert stayed_away([replace(GONE, is_told=False)]) == []
    assert not_done([replace(GONE, is_told=False), GONE, WELL]) == [
        "the run ended before the recovery from 'kill api at 0s' could be seen"
    ]


@pytest.mark.parametrize(("at", "is_his"), [(-3, False), (-2, True), (0, True), (14, True), (15, False)])
def test_what_began_in_its_seconds_was_its_doing(at: int, is_his: bool) -> None:
    assert was_asked_for([WELL], utc(BEGAN + at)) is is_his
    assert not was_asked_for([Effect(Deed(parse("kill api at 0s")[0]))], utc(BEGAN))


def test_a_silence_as_long_as_its_own_was_its_doing() -> None:
    said = ", in the seconds of 'kill api at 0s', as asked by LAB_FAULT"
    assert [of_silence([AWAY], seconds) for seconds in (2, 3, 4)] == [said, said, ""]
    assert of_silence([Effect(Deed(parse("kill api at 0s")[0]))], 1) == ""
