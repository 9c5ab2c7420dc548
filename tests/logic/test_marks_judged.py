"""Limits on journeys, own figures and classes of users: read, held live, judged and judged again; in no other sum."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from lab import figures, limits
from lab.counts.answers import Answers
from lab.counts.endpoints import Endpoints
from lab.counts.marks import Mark
from lab.counts.timeline import Step, Tally, Timeline, together
from lab.faults import Faults, deeds
from lab.judging.verdict import Verdict
from lab.limits import LimitError
from lab.plans import bad_second, sampling
from lab.plans.sampling import Stretch
from lab.results import steps_file
from tests.support.verdicts import answers, evidence_of, part, verdict_on

SCHEMA = json.loads(
    (Path(__file__).parents[2] / "locust" / "lab" / "judging" / "verdict.schema.json").read_text(encoding="utf-8")
)
JOURNEY, TOKENS, BUYER = "JOURNEY checkout", "MEASURE tokens/s", "CLASS Buyer"


def figures_of(*values: float) -> Tally:
    tally = Tally()
    for value in values:
        tally.succeed(value)
    return tally


def judged(accepted: str, **marks: Tally) -> Verdict:
    """The verdict on 100 good requests with these marks beside them."""
    names = {"journey": JOURNEY, "tokens": TOKENS, "buyer": BUYER}
    beside = {names[name]: tally for name, tally in marks.items()}
    return verdict_on(Endpoints({"GET /cart": answers(10.0)}, beside), accepted)


@pytest.mark.parametrize(
    ("text", "endpoint", "measure", "comparison", "bound", "unit"),
    [
        ("JOURNEY checkout:p95<=3s", JOURNEY, "p95", "<=", 3000, "ms"),
        ("JOURNEY check out twice : fail<=1%", "JOURNEY check out twice", "fail", "<=", 0.01, "ratio"),
        ("CLASS Buyer:p95<=450ms", BUYER, "p95", "<=", 450, "ms"),
        ("CLASS Buyer:rps>=5", BUYER, "rps", ">=", 5, "req/s"),
        ("tokens/s:p50>=20", TOKENS, "p50", ">=", 20, ""),
        ("tokens/s:p5>20.5", TOKENS, "p5", ">", 20.5, ""),
        ("tokens/s:max<=900 in 10s", TOKENS, "max", "<=", 900, ""),
        ("MEASURE time to first token:avg<=0.4", "MEASURE time to first token", "avg", "<=", 0.4, ""),
    ],
)
def test_a_limit_is_read_and_reads_the_same_again(  # noqa: PLR0917 - a table of what is read
    text: str, endpoint: str, measure: str, comparison: str, bound: float, unit: str
) -> None:
    (limit,) = limits.parse(text)
    assert (limit.endpoint, limit.measure, limit.comparison, limit.bound, limit.unit) == (
        endpoint,
        measure,
        comparison,
        bound,
        unit,
    )
    assert limits.parse(limit.text) == (limit,)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("tokens/s:p50>=20ms", "p50 is given in no unit"),
        ("tokens/s:max>=20", "max takes <=, not >="),
        ("tokens/s:fail<=1%", "is a figure, which does not fail"),
        ("tokens/s:rps>=1", "rps counts requests, and this is none"),
        ("JOURNEY checkout:rps>=1", "rps counts requests, and this is none"),
        ("JOURNEY checkout:p95>=3s", "p95 takes <=, not >="),
        ("tokens/s:outage<=5s", "outage is of the whole service"),
    ],
)
def test_a_wrong_one_is_explained(text: str, says: str) -> None:
    with pytest.raises(LimitError, match=says):
        limits.parse(text)


@pytest.mark.parametrize(
    ("accepted", "word", "says"),
    [
        ("JOURNEY checkout:p95<=3s", "PASS", "JOURNEY checkout: p95 2000 ms (p95<=3s)"),
        ("JOURNEY checkout:p95<=1s", "FAIL", "JOURNEY checkout: p95 was 2000 ms where p95<=1s is accepted, 2 times"),
        ("JOURNEY checkout:fail<=1%", "FAIL", "; 10 journeys failed, most of all 'JOURNEY checkout: KeyError: 1'"),
        ("JOURNEY pay:p95<=1s", "INVALID", "nothing was measured of JOURNEY pay, which has a limit; measured were GET"),
        ("tokens/s:p50>=20", "PASS", ": tokens/s: p50 30 (p50>=20)"),
        ("tokens/s:p50>=40", "FAIL", "tokens/s: p50 was 30 where p50>=40 is accepted ("),
        ("tokens/s:p50<=20", "FAIL", "p50 was 30 where p50<=20 is accepted, 1.5 times as much"),
        ("latency:p50<=20", "INVALID", "nothing was measured of MEASURE latency"),
        ("CLASS Buyer:p95<=450ms", "FAIL", "CLASS Buyer: p95 was 900 ms"),
        ("CLASS Seller:p95<=450ms", "INVALID", "nothing was asked of CLASS Seller, which has a limit; measured were"),
    ],
)
def test_each_is_judged_by_its_own_counts(accepted: str, word: str, says: str) -> None:
    journey = answers(2000.0, 90, {"KeyError: 1": 10})
    verdict = judged(accepted, journey=journey, tokens=figures_of(*[30.0] * 50), buyer=answers(900.0, 20))
    assert verdict.verdict == word
    assert says in verdict.sentence
    jsonschema_rs.Draft202012Validator(SCHEMA).validate(dict(verdict.document))
    assert (part(verdict, "measured")["requests"], list(part(verdict, "endpoints"))) == (100, ["GET /cart"])
    assert part(verdict, "journeys")["checkout"]["failures"] == {"KeyError: 1": 10}
    assert part(verdict, "measures")["tokens/s"]["p5"] == 30
    assert part(verdict, "classes")["Buyer"]["requests"] == 20


def test_journeys_of_which_none_succeeded_keep_no_limit_on_time() -> None:
    verdict = judged("JOURNEY checkout:p95<=3s", journey=answers(0, 0, {"POST /pay: got 500": 7}))
    assert verdict.verdict == "FAIL"
    assert "not one journey succeeded; most of all 'JOURNEY checkout: POST /pay: got 500'" in verdict.sentence


def line_with(seconds: int, rows: list[Answers], marks: list[Mark], accepted: str = "p95<=1s") -> tuple[Timeline, Step]:
    line, step = Timeline(100, limits.windows(limits.parse(accepted))), Step(5, 100)
    line.merge(rows, marks)
    for second in range(100, 100 + seconds):
        line.measure(second, step)
    return line, step


def test_no_sum_over_requests_has_marks_in_it() -> None:
    rows = [Answers(second, "GET /cart", {10.0: 5}, {}, 50.0, 10.0, user="Buyer") for second in range(100, 104)]
    marks = [Mark(second, JOURNEY, {900.0: 7}, {"no": 3}, 6300.0, 900.0) for second in range(100, 104)]
    line, step = line_with(4, rows, marks)
    seconds, so_far = line.so_far(step, 104)
    assert (seconds, together(so_far.values()).requests, so_far.marks[JOURNEY].requests) == (4, 20, 40)
    settled = list(line.settle(104))
    assert [figures.sample_row(second, 5, 1, found)["requests"] for second, found, _ in settled] == [5] * 4
    assert figures.step_row(step, *line.so_far(step, 104))["requests"] == step.requests == 20
    assert step.successes == [5] * 4
    assert step.endpoints.marks[BUYER].requests == 20
    # late counts, of a worker whose link was stalled, are of the same step
    line.merge(rows[:1], marks[:1])
    assert (step.requests, step.endpoints.marks[JOURNEY].failed, step.endpoints.marks[BUYER].requests) == (25, 15, 25)


def test_what_fails_after_the_end_is_of_the_last_step() -> None:
    line, step = line_with(2, [Answers(100, "GET /cart", {10.0: 5}, {}, 50.0, 10.0)], [])
    line.attend(101, 5)
    line.end()
    failed = Answers(102, "GET /cart", {9.0: 1}, {"no": 2}, 9.0, 9.0, user="Buyer")
    line.merge([failed], [Mark(102, JOURNEY, {900.0: 1}, {"no": 3}, 900.0, 900.0)])
    list(line.settle(103))
    found = step.endpoints.marks
    assert [(found[name].failed, found[name].successes) for name in (BUYER, JOURNEY)] == [(2, 0), (3, 0)]


def test_a_window_looks_at_marks_too() -> None:
    accepted = "tokens/s:p50>=20 in 2s"
    marks = [
        Mark(100 + at, TOKENS, {figure: 4}, {}, 4 * figure, figure) for at, figure in enumerate((30.0, 9.0, 8.0, 50.0))
    ]
    line, step = line_with(4, [], marks, accepted)
    list(line.settle(104))
    (limit,) = limits.parse(accepted)
    assert step.windows == {"MEASURE tokens/s:p50 in 2s": 8.0}
    assert not limit.keeps(8.0)


@pytest.mark.parametrize(
    ("accepted", "kept"),
    [
        ("tokens/s:p50>=20", True),
        ("tokens/s:p50>=40", False),
        ("tokens/s:p5>=25", True),
        ("tokens/s:avg>=25", True),
        ("tokens/s:avg>=40", False),
        ("tokens/s:avg<=25", False),
        ("JOURNEY checkout:p95<=3s", True),
        ("JOURNEY checkout:p95<=1s", False),
        ("CLASS Buyer:fail<=1%", False),
    ],
)
def test_a_search_is_led_by_them(accepted: str, kept: bool) -> None:
    tokens = figures_of(*[30.0, 31.0, 29.0] * 200)
    beside = {JOURNEY: answers(2000.0, 500), TOKENS: tokens, BUYER: answers(9.0, 400, {"no": 100})}
    endpoints = Endpoints({"GET /cart": answers(10.0, 1000)}, beside)
    assert sampling.is_kept(limits.parse(accepted), endpoints, 5, Stretch(5, 20, 2.58)) is kept


def test_how_far_beyond_a_least_figure_is_grows_as_it_falls() -> None:
    findings = limits.judge(
        limits.parse("p95<=8ms tokens/s:p50>=40"),
        Endpoints({"GET /cart": answers(10.0)}, {TOKENS: figures_of(10.0)}),
        10,
    )
    assert limits.worst(findings).limit.text == "tokens/s:p50>=40"
    assert limits.excess(findings) == 4


def test_steps_are_read_back_with_them_and_judged_again_alike() -> None:
    step = Step(5, 100, seconds=10, endpoints=Endpoints({"GET /cart": answers(10.0)}, {JOURNEY: answers(2000.0, 9)}))
    document = json.loads(json.dumps(steps_file.document(evidence_of([step]))))
    (again,) = steps_file.steps(document)
    accepted = limits.parse("JOURNEY checkout:p95<=1s")
    assert limits.judge(accepted, again.endpoints, 10) == limits.judge(accepted, step.endpoints, 10)
    del document["steps"][0]["marks"]  # as in runs of earlier versions
    (old,) = steps_file.steps(document)
    assert old.endpoints.marks == {}


def test_the_seconds_around_a_fault_are_read_back_with_them() -> None:
    second = Endpoints({"GET /cart": answers(10.0, 20)}, {JOURNEY: answers(9000.0, 20)})
    document: Any = json.loads(json.dumps(Faults([], {100: second, 101: {}}).document()))
    again = deeds.from_document(document).seconds[100]
    accepted = limits.parse("JOURNEY checkout:p95<=1s")
    assert (
        bad_second.broken(accepted, again) == bad_second.broken(accepted, second) == "JOURNEY checkout:p95<=1s broken"
    )
    del document["marks"]
    assert bad_second.broken(accepted, deeds.from_document(document).seconds[100]) == ""
