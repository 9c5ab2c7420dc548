"""What the sentence says of the service agrees with the figures of the same document, over invented services."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.counts.endpoints import Endpoints
from lab.counts.health import Health
from lab.counts.timeline import Step
from lab.judging import binding, causes
from lab.judging.binding import BindingRow
from lab.judging.causes import CauseParts
from lab.judging.reading import read
from lab.judging.verdict import Verdict, judge
from lab.service import double_entry, outages
from lab.service.both_ends import Service
from lab.service.double_entry import DoubleEntryRow, LostWorker, RequestCounts
from lab.service.metrics import MACHINE, PROXY
from lab.service.outages import Absence, Moment, OutageRow
from lab.service.usage import Usage
from tests.support import searches
from tests.support.verdicts import answers, evidence_of

SECONDS = 10
shares = st.floats(0, 1.05)


@st.composite
def replicas(draw: st.DrawFn) -> Usage:
    """A replica of any appetite, which does not say everything."""
    sums = {"cpu_seconds": draw(shares) * SECONDS, "served": 100.0, "periods": 100.0}
    sums |= {"throttled_periods": draw(shares) * 100, "store_seconds": draw(st.floats(0, 100))}
    sums |= {"worker_cpu_seconds": draw(shares) * 2 * SECONDS}
    peaks = {"cpu_limit": 1.0, "workers": 2.0, "memory_limit_bytes": 1e8, "resident_bytes": draw(shares) * 1e8}
    silent = draw(st.sets(st.sampled_from(sorted(sums | peaks))))
    for name in silent:
        sums.pop(name, None)
        peaks.pop(name, None)
    return Usage("replica", "api", SECONDS, sums, peaks)


@st.composite
def services(draw: st.DrawFn) -> Service:
    """One to three replicas, perhaps a proxy, and a machine that is more or less busy."""
    step = dict(zip("abc", draw(st.lists(replicas(), min_size=1, max_size=3)), strict=False))
    if draw(st.booleans()):
        step["proxy"] = Usage(PROXY, "proxy", SECONDS, {"busy": draw(shares) * SECONDS})
    crowded, others = draw(st.integers(0, SECONDS)), draw(st.floats(0.25, 1))
    sums = {"cpu_seconds": draw(shares) * 2 * SECONDS, "told_seconds": 10.0, "others_seconds": others * 2 * crowded}
    sums |= {"crowded_seconds": float(crowded), "crowding_seconds": others * 2 * crowded}
    step[MACHINE] = Usage(MACHINE, "machine", SECONDS, sums, {"cpu_limit": 2.0})
    lost = [LostWorker(number, "h", 1.0, 10, 5) for number in draw(st.sets(st.integers(1, 4)))]
    counts = RequestCounts(1000, 0, 0, draw(st.integers(0, 9)), served=draw(st.integers(990, 1100)), lost=lost)
    return Service([step], outages=draw(absences()), double_entry=double_entry.audit(counts))


@st.composite
def absences(draw: st.DrawFn) -> list[OutageRow]:
    rows = draw(st.lists(st.tuples(*[st.integers(0, 60)] * 3), min_size=6, max_size=20))
    course = [Moment(100 + at, {"a": a, "b": b}, failed) for at, (a, b, failed) in enumerate(rows)]
    since = draw(st.floats(101, 110))
    until = draw(st.none() | st.floats(0, 9).map(lambda more: since + more))
    return [outages.figures(Absence("b", since, until), course, 3.0)]


def verdict_on(
    service: Service, ms: float, cpu: float, failures: int, accepted: str = "p95<=450ms fail<=1%"
) -> Verdict:
    step = Step(users=20, started=100, seconds=SECONDS, successes=[100] * SECONDS)
    step.endpoints = Endpoints({"GET /": answers(ms, 1000, {"got 503": failures} if failures else {})})
    step.health = {1: Health(seconds=10.0, expected_seconds=10.0, users=20, cpu_seconds=cpu * 10)}
    return judge(evidence_of([step], accepted, workers=1, service=service))


@settings(max_examples=300, deadline=None)
@given(services(), st.sampled_from([9.0, 900.0]), st.floats(0, 0.85), st.sampled_from([0, 500]))
def test_the_sentence_agrees_with_the_figures(service: Service, ms: float, cpu: float, failures: int) -> None:
    verdict = verdict_on(service, ms, cpu, failures)
    shown, sentence = verdict.document, verdict.sentence
    agrees_with_the_binding(sentence, shown["binding"])
    assert ("None of the measured resources gives" in sentence) <= (verdict.verdict == "FAIL")
    for row in shown["outages"] or ():
        agrees_with_the_outage(sentence, row)
    entry, machine = shown["double_entry"], shown["machine"]
    assert entry
    agrees_with_both_ends(sentence, entry)
    assert machine
    assert ("Other work" in sentence) <= (machine["crowded_seconds"] >= 2)
    assert ("other work" in sentence) <= (verdict.verdict == "INVALID")
    broken = ms > 450 or failures > 10
    doubted = machine["crowded_seconds"] >= 2 if broken else entry["agree"] is False
    assert (verdict.verdict == "INVALID") == doubted


@pytest.mark.parametrize(
    ("accepted", "ms", "failures", "resource", "says"),
    [
        ("p95<=450ms", 900, 0, "api store", "The api's store gives first: 89 % of the response time is spent waiting"),
        # the store may take its time where nothing that waits broke
        ("p95<=1s", 900, 0, binding.NONE, "Nearest to its limit: the api's CPU, 10 % of 1.0 CPU."),
        ("p95<=1s fail<=1%", 900, 500, binding.NONE, "Nearest to its limit: the api's CPU, 10 % of 1.0 CPU."),
        ("rps>=500", 900, 0, binding.NONE, "Nearest to its limit: the api's CPU, 10 % of 1.0 CPU."),
    ],
)
def test_the_store_is_what_gives_where_a_limit_on_time_broke(
    accepted: str, ms: float, failures: int, resource: str, says: str
) -> None:
    slow = Usage("replica", "api", SECONDS, {"cpu_seconds": 1.0, "served": 100.0, "store_seconds": 80.0})
    slow.peaks["cpu_limit"] = 1.0
    verdict = verdict_on(Service(steps=[{"a": slow}]), ms, 0.05, failures, accepted)
    found = verdict.document["binding"]
    assert found
    assert (found["resource"], found["used"]) == (resource, 0.8889 if resource == "api store" else None)
    assert says in verdict.sentence


def test_what_the_service_said_of_itself_is_handed_on_as_it_was() -> None:
    said: dict[str, Any] = {
        "double_entry": {"swarm": 1, "proxy": None, "replicas": 1, "agree": True, "differences": []},
        "replicas": [{"name": "a", "requests": 1}],
        "balance": {"cv": 0.0, "chance_cv": 0.1, "balanced": True, "because": "shares are even"},
        "outages": [],
        "durability": [{"store": "sqlite", "survives": "power cut", "because": "synchronous=FULL"}],
    }
    nothing = dict.fromkeys(CauseParts.__annotations__)

    def parts(service: Service | None) -> CauseParts:
        return causes.find(read(evidence_of([], service=service)), "PASS", waits=False).parts

    assert parts(Service(**said)) == {**nothing, **said}
    assert parts(Service()) == {**nothing, "outages": []}
    assert parts(None) == nothing


def test_where_a_search_broke_the_store_may_be_what_gives() -> None:
    slow = Usage("replica", "api", SECONDS, {"cpu_seconds": 1.0, "served": 100.0, "store_seconds": 80.0})
    steps = searches.searched(*searches.FOUND)
    verdict = searches.verdict_on(steps, service=Service(steps=[{"a": slow} for _ in steps]))
    assert "The api's store gives first: 100 % of the response time is spent waiting for it" in verdict.sentence


def agrees_with_the_binding(sentence: str, row: BindingRow | None) -> None:
    assert ("gives first: " in sentence) <= bool(row and row["gives"]), (sentence, row)
    if row is None:
        return
    if row["gives"]:
        assert "None of the measured resources gives" not in sentence
        assert f"{round((row['used'] or 0) * 100)} % {row['unit']}" in sentence
    elif row["next"]:
        assert row["resource"] == binding.NONE
        assert f"{round(row['next']['used'] * 100)} % {row['next']['unit']}" in sentence
        assert row["next"]["used"] < 0.95, row


def agrees_with_the_outage(sentence: str, row: OutageRow) -> None:
    told = re.findall(r"gone at \d\d:\d\d:\d\d UTC: ([\d,]+) request", sentence)
    assert told == [f"{row['failed']:,}"]
    assert ("the others had its traffic" in sentence) <= row["others"], (sentence, row)
    assert ("nothing answered for" in sentence) <= bool(row["silent_seconds"]), (sentence, row)
    assert ("did not come back" in sentence) <= (row["back_after_seconds"] is None), (sentence, row)


def agrees_with_both_ends(sentence: str, entry: DoubleEntryRow) -> None:
    assert ("would explain it" in sentence) == (not entry["agree"])
    for row in entry["differences"]:
        if row.get("missing"):
            assert row["difference"] == int(re.findall(r"([\d,]+) answers of", sentence)[0])
            assert row["missing"] in sentence
