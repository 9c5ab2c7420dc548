"""The quantiles that intervals are made of, held against published tables."""

from __future__ import annotations

from math import inf, isclose

import pytest

from lab.distributions import chi_square_quantile, f_quantile, t_quantile


@pytest.mark.parametrize(
    ("share", "degrees", "value"),
    [
        (0.95, 1, 6.3138),
        (0.95, 2, 2.9200),
        (0.95, 4, 2.1318),
        (0.975, 10, 2.2281),
        (0.95, 120, 1.6577),
        (0.95, 2.5, 2.5582),  # between whole numbers: scipy.stats.t.ppf
        (0.05, 4, -2.1318),
        (0.975, inf, 1.95996),
    ],
)
def test_t_is_that_of_the_tables(share: float, degrees: float, value: float) -> None:
    assert isclose(t_quantile(share, degrees), value, rel_tol=1e-4)


@pytest.mark.parametrize(
    ("share", "degrees", "value"),
    [
        (0.025, 2, 0.05064),
        (0.975, 2, 7.37776),
        (0.95, 2, 5.99146),
        (0.975, 20, 34.1696),
        (0.025, 400, 346.482),
        (0.975, 5000, 5197.88),
    ],
)
def test_chi_square_is_that_of_the_tables(share: float, degrees: int, value: float) -> None:
    assert isclose(chi_square_quantile(share, degrees), value, rel_tol=1e-4)


def test_without_degrees_of_freedom_chi_square_is_0() -> None:
    assert chi_square_quantile(0.975, 0) == 0
    with pytest.raises(ValueError, match="even"):
        chi_square_quantile(0.5, 3)


@pytest.mark.parametrize(
    ("share", "degrees", "value"), [(0.975, 2, 39.0), (0.95, 10, 2.9782), (0.025, 10, 0.26905), (0.975, 2000, 1.0916)]
)
def test_f_is_that_of_the_tables(share: float, degrees: int, value: float) -> None:
    assert isclose(f_quantile(share, degrees), value, rel_tol=1e-4)
