"""Too few rows for all users: one sentence before all others, INVALID, judged again alike."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from lab.judging import shortage
from lab.judging.evidence import Interruption, Search
from lab.judging.shortage import DataRow
from lab.judging.verdict import judge
from lab.plans.search import Goal
from tests.support.searches import FOUND, searched
from tests.support.verdicts import answers, evidence_of, part, verdict_on

SCHEMA = json.loads((Path(shortage.__file__).with_name("verdict.schema.json")).read_text(encoding="utf-8"))


def data(short: int = 10, at_end: str = "fail", held: bool = True, rows: int = 50, unsure: int = 0) -> list[DataRow]:
    return [
        DataRow(file="other.csv", rows=9, at_end="fail", given=3, held=False, short=0, unsure=0),
        DataRow(file="accounts.csv", rows=rows, at_end=at_end, given=rows, held=held, short=short, unsure=unsure),
    ]


@pytest.mark.parametrize(
    ("held", "says"),
    [
        (
            True,
            "accounts.csv has 50 rows, one for each user, and there were more users: 10 got none. Give it more rows",
        ),
        (False, "accounts.csv has 50 rows, each is given once, and 10 more were asked for. Give it more rows"),
    ],
)
@pytest.mark.parametrize("milliseconds", [10.0, 900.0])
def test_users_without_a_row_make_a_run_invalid_whatever_else_came_of_it(
    held: bool, says: str, milliseconds: float
) -> None:
    endpoints = {"GET /tests": answers(milliseconds)}
    verdict = verdict_on(endpoints, data=data(held=held), interrupted_by=Interruption.DATA)
    assert verdict.sentence.startswith(f"INVALID: {says}")
    assert (verdict.exit_code, part(verdict, "data")[1]["short"]) == (4, 10)
    assert "Cut short after 15 s by its data, which is used up" in verdict.sentence
    jsonschema_rs.Draft202012Validator(SCHEMA).validate(dict(verdict.document))


def test_where_nothing_was_measured_that_is_why() -> None:
    verdict = verdict_on({}, data=data(rows=1, short=1, held=False), interrupted_by=Interruption.DATA)
    assert verdict.sentence.startswith("INVALID: accounts.csv has 1 row, each is given once, and 1 more was asked for.")


def test_a_search_says_what_it_knows_all_the_same() -> None:
    evidence = evidence_of(
        searched(*FOUND, again_ms=None),
        plan="capacity",
        search=Search(Goal(88, 2000, 0.1)),
        data=data(),
        interrupted_by=Interruption.DATA,
    )
    sentence = judge(evidence).sentence
    assert sentence.startswith("INVALID: accounts.csv has 50 rows, one for each user")
    assert "the limits were kept." in sentence


@pytest.mark.parametrize(
    ("more", "word", "exit_code", "complete"),
    [({}, "PASS", 0, True), ({"interrupted_by": Interruption.DATA}, "PASS", 5, False)],
)
def test_a_run_that_was_to_end_with_its_rows_is_judged(
    more: dict[str, Any], word: str, exit_code: int, complete: bool
) -> None:
    verdict = verdict_on({"GET /tests": answers(10.0)}, data=data(3, "stop", held=False), **more)
    assert (verdict.verdict, verdict.exit_code, verdict.document["complete"]) == (word, exit_code, complete)
    assert 'The run ended when all 50 rows of accounts.csv were given, as at_end="stop" says.' in verdict.sentence


def test_rows_that_a_lost_worker_may_not_have_used_are_said() -> None:
    sentence = verdict_on({"GET /tests": answers(10.0)}, data=data(0, unsure=3)).sentence
    assert "Rows of accounts.csv that went to a worker which was lost, and may not have been used: 3." in sentence


def test_rows_enough_are_not_spoken_of() -> None:
    verdict = verdict_on({"GET /tests": answers(10.0)}, data=data(0))
    assert (verdict.verdict, "accounts.csv" in verdict.sentence) == ("PASS", False)
    assert verdict_on({"GET /tests": answers(10.0)}).document["data"] is None
