"""When a step has measured enough: sure when the share of slow answers is sure, and never for ever."""

import random

import pytest

from lab import limits
from lab.counts.timeline import Extremes, Tally
from lab.plans.sampling import Stretch, is_broken, is_kept, rate, wilson

SHORT_TO_LONG = Stretch(at_least=5, at_most=20, sureness=2.576)


def tally(fast: int, slow: int = 0, failed: int = 0) -> dict[str, Tally]:
    whole = Tally()
    for count, time in ((fast, 10.0), (slow, 900.0)):
        for _ in range(count):
            whole.succeed(time)
    if failed:
        whole.fail("no", failed)
    return {"GET /tests": whole}


@pytest.mark.parametrize(
    ("text", "answers", "seconds", "kept"),
    [
        # nothing slow: how many answers it takes follows from the interval of a share
        ("p95<=450ms", tally(125), 10, None),
        ("p95<=450ms", tally(127), 10, True),
        ("p99<=450ms", tally(600), 10, None),
        ("p99<=450ms", tally(660), 10, True),
        ("p50<=450ms", tally(7), 10, True),
        # the least time is the least time, however many answers
        ("p95<=450ms", tally(100_000), 4, None),
        ("p95<=450ms", tally(100_000), 5, True),
        # near the limit it takes more; at the longest time the figure itself decides
        ("p95<=450ms", tally(960, 40), 19, None),
        ("p95<=450ms", tally(960, 40), 20, True),
        ("p95<=450ms", tally(940, 60), 19, None),
        ("p95<=450ms", tally(940, 60), 20, False),
        ("p95<=450ms", tally(9000, 1000), 5, False),
        # hopeless: cut short before the least time
        ("p95<=450ms", tally(50, 50), 2, False),
        ("p95<=450ms", tally(50, 50), 1, None),
        ("fail<=1%", tally(0, 0, failed=100), 2, False),
        ("fail<=1%", tally(1000, 0, failed=5), 10, None),
        ("fail<=1%", tally(5000, 0, failed=5), 10, True),
        ("fail<=1%", tally(5000, 0, failed=100), 10, False),
        # one limit sure and broken is enough; all must be sure to be kept
        ("p95<=450ms fail<=1%", tally(127), 10, None),
        ("p95<=450ms fail<=1%", tally(700), 10, True),
        ("avg<=50ms", tally(990, 10), 5, True),
        ("avg<=18ms", tally(990, 10), 5, None),
        ("avg<=5ms", tally(990, 10), 5, False),
        ("max<=450ms", tally(100, 1), 5, False),
        ("max<=450ms", tally(100), 19, None),
        ("max<=450ms", tally(100), 20, True),
        # no answer at all is not kept, once the time is up
        ("p95<=450ms", {}, 19, None),
        ("p95<=450ms", {}, 20, False),
        # throughput is for the whole search to say
        ("p95<=450ms rps>=1000000", tally(700), 10, True),
    ],
)
def test_a_step_is_judged_when_it_is_sure(
    text: str, answers: dict[str, Tally], seconds: float, kept: bool | None
) -> None:
    assert is_kept(limits.parse(text), answers, seconds, SHORT_TO_LONG) is kept


@pytest.mark.parametrize(
    ("text", "extremes", "seconds", "kept"),
    [
        # a silence is broken at once, and waits for no confidence
        ("p95<=450ms outage<=5s", Extremes(6), 1, False),
        ("p95<=450ms outage<=5s", Extremes(5), 1, None),
        ("p95<=450ms outage<=5s", Extremes(5), 5, True),
        ("p95<=450ms outage<=500ms", Extremes(0), 5, True),
        ("p95<=450ms outage<=500ms", Extremes(None), 5, True),
        # a window is kept when it was seen whole, and broken as soon
        ("p95<=450ms in 10s", Extremes(0, {"p95 in 10s": 40.0}), 9, None),
        ("p95<=450ms in 10s", Extremes(0, {"p95 in 10s": 40.0}), 10, True),
        ("p95<=450ms in 10s", Extremes(0, {"p95 in 10s": 460.0}), 10, False),
        # a window that is longer than the longest step, or in which nothing was asked
        ("p95<=450ms in 30s", Extremes(0, {"p95 in 30s": 40.0}), 20, True),
        ("p95<=450ms in 30s", Extremes(0, {"p95 in 30s": 460.0}), 20, False),
        ("p95<=450ms in 2s", Extremes(0, {"p95 in 2s": None}), 19, None),
        ("p95<=450ms in 2s", Extremes(0, {"p95 in 2s": None}), 20, False),
    ],
)
def test_what_sums_cannot_tell_is_judged_as_it_was_seen(
    text: str, extremes: Extremes, seconds: float, kept: bool | None
) -> None:
    assert is_kept(limits.parse(text), tally(700), seconds, SHORT_TO_LONG, extremes) is kept


