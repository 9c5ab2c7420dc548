"""The scaling law: found where there is one, with intervals that hold the truth, and refused where runs tell none."""

from __future__ import annotations

import numpy as np
import pytest

from scaling.law import NoFitError, ScalingLaw, SizedCapacity, fit

TRIALS = 200


def runs(
    law: ScalingLaw, sizes: list[float], repeats: int, noise: float, chance: np.random.Generator
) -> list[SizedCapacity]:
    return [
        SizedCapacity(size, law.capacity(size) * float(np.exp(chance.normal(0, noise))))
        for size in sizes
        for _ in range(repeats)
    ]


@pytest.mark.parametrize(
    ("law", "sizes", "rps"),
    [
        (ScalingLaw(100, 0, 0), [1, 2, 10], [100, 200, 1000]),
        (ScalingLaw(100, 0.1, 0), [1, 2, 11], [100, 2000 / 11, 550]),  # Amdahl: never beyond 1000
        (ScalingLaw(100, 0.1, 0.01), [1, 2, 11], [100, 200 / 1.12, 1100 / 3.1]),
    ],
)
def test_the_law_is_that_of_the_paper(law: ScalingLaw, sizes: list[float], rps: list[float]) -> None:
    assert [law.capacity(size) for size in sizes] == pytest.approx(rps)


def test_it_bends_where_its_throughput_is_highest() -> None:
    law = ScalingLaw(100, 0.1, 0.01)
    assert law.bend == pytest.approx(90**0.5)
    assert max(range(1, 40), key=law.capacity) == 9
    assert ScalingLaw(100, 0.1, 0).bend is None


def test_without_noise_the_figures_come_back() -> None:
    truth = ScalingLaw(120, 0.07, 0.004)
    found = fit(runs(truth, [1, 2, 4, 8], 2, 0.0, np.random.default_rng(1)))
    assert vars(found.law) == pytest.approx(vars(truth))
    assert found.interval(8) == pytest.approx((truth.capacity(8), truth.capacity(8)))


@pytest.mark.parametrize(
    ("truth", "sizes", "repeats"),
    [
        (ScalingLaw(100, 0.05, 0.002), [1, 2, 3], 2),
        (ScalingLaw(100, 0.1, 0.02), [1, 2, 4, 8], 2),
        (ScalingLaw(100, 0.0, 0.0), [1, 2, 3, 4], 2),
        (ScalingLaw(100, 0.2, 0.0), [1, 2, 4], 3),
    ],
)
def test_intervals_hold_the_truth_about_as_often_as_they_say(
    truth: ScalingLaw, sizes: list[float], repeats: int
) -> None:
    """Nine in ten; where a figure of the law is at its bound they err on the safe side."""
    chance = np.random.default_rng(3)
    held = dict.fromkeys(sizes, 0)
    for trial in range(TRIALS):
        found = fit(runs(truth, sizes, repeats, 0.04, chance), seed=trial)
        for size in sizes:
            low, high = found.interval(size)
            held[size] += low <= truth.capacity(size) <= high
    assert all(count >= 0.82 * TRIALS for count in held.values()), held


def test_the_size_for_a_load_is_enough_nearly_always() -> None:
    truth, chance, enough, told = ScalingLaw(100, 0.05, 0.002), np.random.default_rng(5), 0, 0
    for trial in range(TRIALS):
        size, sure = fit(runs(truth, [1, 2, 3, 4], 2, 0.04, chance), seed=trial).size_for(300)
        told += sure
        enough += sure and truth.capacity(size) >= 300
    assert told > TRIALS / 2
    assert enough >= 0.9 * told


def test_the_size_for_a_load_is_not_more_than_it_takes() -> None:
    found = fit(runs(ScalingLaw(100, 0.05, 0.0), [1, 2, 3, 4], 3, 0.002, np.random.default_rng(2)))
    assert found.law.capacity(5) > 400 > found.law.capacity(4)
    assert found.size_for(400) == (5, True)
    assert found.size_for(50) == (1, True)
    assert found.size_for(380, step=0.5) == (4.5, True)


@pytest.mark.parametrize(
    ("points", "why"),
    [
        ([], "0 sizes are too few"),
        (
            [SizedCapacity(1, 100), SizedCapacity(2, 190), SizedCapacity(2, 195), SizedCapacity(1, 101)],
            "2 sizes are too few",
        ),
        ([SizedCapacity(1, 100), SizedCapacity(2, 190), SizedCapacity(3, 270)], "3 runs are too few"),
        (
            [
                SizedCapacity(1, 100),
                SizedCapacity(2, 60),
                SizedCapacity(3, 300),
                SizedCapacity(1, 240),
                SizedCapacity(2, 250),
                SizedCapacity(3, 90),
            ],
            "too noisy",
        ),
        (
            [
                SizedCapacity(1, 100, 0.4),
                SizedCapacity(2, 190, 0.4),
                SizedCapacity(3, 270, 0.4),
                SizedCapacity(4, 340, 0.4),
            ],
            "too noisy",
        ),
    ],
)
def test_what_tells_no_law_is_refused_with_the_reason(points: list[SizedCapacity], why: str) -> None:
    with pytest.raises(NoFitError, match=why):
        fit(points)


def test_noise_is_refused_rather_than_told_as_a_law() -> None:
    chance, refused = np.random.default_rng(9), 0
    for trial in range(20):
        try:
            fit(runs(ScalingLaw(100, 0.05, 0.002), [1, 2, 3], 2, 0.5, chance), seed=trial)
        except NoFitError:
            refused += 1
    assert refused >= 19


def test_a_size_that_only_probably_serves_is_told_as_such() -> None:
    noisy = fit(runs(ScalingLaw(100, 0.05, 0.002), [1, 2, 3, 4], 2, 0.06, np.random.default_rng(5)))
    size, sure = noisy.size_for(430)
    assert not sure
    assert noisy.law.capacity(size) >= 430 > noisy.interval(size)[0]


def test_a_load_beyond_reach_gets_no_size() -> None:
    found = fit(runs(ScalingLaw(100, 0.2, 0.02), [1, 2, 3], 2, 0.01, np.random.default_rng(2)))
    with pytest.raises(NoFitError, match="no size up to 6 serves 5000 req/s"):
        found.size_for(5000)
