"""Did others burn the machine? Judged where a limit broke."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lab import limits
from lab.counts.endpoints import Endpoints
from lab.counts.health import Health
from lab.counts.timeline import Step
from lab.judging import neighbours as judged
from lab.judging.evidence import Evidence, Search
from lab.judging.reading import read
from lab.judging.verdict import judge
from lab.plans.search import Goal, Purpose
from lab.service.both_ends import Service
from lab.service.metrics import MACHINE
from lab.service.usage import Usage
from tests.support.verdicts import answers, evidence_of, part

HERE = "5e1f0c2a"


def step(users: int, kept: bool | None, ms: float, purpose: Purpose | str = "") -> Step:
    count = 100 * 10
    return Step(
        users=users,
        started=100,
        purpose=str(purpose),
        kept=kept,
        seconds=10,
        successes=[count // 10] * 10,
        endpoints=Endpoints({"GET /tests": answers(ms, count)}),
        health={1: Health(seconds=10.0, users=users, cpu_seconds=3.0)},
    )


def seen_in(crowded: int, others: float = 0.71, seconds: int = 10) -> dict[str, Usage]:
    """A step of a machine of two CPUs, in so many seconds of which others took that share of it."""
    taken = 2 * others * crowded
    sums = {"cpu_seconds": 19.0, "told_seconds": float(seconds), "others_seconds": taken}
    sums |= {"crowded_seconds": float(crowded), "crowding_seconds": taken, "steal_seconds": 0.0}
    return {MACHINE: Usage(MACHINE, "machine", seconds, sums, {"cpu_limit": 2.0}, HERE)}


def evidence(steps: list[Step], seen: list[dict[str, Usage]], search: Search | None = None, **more: Any) -> Evidence:
    plan = "capacity" if search else "steady"
    given = {"plan": plan, "seconds": 60, "workers": 1, "search": search, "service": Service(steps=seen)}
    return evidence_of(steps, "p95<=450ms", **{**given, **more})


SEARCH = Search(Goal(start=10, most=1000, resolution=0.1))
STOP = "Stop what else runs there, or measure on a machine of its own."


@pytest.mark.parametrize(
    ("at_capacity", "at_breach", "word", "says"),
    [
        # nobody else is there
        (0, 0, "PASS", ""),
        # others burnt the machine at the breach: without them there may have been none
        (0, 8, "INVALID", f"at 110 users, so the capacity is not the service's own. {STOP}"),
        # what was kept in spite of others is kept
        (8, 0, "PASS", "in 8 of 30 s"),
        # a single second may be anything
        (0, 1, "PASS", ""),
    ],
)  # fmt: skip
def test_a_search_is_not_believed_where_others_burnt_the_machine_at_its_breach(
    at_capacity: int, at_breach: int, word: str, says: str
) -> None:
    steps = [
        step(100, True, 300, Purpose.EXPLORE),
        step(110, False, 900, Purpose.EXPLORE),
        step(100, True, 300, Purpose.CONFIRM),
    ]
    seen = [seen_in(at_capacity), seen_in(at_breach), seen_in(0)]
    verdict = judge(evidence(steps, seen, SEARCH))
    assert verdict.verdict == word, verdict.sentence
    assert says in verdict.sentence if says else "ther work" not in verdict.sentence
    if word == "INVALID":
        assert "Up to 100 users the limits were kept." in verdict.sentence
        assert part(verdict, "generator")["believable"] is False
    assert part(verdict, "machine")["crowded_seconds"] == at_capacity + at_breach


@pytest.mark.parametrize(
    ("ms", "crowded", "more", "word", "says"),
    [
        # the service is slow by itself
        (900, 0, {}, "FAIL", ""),
        # a hiccup of the machine in one second explains nothing
        (900, 1, {}, "FAIL", ""),
        # others burnt the machine meanwhile
        (900, 6, {}, "INVALID", "of this machine in 6 of 10 s, so p95 900 ms (p95<=450ms) is not the service's own."),
        # and it kept its limits in spite of that
        (300, 6, {}, "PASS", "Other work used 71 % of this machine in 6 of 10 s."),
        # a peak of requests that was not made is broken as well
        (300, 6, {"plan": "peak", "peak_rps": 500}, "INVALID", "other work used 71 %"),
        (300, 6, {"plan": "peak", "peak_rps": 90}, "PASS", "Other work used 71 %"),
    ],
)  # fmt: skip
def test_a_held_load_that_broke_is_not_believed_and_one_that_kept_is(
    ms: float, crowded: int, more: dict[str, Any], word: str, says: str
) -> None:
    verdict = judge(evidence([step(100, None, ms)], [seen_in(crowded)], **more))
    assert verdict.verdict == word, verdict.sentence
    assert says in verdict.sentence if says else "ther work" not in verdict.sentence


def test_the_row_of_the_machine_has_all_that_was_seen() -> None:
    seen = seen_in(6)
    seen[MACHINE].sums["steal_seconds"] = 1.9
    row = judged.row(read(evidence([step(100, None, 900)], [seen], accepts_neighbours=True)))
    told = {"cpus": 2, "used": 0.95, "others": 0.426, "steal": 0.095, "seconds": 10, "crowded_seconds": 6}
    assert row == {**told, "accepted": True}


@pytest.mark.parametrize(("seconds", "word"), [(5, "INVALID"), (4, "FAIL")])
def test_a_step_is_looked_at_by_itself_from_five_seconds_on(seconds: int, word: str) -> None:
    """Two seconds of others are little of all sixty, and much of these."""
    steps = [step(100, None, 900 if at == 7 else 100) for at in range(60 // seconds)]
    for one in steps:
        one.seconds = seconds
    seen = [seen_in(2 if at == 7 else 0, seconds=seconds) for at in range(60 // seconds)]
    assert judge(evidence(steps, seen, limits=limits.parse("max<=450ms"))).verdict == word


def test_a_burst_in_one_step_of_many_is_seen_there() -> None:
    steps = [step(100, None, 900 if at == 7 else 100) for at in range(8)]
    seen = [seen_in(2 if at == 7 else 0) for at in range(8)]
    broken = evidence(steps, seen, limits=limits.parse("max<=450ms"))
    assert judge(broken).verdict == "INVALID"
    assert judge(replace(broken, service=Service(steps=[seen_in(0)] * 8))).verdict == "FAIL"


def test_the_repetition_of_the_first_step_is_slow_because_of_others() -> None:
    steps = [
        step(10, True, 10, Purpose.EXPLORE),
        step(20, False, 900, Purpose.EXPLORE),
        step(10, True, 40, Purpose.REPEAT),
    ]
    verdict = judge(evidence(steps, [seen_in(0), seen_in(0), seen_in(9)], SEARCH))
    assert verdict.verdict == "INVALID"
    assert "Other work used 71 % of this machine at 10 users" in verdict.sentence
    # also where others are accepted: the answers are not said to depend on history
    accepted = judge(evidence(steps, [seen_in(0), seen_in(0), seen_in(9)], SEARCH, accepts_neighbours=True))
    assert accepted.verdict == "INVALID"
    assert (
        "and other work used 71 % of this machine meanwhile: whether the answers depend on history cannot be told, so"
        in accepted.sentence
    )
    # others who were there in a step that kept the limits have slowed nothing down
    for first in (0, 9):
        quiet = judge(evidence(steps, [seen_in(first), seen_in(0), seen_in(0)], SEARCH))
        assert "the answers depend on history" in quiet.sentence
        assert "machine at 10 users" not in quiet.sentence
        assert ("ther work" in quiet.sentence) is bool(first)


def test_of_an_old_folder_and_of_a_service_elsewhere_nothing_is_told() -> None:
    bare = {MACHINE: Usage(MACHINE, "machine", 10, {"cpu_seconds": 19.0}, {"cpu_limit": 2.0})}
    reading = read(evidence([step(100, None, 900)], [bare]))
    row = judged.row(reading)
    assert row == {
        "cpus": 2,
        "used": 0.95,
        "others": None,
        "steal": None,
        "seconds": 10,
        "crowded_seconds": 0,
        "accepted": False,
    }
    assert judged.accusation(reading) is None
    assert judged.row(read(evidence([step(100, None, 900)], []))) is None
