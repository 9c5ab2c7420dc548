"""What a soak comes to, in words: failures and drift, times and shares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lab.figures import three_digits


def sentences(part: Mapping[str, Any]) -> list[str]:
    """What the soak adds to the verdict's sentence: its failures and, where there is one, its drift for the worse."""
    drifting = [_drift(row) for row in part["drift"] if row["drifts"] and row["per_hour"] > 0]
    return [_failures(part), *([f"It drifts: {', '.join(drifting)}."] if drifting else [])]


def _failures(part: Mapping[str, Any]) -> str:
    seconds, count = part["observed_seconds"], part["count"]
    if not seconds:
        return "No second was measured, so nothing is known of failures."
    if not count:
        least = span(part["mttf_seconds"]["interval"][0])
        return f"No failure in {span(seconds)}, which proves an MTTF of {least} or more (95 %), no more than that."
    low, high = (span(end) for end in part["mtbf_seconds"]["interval"])
    return (
        f"{count} failure{'' if count == 1 else 's'} in {span(seconds)}: MTBF {span(part['mtbf_seconds']['value'])} "
        f"(95 % interval {low} to {high}), MTTR {_mean(part['mttr_seconds'])}, "
        f"available {share(part['availability']['value'])}."
    )


def _mean(figure: Mapping[str, Any]) -> str:
    if figure["value"] is not None:
        return span(figure["value"])
    return f"{span(figure['interval'][0])} or more"


def _drift(row: Mapping[str, Any]) -> str:
    text = f"{row['name']} {row['per_hour']:+.3g} {row['unit']}".rstrip() + " an hour"
    if row["hours_to_bound"] is None:
        return text
    return f"{text} (at this rate {_with_unit(row['bound'], row)} in {span(row['hours_to_bound'] * 3600)})"


def _with_unit(figure: float, row: Mapping[str, Any]) -> str:
    return f"{three_digits(figure)} {row['unit']}".rstrip()


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
