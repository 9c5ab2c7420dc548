"""The sentences of a soak: its failures and its drift."""

from __future__ import annotations

from lab.figures import three_digits
from lab.soak.reliability import EstimateRow
from lab.soak.watch import DriftRow, SoakRow
from lab.wording import availability_text, estimate_text


def sentences(part: SoakRow) -> list[str]:
    """What the soak adds to the verdict's sentence: its failures and, where there is one, its drift for the worse."""
    drifting = [_drift(row) for row in part["drift"] if row["drifts"] and row["per_hour"] > 0]
    return [_failures(part), *([f"It drifts: {', '.join(drifting)}."] if drifting else [])]


def _failures(part: SoakRow) -> str:
    seconds, count = part["observed_seconds"], part["count"]
    if not seconds:
        return "No second was measured, so nothing is known of failures."
    whole = estimate_text(seconds)
    if not count:
        least = _time(part["mttf_seconds"]["interval"][0])
        return f"No failure in {whole}, which proves an MTTF of {least} or more (95 %), no more than that."
    mtbf = part["mtbf_seconds"]
    low, high = (_time(end) for end in mtbf["interval"])
    return (
        f"{count} failure{'' if count == 1 else 's'} in {whole}: MTBF {_time(mtbf['value'])} "
        f"(95 % interval {low} to {high}), MTTR {_mean(part['mttr_seconds'])}, "
        f"available {availability_text(part['availability']['value'])}."
    )


def _time(seconds: float | None) -> str:
    return "unknown" if seconds is None else estimate_text(seconds)


def _mean(figure: EstimateRow) -> str:
    if figure["value"] is not None:
        return estimate_text(figure["value"])
    return f"{_time(figure['interval'][0])} or more"


def _drift(row: DriftRow) -> str:
    text = f"{row['name']} {row['per_hour']:+.3g} {row['unit']}".rstrip() + " an hour"
    if row["hours_to_bound"] is None or row["bound"] is None:
        return text
    return f"{text} (at this rate {_with_unit(row['bound'], row)} in {estimate_text(row['hours_to_bound'] * 3600)})"


def _with_unit(figure: float, row: DriftRow) -> str:
    return f"{three_digits(figure)} {row['unit']}".rstrip()