def test_the_interval_of_a_share_is_wilsons() -> None:
    assert wilson(0, 0, 2.576) == (0, 1)
    low, high = wilson(50, 1000, 2.576)
    assert low == pytest.approx(0.0350, abs=2e-4)
    assert high == pytest.approx(0.0710, abs=2e-4)


def test_less_sureness_takes_fewer_answers() -> None:
    accepted = limits.parse("p95<=450ms fail<=1%")
    assert is_kept(accepted, tally(100), 10, Stretch(5, 20, 1.0)) is True
    assert is_kept(accepted, tally(100), 10, Stretch(5, 20, 1.96)) is None


@pytest.mark.parametrize(
    ("text", "answers", "sureness", "broken"),
    [
        # ten of a hundred are slow, where five may be: with how much certainty is that more?
        ("p95<=450ms", tally(90, 10), 1.64, True),
        ("p95<=450ms", tally(90, 10), 2.576, False),
        ("p95<=450ms", tally(92, 8), 1.64, False),
        ("p95<=450ms", tally(100), 1.64, False),
        ("p95<=450ms", {}, 1.64, False),  # silence breaks nothing
        ("fail<=1%", tally(90, 0, failed=10), 1.64, True),
        ("max<=450ms", tally(99, 1), 1.64, True),
        ("GET /tests:p95<=450ms", tally(50, 50), 1.64, True),
        ("POST /tests:p95<=450ms", tally(50, 50), 1.64, False),  # of which there are none
        ("rps>=1000000", tally(90, 10), 1.64, False),  # a second says nothing of throughput
        ("rps>=0.001", tally(90, 10), 1.64, False),
    ],
)
def test_a_limit_is_broken_where_that_is_sure(
    text: str, answers: dict[str, Tally], sureness: float, broken: bool
) -> None:
    (limit,) = limits.parse(text)
    assert is_broken(limit, answers, sureness) is broken


@pytest.mark.parametrize(
    ("bound", "kept"),
    [
        # the mean is 15 ms, and sure to 1.294 ms: 2.576 times its error of sqrt(25.25 / 100)
        (16.4, True),
        (16.2, None),
        (13.8, None),
        (13.6, False),
    ],
)
def test_an_average_is_as_sure_as_its_answers_scatter(bound: float, kept: bool | None) -> None:
    both = Tally()
    for milliseconds in (10.0, 20.0) * 50:
        both.succeed(milliseconds)
    assert is_kept(limits.parse(f"avg<={bound}ms"), {"GET /tests": both}, 10, SHORT_TO_LONG) is kept


def test_an_average_of_few_answers_says_nothing() -> None:
    assert is_kept(limits.parse("avg<=450ms"), tally(29), 10, SHORT_TO_LONG) is None
    assert is_kept(limits.parse("avg<=450ms"), tally(30), 10, SHORT_TO_LONG) is True


@pytest.mark.parametrize(
    ("text", "slow", "kept"),
    [
        ("p95<=450ms", 40, False),  # surely more than a quarter, five times what may be
        ("p95<=450ms", 35, None),
        ("p50<=450ms", 64, False),  # more than half of all is hopeless for any limit
        ("p50<=450ms", 60, None),
    ],
)
def test_a_step_without_hope_is_cut_short(text: str, slow: int, kept: bool | None) -> None:
    assert is_kept(limits.parse(text), tally(100 - slow, slow), 2, SHORT_TO_LONG) is kept


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ([], (0, 0, 0)),
        ([0, 0, 0], (0, 0, 0)),
        ([7], (7, 0, 14)),  # of one second nothing is known of the scatter
        ([8, 12], (10, 0, 10 + 12.706 * 2)),  # t of one degree of freedom; never below none
        ([9, 11] * 5, (10, 10 - 0.7540, 10 + 0.7540)),  # t of nine: 2.2622, of an error of a third
        ([10] * 5, (10, 10, 10)),
    ],
)
def test_a_rate_comes_with_the_interval_of_its_seconds(counts: list[int], told: tuple[float, float, float]) -> None:
    assert rate(counts) == pytest.approx(told, abs=1e-3)


def test_a_step_that_says_it_is_sure_is_right() -> None:
    """A service whose true p95 is a fifth off the limit is judged rightly nearly every time, on either side."""
    wrong = 0
    for seed in range(200):
        chance, true_share = random.Random(seed), (0.03, 0.08)[seed % 2]
        slow = fast = 0
        kept = None
        for second in range(1, 21):
            for _ in range(100):
                hit = chance.random() < true_share
                slow, fast = slow + hit, fast + (not hit)
            kept = is_kept(limits.parse("p95<=450ms"), tally(fast, slow), second, SHORT_TO_LONG)
            if kept is not None:
                break
        wrong += kept is not (true_share < 0.05)
    assert wrong <= 4
