"""What the master did not listen to is counted, logged now and then, and said of the run in which it came."""

from __future__ import annotations

import logging

import pytest

from lab.engine.refusals import LOGS_EVERY_SECONDS, Refusals, Refused


def test_what_came_before_a_run_is_none_of_its_own() -> None:
    refusals = Refusals()
    refusals.note(Refused.CONNECTION)
    before = refusals.counts()
    assert refusals.sentences(before) == []
    for _ in range(1200):
        refusals.note(Refused.CONNECTION)
    assert refusals.sentences(before) == [
        "Connections without the swarm's secret were refused (1,200): no figure is changed by them."
    ]


def test_a_report_that_is_left_out_is_said_with_its_reason_in_printable_text() -> None:
    refusals = Refusals()
    refusals.note(Refused.REPORT, "w_1: a name \x1b[31m\u202e" + "x" * 1000)
    (sentence,) = refusals.sentences(Refusals().counts())
    assert sentence.startswith("Reports that cannot be what a worker counted were refused (1): they are left out")
    assert sentence.isprintable()
    assert len(sentence) < 400


def test_an_attack_does_not_fill_the_log(caplog: pytest.LogCaptureFixture) -> None:
    now = 0.0
    refusals = Refusals(lambda: now)
    with caplog.at_level(logging.WARNING):
        for _ in range(1000):
            refusals.note(Refused.CONNECTION)
        now = LOGS_EVERY_SECONDS
        refusals.note(Refused.CONNECTION)
    assert [record.args[1] for record in caplog.records if isinstance(record.args, tuple)] == [1, 1000]
