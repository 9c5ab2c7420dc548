"""How limits and figures are put into words: alike in every sentence of the lab."""

from __future__ import annotations

from collections.abc import Iterable

from lab.figures import three_digits
from lab.limits import Limit


def name(limit: Limit) -> str:
    """What the limit is on: "p95", "GET /tests: the share of failures"."""
    words = {"fail": "the share of failures", "rps": "throughput", "avg": "the average", "max": "the slowest"}
    word = words.get(limit.measure, limit.measure)
    return f"{limit.endpoint}: {word}" if limit.endpoint else word


def figure(limit: Limit, measured: float | None) -> str:
    """A measured figure in the limit's unit: "431 ms", "2.5 %"."""
    if measured is None:
        return "unknown"
    if limit.unit == "ratio":
        return f"{three_digits(measured * 100)} %"
    return f"{three_digits(measured)} {limit.unit}"


def accepted(limit: Limit) -> str:
    """The limit without its endpoint: "p95<=450ms"."""
    return limit.text.rpartition(":")[2].strip()


def stays(limits: Iterable[Limit]) -> str:
    """The limits as something that holds: "p95 stays within 450 ms and the share of failures within 1 %"."""
    parts = [f"{name(limit)} {{}}within {figure(limit, limit.bound)}" for limit in limits if limit.measure != "rps"]
    return " and ".join(part.format("stays " if position == 0 else "") for position, part in enumerate(parts))


def load(count: int, arrivals: str) -> str:
    """So much load: users of a closed system, or arrivals a second of an open one."""
    if arrivals == "open":
        return f"{count:,} arrival{'' if count == 1 else 's'}/s"
    return f"{count:,} user{'' if count == 1 else 's'}"
