"""MTTF, MTTR, MTBF and availability, with intervals that hold for few failures. Pure.

Times to failure and to repair are taken to be exponential, so that the time seen, twice over its mean, is chi-square
(B. Epstein and M. Sobel, 1953), and the ratio of both means is F. Without a failure there is no mean, but a bound: were
it shorter than a third of the time seen, a failure would have shown in 95 of 100 such runs (the rule of three).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import TypedDict

from lab.distributions import chi_square_quantile, f_quantile
from lab.figures import rounded

CONFIDENCE = 0.95


class EstimateRow(TypedDict):
    """A figure with both ends of its interval, as verdict.json holds it."""

    value: float | None
    interval: list[float | None]


class LifetimesRow(TypedDict):
    """How long it works and how long it fails (s), and the share of the time in which it works."""

    mttf_seconds: EstimateRow
    mttr_seconds: EstimateRow
    mtbf_seconds: EstimateRow
    availability: EstimateRow


@dataclass(frozen=True)
class Estimate:
    """A figure and its 95 % interval; None where there is no such end, and no figure without a failure."""

    value: float | None
    low: float | None
    high: float | None

    def document(self) -> EstimateRow:
        return {
            "value": rounded(self.value, digits=6),
            "interval": [rounded(self.low, digits=6), rounded(self.high, digits=6)],
        }


@dataclass(frozen=True)
class Lifetimes:
    """How often it failed and was repaired, in so many seconds up and so many down."""

    failures: int
    repaired: int
    up_seconds: float
    down_seconds: float

    @property
    def mttf(self) -> Estimate:
        """Mean time to failure, s."""
        return _mean(self.up_seconds, self.failures, goes_on=True)

    @property
    def mttr(self) -> Estimate:
        """Mean time to repair, s. A failure that is not over counts with its time so far."""
        return _mean(self.down_seconds, self.repaired, goes_on=self.failures > self.repaired)

    @property
    def mtbf(self) -> Estimate:
        """Mean time between failures, from the beginning of one to that of the next, s."""
        return _mean(self.up_seconds + self.down_seconds, self.failures, goes_on=True)

    @property
    def availability(self) -> Estimate:
        """The share of the time in which it served."""
        whole = self.up_seconds + self.down_seconds
        if not whole:
            return Estimate(None, None, None)
        if not self.failures:
            return Estimate(1.0, None, 1.0)
        odds, factor = self.up_seconds / self.down_seconds, f_quantile((1 + CONFIDENCE) / 2, 2 * self.failures)
        low, high = (odds * by / (1 + odds * by) for by in (1 / factor, factor))
        return Estimate(self.up_seconds / whole, low, high)

    def document(self) -> LifetimesRow:
        """The parts of verdict.json."""
        return {
            "mttf_seconds": self.mttf.document(),
            "mttr_seconds": self.mttr.document(),
            "mtbf_seconds": self.mtbf.document(),
            "availability": self.availability.document(),
        }


def _mean(seconds: float, events: int, goes_on: bool) -> Estimate:
    """The mean of exponential times of which so many ended in so many seconds; one more may go on (it is censored)."""
    if not seconds:
        return Estimate(None, None, None)
    if not events:
        return Estimate(None, seconds / -log(1 - CONFIDENCE), None) if goes_on else Estimate(None, None, None)
    low = 2 * seconds / chi_square_quantile((1 + CONFIDENCE) / 2, 2 * events + 2 * goes_on)
    return Estimate(seconds / events, low, 2 * seconds / chi_square_quantile((1 - CONFIDENCE) / 2, 2 * events))
