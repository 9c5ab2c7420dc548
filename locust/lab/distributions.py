"""Quantiles of Student's t, chi-square and F: these three do not justify a library of 100 MB.

Each is found by bisection of a distribution function that is exact, or integrated to six digits. With very many
degrees of freedom the normal distribution stands in: for chi-square by E. B. Wilson and M. M. Hilferty (1931).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from math import atan, comb, cos, exp, inf, lgamma, pi, sqrt, tan
from statistics import NormalDist

_ALMOST_NORMAL = 1000.0
_MANY = 800
_HALVINGS = 44
_PANELS = 24


@lru_cache(maxsize=4096)
def t_quantile(share: float, degrees: float) -> float:
    """What Student's t of so many degrees of freedom (1 or more, also between whole numbers) stays below in that share.

    >>> round(t_quantile(0.95, 4), 3), round(t_quantile(0.975, inf), 2)
    (2.132, 1.96)
    """
    if degrees > _ALMOST_NORMAL:
        return NormalDist().inv_cdf(share)
    if share < 0.5:
        return -t_quantile(1 - share, degrees)
    angle = _bisect(lambda angle: 0.5 + _t_within(angle, degrees), share, atan(1e4 / sqrt(degrees)))
    return sqrt(degrees) * tan(angle)


def t_below(value: float, degrees: float) -> float:
    """In which share Student's t of so many degrees of freedom (1 or more) stays below the value.

    >>> round(t_below(2.1318, 4), 4), t_below(0.0, 4), round(t_below(-1.96, inf), 3)
    (0.95, 0.5, 0.025)
    """
    if degrees > _ALMOST_NORMAL:
        return NormalDist().cdf(value)
    within = _t_within(atan(abs(value) / sqrt(degrees)), degrees)
    return min(1.0, 0.5 + within) if value > 0 else max(0.0, 0.5 - within)


def _t_within(angle: float, degrees: float) -> float:
    """The share of Student's t between 0 and sqrt(degrees) tan(angle).

    As a function of the angle its density is a power of the cosine, and the whole tail is a finite stretch.
    """
    scale = exp(lgamma((degrees + 1) / 2) - lgamma(degrees / 2)) / sqrt(pi)
    return scale * _integral(lambda at: cos(at) ** (degrees - 1), angle)


def chi_square_quantile(share: float, degrees: int) -> float:
    """What chi-square of so many degrees of freedom, an even number, stays below in that share; 0 for none.

    >>> round(chi_square_quantile(0.95, 2), 3)
    5.991
    """
    if not degrees:
        return 0.0
    if degrees % 2:
        raise ValueError("an even number of degrees of freedom")
    if degrees > _MANY:
        part = 2 / (9 * degrees)
        return degrees * (1 - part + NormalDist().inv_cdf(share) * sqrt(part)) ** 3
    most = degrees + 20 * sqrt(2 * degrees) + 40
    return _bisect(lambda at: 1 - _poisson_below(degrees // 2, at / 2), share, most)


def f_quantile(share: float, degrees: int) -> float:
    """What F of so many degrees of freedom both above and below, an even number, stays below in that share."""
    if degrees > _MANY:
        return exp(NormalDist().inv_cdf(share) * 2 / sqrt(degrees))
    half = degrees // 2
    ratio = _bisect(lambda at: _binomial_from(half, 2 * half - 1, at), share, 1.0)
    return ratio / (1 - ratio) if ratio < 1 else inf


def _poisson_below(count: int, mean: float) -> float:
    """How probable fewer than so many events are."""
    term = total = exp(-mean)
    for number in range(1, count):
        term *= mean / number
        total += term
    return total


def _binomial_from(count: int, of: int, chance: float) -> float:
    """How probable so many hits or more are."""
    return sum(comb(of, hits) * chance**hits * (1 - chance) ** (of - hits) for hits in range(count, of + 1))


def _integral(function: Callable[[float], float], until: float) -> float:
    """From 0, by Simpson's rule."""
    width = until / (2 * _PANELS)
    inner = sum((4 if panel % 2 else 2) * function(panel * width) for panel in range(1, 2 * _PANELS))
    return width / 3 * (function(0) + inner + function(until))


def _bisect(grows: Callable[[float], float], value: float, most: float) -> float:
    low, high = 0.0, most
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if grows(middle) < value else (low, middle)
    return (low + high) / 2
