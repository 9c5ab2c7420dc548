"""The intended times of open arrivals: their rate, their spacing, and that they are the same again."""

from __future__ import annotations

import statistics
from itertools import islice, pairwise, takewhile

import pytest

from lab.arrivals.schedule import EVEN, POISSON, SPACINGS, intended_times


def until(end: float, spacing: str, source: int, start: float = 0.0, worker: int = 0) -> list[float]:
    return list(takewhile(lambda due: due < end, intended_times(spacing, start, source, worker)))


def of_all(sources: int, end: float, spacing: str, worker: int = 0) -> list[float]:
    return sorted(due for source in range(sources) for due in until(end, spacing, source, worker=worker))


@pytest.mark.parametrize("spacing", SPACINGS)
def test_the_same_source_has_the_same_times(spacing: str) -> None:
    assert until(20, spacing, 7, worker=3) == until(20, spacing, 7, worker=3)


@pytest.mark.parametrize("spacing", SPACINGS)
def test_no_two_sources_have_the_same_times(spacing: str) -> None:
    first = {next(intended_times(spacing, 0.0, source, worker)) for source in range(50) for worker in range(4)}
    assert len(first) == 200


@pytest.mark.parametrize("spacing", SPACINGS)
@pytest.mark.parametrize("start", [0.0, 0.999, 12345.678])
def test_times_come_after_the_start_and_in_order(spacing: str, start: float) -> None:
    times = [start, *islice(intended_times(spacing, start, 5), 100)]
    assert all(before < after for before, after in pairwise(times))
    assert times[1] - start <= 1 or spacing == POISSON


def test_poisson_arrivals_are_one_a_second_and_source() -> None:
    """Within 4 standard deviations, which are the square root of the number."""
    assert len(of_all(100, 100, POISSON)) == pytest.approx(10_000, abs=400)


def test_poisson_gaps_are_exponential() -> None:
    """Their standard deviation is their mean, and of the gaps 1 - 1/e are below it: of a source and of all together."""
    for sources, end in ((1, 4000.0), (40, 100.0)):
        gaps = [after - before for before, after in pairwise(of_all(sources, end, POISSON))]
        mean = statistics.fmean(gaps)
        assert mean == pytest.approx(1 / sources, rel=0.07)
        assert statistics.stdev(gaps) == pytest.approx(mean, rel=0.07)
        assert sum(gap < mean for gap in gaps) / len(gaps) == pytest.approx(0.632, abs=0.03)


def test_even_arrivals_of_a_source_are_a_second_apart() -> None:
    gaps = [after - before for before, after in pairwise(until(100, EVEN, 3, start=0.5))]
    assert gaps == pytest.approx([1.0] * len(gaps), abs=1e-9)


@pytest.mark.parametrize("sources", [2, 7, 20, 100, 999])
def test_even_sources_share_the_second_evenly_however_many_they_are(sources: int) -> None:
    for worker in (0, 3):
        times = of_all(sources, 10, EVEN, worker)
        assert len(times) == pytest.approx(10 * sources, abs=1)
        gaps = [(after - before) * sources for before, after in pairwise(times)]
        assert min(gaps) > 0.3
        assert max(gaps) < 2
