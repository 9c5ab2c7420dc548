"""A held load ends as soon as a limit is surely broken: soon where it is, and hardly ever where it is not."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from lab import limits
from lab.counts.endpoints import Endpoints
from lab.counts.timeline import Extremes, Tally
from lab.engine.snapshot import snapshot
from lab.judging.evidence import Stop
from lab.limits import Limit
from lab.plans.stopping import Watch, ratio
from lab.service import limited
from lab.settings import Settings
from tests.support.verdicts import answers, evidence_of, verdict_on

P95 = limits.parse("p95<=450ms")
SLOW, FAST = 900.0, 20.0


def stopped_at(seconds: Sequence[tuple[int, int]], accepted: Sequence[Limit] = P95) -> int | None:
    """At which second a load is ended that has so many (slow, fast) answers in each; None where it goes on."""
    watch, sums = Watch(), Tally()
    for at, (slow, fast) in enumerate(seconds, 1):
        sums.add(Tally(times={SLOW: slow, FAST: fast}, sum_ms=slow * SLOW + fast * FAST, max_ms=FAST))
        if watch.see(accepted, at, {"GET /tests": sums}, Extremes(0)):
            return at
    return None


def test_what_is_far_beyond_the_limit_ends_after_five_seconds() -> None:
    assert stopped_at([(100, 0)] * 60) == 5
    assert stopped_at([(30, 70)] * 60) == 5


@pytest.mark.parametrize(
    ("text", "figure", "at"),
    [
        ("tokens/s:p50>=40", 30.0, 5),
        ("tokens/s:p50>=20", 30.0, None),
        ("tokens/s:p5>=40", 30.0, 5),
        ("tokens/s:avg>=40", 30.0, 5),
        ("tokens/s:avg<=20", 30.0, 5),
        ("tokens/s:max<=20", 30.0, 1),
        ("tokens/s:p50<=40", 30.0, None),
        ("api.cpu<=80%", 30.0, None),  # which the service did not say
    ],
)
def test_a_figure_of_ones_own_ends_it_on_its_own_side(text: str, figure: float, at: int | None) -> None:
    watch, sums = Watch(), answers(FAST)
    for second in range(1, 30):
        whole = Endpoints({"GET /tests": sums}, {"MEASURE tokens/s": answers(figure, 100 * second)})
        if watch.see(limits.parse(text), second, whole, Extremes(0)):
            assert second == at
            return
    assert at is None


@pytest.mark.parametrize("slow", [1, 2, 3, 4])
def test_seconds_of_a_standstill_end_nothing(slow: int) -> None:
    """As much as a limit of 5 % accepts of a minute, and all at once."""
    for begin in range(0, 57, 4):
        seconds = [(100, 0) if begin <= at < begin + slow - 1 else (0, 100) for at in range(60)]
        assert stopped_at(seconds) is None


def test_few_answers_are_not_enough() -> None:
    assert stopped_at([(1, 1), *[(0, 2)] * 4]) is None
    assert stopped_at([(1, 1), (1, 1), *[(0, 2)] * 3]) is None
    assert (stopped_at([(1, 1)] * 60) or 99) < 20


def draws(seconds: int, share: float, seed: int, swing: float = 0.0) -> list[tuple[int, int]]:
    """Seconds of a hundred answers with that share of slow ones; with a swing, neighbours resemble each other."""
    chance, state, found = random.Random(seed), 0.0, []
    for _ in range(seconds):
        state = 0.8 * state + chance.gauss(0, 1) * 0.6
        now = min(1.0, max(0.0, share * (1 + swing * state)))
        slow = sum(chance.random() < now for _ in range(100))
        found.append((slow, 100 - slow))
    return found


@pytest.mark.parametrize("swing", [0.0, 0.5])
def test_a_load_that_keeps_its_limit_just_so_is_hardly_ever_ended(swing: float) -> None:
    ended = sum(stopped_at(draws(60, 0.05, seed, swing)) is not None for seed in range(40))
    assert ended <= 2


def test_a_share_of_twice_what_is_accepted_ends_within_half_a_minute() -> None:
    ends = [stopped_at(draws(60, 0.10, seed)) or 99 for seed in range(20)]
    assert sorted(ends)[17] <= 30


def test_the_ends_of_a_ratio_are_beyond_the_truth_as_rarely_as_they_say() -> None:
    chance, beyond = random.Random(3), 0
    for _ in range(150):
        hits = of = 0.0
        sums = [(0.0, 0.0)]
        for _ in range(40):
            asked = chance.randrange(50, 150)
            hits, of = hits + sum(chance.random() < 0.1 for _ in range(asked)), of + asked
            sums.append((hits, of))
        beyond += ratio(sums, 0.05)[0] > 0.1
    assert 1 <= beyond <= 16


@pytest.mark.parametrize("sums", [[(0.0, 0.0)], [(0.0, 0.0), (1.0, 2.0)], [(0.0, 0.0)] * 9])
def test_a_ratio_of_nothing_is_unknown(sums: list[tuple[float, float]]) -> None:
    assert ratio(sums, 0.01) == (float("-inf"), float("inf"))


@pytest.mark.parametrize(
    ("text", "extremes", "tally"),
    [
        ("outage<=5s", Extremes(6), Tally()),
        ("p95<=450ms in 2s", Extremes(0, {"p95 in 2s": 451.0}), Tally()),
        ("exceptions<=0", Extremes(0), Tally(exceptions={"KeyError": 1})),
        ("max<=1s", Extremes(0), Tally(times={1500.0: 1}, max_ms=1500.0)),
    ],
)
def test_what_no_later_answer_mends_ends_at_once(text: str, extremes: Extremes, tally: Tally) -> None:
    accepted = limits.parse(text)
    assert Watch().see(accepted, 2, {"GET /tests": tally}, extremes) == accepted[0]
    assert Watch().see(accepted, 2, {"GET /tests": answers(20)}, Extremes(0, {"p95 in 2s": 20.0})) is None


@pytest.mark.parametrize(
    ("text", "figure", "at"),
    [
        ("api.cpu<=80%", 0.95, 5),
        ("api.cpu<=80%", 0.75, None),
        ("proxy.served_total>=10/s", 0.5, 5),
        ("api.errors_total<=3/s", 4.0, 5),
        ("proxy.served_total>=3/s", 4.0, None),
        ("api.memory<=400MiB", 401.0, 1),
        ("api.queue_length<=3", 4.0, 1),
        ("api.orders_total>=300", 1.0, None),  # it may still add up to that
    ],
)
def test_what_a_service_says_of_itself_ends_a_load_as_well(text: str, figure: float, at: int | None) -> None:
    accepted, watch = limits.parse(text), Watch()
    used = dict.fromkeys([accepted[0].key], figure)
    seen = (second for second in range(1, 60) if watch.see(accepted, second, {}, Extremes(0, used=used)))
    assert next(seen, None) == at


def test_a_service_that_says_something_late_is_held_to_what_it_says() -> None:
    accepted, watch = limits.parse("api.cpu<=80%"), Watch()
    said: dict[str, float | None] = {accepted[0].key: 0.95}
    used: list[dict[str, float | None]] = [{}] * 6 + [said, {}] * 30
    seen = [second for second, each in enumerate(used, 1) if watch.see(accepted, second, {}, Extremes(0, used=each))]
    assert 7 <= seen[0] < 30


def test_of_a_run_that_goes_on_a_limit_on_the_service_is_known() -> None:
    accepted = [*limits.parse("api.cpu<=80% api.served_total>=1/s api.orders_total>=300")]
    cpu, rate, orders = (limit.key for limit in accepted if limit.source)
    steps = [{cpu: 0.5, rate: 9.0, orders: 4.0}, {cpu: 0.7, rate: 8.0, orders: 5.0}]
    assert limited.so_far(accepted, steps[:1]) == steps[0]
    assert limited.so_far(accepted, steps) == {cpu: 0.7, rate: 8.0}
    assert limited.so_far(accepted, [{cpu: None}]) == {}
    keeper: Any = SimpleNamespace(samples=[], replicas=[], exchanges=SimpleNamespace(all=list))
    rows = snapshot(evidence_of([], "api.cpu<=80% p95<=1s"), steps[1:], [], keeper, {})["limits"]
    assert [(row["text"], row["measured"], row["kept"]) for row in rows][:2] == [
        ("api.cpu<=80%", 0.7, True),
        ("p95<=1s", None, False),
    ]


def test_a_window_that_is_not_full_says_nothing() -> None:
    accepted = limits.parse("p95<=450ms in 10s")
    assert Watch().see(accepted, 9, {}, Extremes(0, {"p95 in 10s": 900.0})) is None


def test_averages_failures_and_throughput_end_it_as_well() -> None:
    assert stopped_at([(50, 50)] * 20, limits.parse("avg<=100ms")) == 5
    assert stopped_at([(0, 100)] * 20, limits.parse("avg<=100ms")) is None
    assert stopped_at([(0, 50)] * 20, limits.parse("rps>=60")) == 5
    assert stopped_at([(0, 61)] * 20, limits.parse("rps>=60")) is None


def test_failures_end_it() -> None:
    watch = Watch()
    ended = [
        watch.see(limits.parse("fail<=1%"), at, {"GET /": Tally({FAST: 90 * at}, {"503": 10 * at})}, Extremes(0))
        for at in range(1, 6)
    ]
    assert [limit and limit.text for limit in ended] == [None] * 4 + ["fail<=1%"]


def test_seconds_that_were_taken_back_are_forgotten() -> None:
    watch = Watch()
    bad = Tally(times={SLOW: 400})
    for at in range(1, 5):
        assert watch.see(P95, at, {"GET /tests": bad}, Extremes(0)) is None
    assert watch.see(P95, 1, {"GET /tests": Tally(times={FAST: 100})}, Extremes(0)) is None
    for at in range(2, 60):
        assert watch.see(P95, at, {"GET /tests": Tally(times={FAST: 100 * at})}, Extremes(0)) is None


def test_the_sentence_says_what_ended_the_run_and_when() -> None:
    verdict = verdict_on({"GET /tests": answers(900)}, stopped=Stop("p95<=450ms", 60.0))
    assert (verdict.verdict, verdict.exit_code) == ("FAIL", 3)
    assert "over 10 s of 1 min, ended when p95<=450ms was surely broken, LAB_STOP)." in verdict.sentence
    assert verdict.document["complete"]


def test_a_run_that_was_ended_early_never_passes() -> None:
    """Judged again by a wider limit, for example: a part of its time says nothing about the rest."""
    verdict = verdict_on({"GET /tests": answers(900)}, "p95<=2s", stopped=Stop("p95<=450ms", 60.0))
    assert verdict.verdict == "INVALID"
    assert "ended at a breach of p95<=450ms, before it had measured all" in verdict.sentence


@pytest.mark.parametrize(
    ("knobs", "problem"),
    [
        ({"LAB_PLAN": "capacity"}, "takes one of the plans that hold a load, smoke, steady, peak, soak"),
        ({"LAB_PLAN": "ramp"}, "takes one of the plans"),
        ({"LAB_PLAN": "steady", "LAB_FAULT": "kill api at 20s"}, "takes no LAB_FAULT"),
    ],
)
def test_it_is_for_plans_that_hold_one_load(knobs: dict[str, str], problem: str) -> None:
    settings = Settings.read({"LAB_STOP": "breach", **knobs})
    assert problem in (settings.contradiction() or "")
    assert replace(settings, stop="end").contradiction() is None
