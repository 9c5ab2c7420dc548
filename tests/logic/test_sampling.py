"""When a step has measured enough: sure when the share of slow answers is sure, and never for ever."""

import random

import pytest

from lab import limits
from lab.counts.timeline import Tally
from lab.plans.sampling import Stretch, is_kept, wilson

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


def test_the_interval_of_a_share_is_wilsons() -> None:
    assert wilson(0, 0, 2.576) == (0, 1)
    low, high = wilson(50, 1000, 2.576)
    assert low == pytest.approx(0.0350, abs=2e-4)
    assert high == pytest.approx(0.0710, abs=2e-4)


def test_less_sureness_takes_fewer_answers() -> None:
    accepted = limits.parse("p95<=450ms fail<=1%")
    assert is_kept(accepted, tally(100), 10, Stretch(5, 20, 1.0)) is True
    assert is_kept(accepted, tally(100), 10, Stretch(5, 20, 1.96)) is None


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
