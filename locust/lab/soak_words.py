"""What a soak comes to, in words: failures and drift, times and shares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lab.figures import three_digits


def sentences(part: Mapping[str, Any]) -> list[str]:
    """What the soak adds to the verdict's sentence."""
    return [_failures_sentence(part), *(_drift_sentence(row) for row in part["drift"] if row["drifts"])]


def _failures_sentence(part: Mapping[str, Any]) -> str:
    seconds, count = part["observed_seconds"], part["count"]
    if not seconds:
        return "No second was measured, so nothing is known of failures."
    if not count:
        least = span(part["mttf_seconds"]["interval"][0])
        return f"No failure in {span(seconds)}, which proves an MTTF of {least} or more (95 %), no more than that."
    parts = [f"{name} {estimate(part[f'{name.lower()}_seconds'])}" for name in ("MTBF", "MTTF", "MTTR")]
    up = part["availability"]
    low, high = (share(end) for end in up["interval"])
    plural = "" if count == 1 else "s"
    return (
        f"{count} failure{plural} in {span(seconds)}: {', '.join(parts)}; available {share(up['value'])} "
        f"(95 % interval {low} to {high})."
    )


def _drift_sentence(row: Mapping[str, Any]) -> str:
    low, high = sorted(abs(end) for end in row["per_hour_interval"])
    way = "grows" if row["per_hour"] > 0 else "shrinks"
    text = (
        f"Drift: {row['name']} {way} by {_with_unit(abs(row['per_hour']), row)} an hour "
        f"(95 % interval {three_digits(low)} to {three_digits(high)})"
    )
    if row["hours_to_bound"] is None:
        return f"{text}."
    return f"{text}: at this rate it reaches {_with_unit(row['bound'], row)} in {span(row['hours_to_bound'] * 3600)}."


def _with_unit(figure: float, row: Mapping[str, Any]) -> str:
    return f"{three_digits(figure)} {row['unit']}".rstrip()


def estimate(figure: Mapping[str, Any]) -> str:
    """A time and its interval: "31 min (95 % interval 12 min to 2 h)"."""
    low, high = figure["interval"]
    if figure["value"] is None:
        return "unknown" if low is None else f"{span(low)} or more"
    return f"{span(figure['value'])} ({span(low)} to {span(high)})"


def span(seconds: float) -> str:
    """A time in its own unit, to two or three digits.

    >>> span(4.2), span(140), span(7260), span(400000)
    ('4.2 s', '2.3 min', '2 h', '4.6 days')
    """
    for unit, size in (("days", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= 2 * size or (unit == "min" and seconds >= 100):
            return f"{three_digits(round(seconds / size, 1))} {unit}"
    return f"{three_digits(round(seconds, 1))} s"


def share(ratio: float | None) -> str:
    """A share of the time, with as many digits as its nines take.

    >>> share(0.98765), share(0.999876), share(1.0), share(None)
    ('98.77 %', '99.9876 %', '100 %', 'unknown')
    """
    if ratio is None:
        return "unknown"
    digits = 2 if ratio < 0.999 else 4
    return f"{round(ratio * 100, digits):g} %"
