"""Limits and figures in words, the same in every sentence of the lab."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lab.arrivals import schedule
from lab.figures import three_digits
from lab.limits import AVAILABILITY, EXCEPTIONS, LOST, OUTAGE, RECOVERY, Limit

MOST_POINTS = 1000
"""The most percent that a change is given in."""


def name(limit: Limit) -> str:
    """What the limit is on: "p95", "GET /tests: failures", "p95 in the worst 10 s"."""
    words = {"fail": "failures", "rps": "throughput", "avg": "the average", "max": "the slowest"}
    words |= {OUTAGE: "the longest silence", RECOVERY: "the longest recovery", LOST: "lost writes"}
    word = (
        f"the {limit.source.service}'s {limit.source.series}"
        if limit.source
        else words.get(limit.measure, limit.measure)
    )
    if limit.window:
        word += f" in the worst {duration_text(limit.window)}"
    return f"{limit.endpoint.removeprefix('MEASURE ')}: {word}" if limit.endpoint else word


def figure(limit: Limit, value: float | None) -> str:
    """A figure in the limit's unit: "431 ms", "2.5 %"."""
    if value is None:
        return "unknown"
    if limit.measure == AVAILABILITY:
        return availability_text(value)
    if limit.unit == "ratio":
        return percent_text(value)
    if limit.measure == EXCEPTIONS:
        return died(int(value))
    if limit.measure == LOST:
        return f"{value:,.0f}"
    return f"{three_digits(value)} {limit.unit}".rstrip().replace(" /s", "/s")


def died(count: int) -> str:
    """Tasks that were left undone: "2 tasks ended in an exception"."""
    return f"{count:,} task{'' if count == 1 else 's'} ended in an exception"


def measured(limit: Limit, value: float | None, verb: str = "") -> str:
    """What was measured for the limit: "p95 431 ms", "0 % failed"; with a verb, "p95 was 431 ms"."""
    if limit.measure == EXCEPTIONS and value is not None:
        return figure(limit, value)
    if limit.measure == "fail" and value is not None and not limit.window:
        return (
            f"{limit.endpoint}: {figure(limit, value)} failed" if limit.endpoint else f"{figure(limit, value)} failed"
        )
    return " ".join(filter(None, (name(limit), verb, figure(limit, value))))


def accepted(limit: Limit) -> str:
    """The limit without its endpoint: "p95<=450ms"."""
    return limit.text if limit.source else limit.text.rpartition(":")[2].strip()


def stays(limits: Iterable[Limit]) -> str:
    """The limits as kept: "p95 stays within 450 ms and failures within 1 %"."""
    told = [limit for limit in limits if limit.is_of_a_step and not limit.implied]
    sides = {True: "at or above", False: "within"}
    parts = [(limit, f"{sides[limit.is_at_least]} {figure(limit, limit.bound)}") for limit in told]
    verbs = ["stay" if limit.measure == "fail" else "stays" for limit, _ in parts[:1]] + [""] * len(parts)
    return " and ".join(
        " ".join(filter(None, (name(limit), verb, within))) for (limit, within), verb in zip(parts, verbs, strict=False)
    )


def silence(limit: Limit, seconds: float) -> str:
    """That a service was silent for too long: "no answer for 8 s where answers were due (outage<=5s)"."""
    return f"no answer for {figure(limit, seconds)} where answers were due ({accepted(limit)})"


def load(count: int, arrivals: str) -> str:
    """A load in words: users, or with open arrivals arrivals a second."""
    if arrivals == schedule.OPEN:
        return f"{count:,} arrival{'' if count == 1 else 's'}/s"
    return f"{count:,} user{'' if count == 1 else 's'}"


def percent_text(ratio: float) -> str:
    """A ratio in percent, to three digits.

    >>> percent_text(0.02468), percent_text(1.0)
    ('2.47 %', '100 %')
    """
    return f"{three_digits(ratio * 100)} %"


def whole_percent_text(ratio: float) -> str:
    """A ratio in whole percent.

    >>> whole_percent_text(0.02468), whole_percent_text(1.0)
    ('2 %', '100 %')
    """
    return f"{ratio * 100:.0f} %"


def change_text(ratio: float) -> str:
    """A ratio as the change that it is.

    >>> change_text(0.82), change_text(1.054), change_text(1.0), change_text(12.0)
    ('-18 %', '+5.4 %', '+0 %', 'over +1000 %')
    """
    return f"{points_text(ratio, '-' if ratio < 1 else '+')} %"


def points_text(ratio: float, sign: str = "") -> str:
    """The same in percent without a unit, whole numbers from ten on.

    >>> points_text(0.82), points_text(1.054), points_text(40.0)
    ('18', '5.4', 'over 1000')
    """
    points = abs(ratio - 1) * 100
    if points >= MOST_POINTS:  # intervals of two or three runs may go beyond all sense
        return f"over {sign}{MOST_POINTS}"
    return sign + three_digits(round(points, 0 if points >= 10 else 1))


def availability_text(ratio: float | None) -> str:
    """A share of the time, with as many digits as its nines take.

    >>> availability_text(0.98765), availability_text(0.999876), availability_text(1.0), availability_text(None)
    ('98.77 %', '99.9876 %', '100 %', 'unknown')
    """
    if ratio is None:
        return "unknown"
    digits = 2 if ratio < 0.999 else 4
    return f"{round(ratio * 100, digits):g} %"


def duration_text(seconds: float) -> str:
    """A time to the second, or from an hour on to the minute.

    >>> duration_text(42), duration_text(140), duration_text(7260)
    ('42 s', '2 min 20 s', '2 h 1 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def estimate_text(seconds: float) -> str:
    """A time that is estimated, in one unit, to two or three digits.

    >>> estimate_text(4.2), estimate_text(140), estimate_text(7260), estimate_text(400000)
    ('4.2 s', '2.3 min', '2 h', '4.6 days')
    """
    for unit, size in (("days", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= 2 * size or (unit == "min" and seconds >= 100):
            return f"{three_digits(round(seconds / size, 1))} {unit}"
    return f"{three_digits(round(seconds, 1))} s"


def utc_text(time: str) -> str:
    """A time of the files, as people read it.

    >>> utc_text("2026-11-22T18:10:54Z"), utc_text("2026-11-22T18:10:54+00:00")
    ('2026-11-22 18:10:54 UTC', '2026-11-22 18:10:54 UTC')
    """
    date, separator, clock = time.partition("T")
    return f"{date} {clock[:8]} UTC" if separator else time


def some(names: Sequence[str], most: int = 3) -> str:
    """The first few names, and how many more there are.

    >>> some(["a", "b", "c", "d"]), some(["a", "b"])
    ('a, b, c and 1 more', 'a, b')
    """
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


def columns(rows: Sequence[Sequence[str]]) -> str:
    """A table for a terminal.

    >>> print(columns([("run", "size"), ("before", "4 MB")]))
    run     size
    before  4 MB
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(cell.ljust(wide) for cell, wide in zip(row, widths, strict=True)).rstrip() for row in rows)
    return "\n".join(lines)


def size_text(size: float) -> str:
    """A number of bytes in words.

    >>> size_text(999), size_text(4_900_000), size_text(2_130_000_000)
    ('1 kB', '4.9 MB', '2.1 GB')
    """
    for unit, bytes_of in (("GB", 1e9), ("MB", 1e6)):
        if size >= bytes_of:
            return f"{size / bytes_of:.1f} {unit}"
    return f"{size / 1e3:.0f} kB"
