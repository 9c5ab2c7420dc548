"""What is accepted: limits such as `p95<=450ms fail<=1%`, read from text and held against what was measured."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import inf, isfinite
from typing import TypedDict

from lab.counts import histogram
from lab.counts.timeline import Tally, together

UNITS_MS = {"us": 0.001, "ms": 1.0, "s": 1000.0}

_LIMIT = re.compile(
    r"""(?:(?P<endpoint>[A-Z]+\s\S(?:.*?\S)?)\s*:\s*)?       # GET /tests:
        (?P<measure>p\d{1,2}(?:\.\d+)?|avg|max|fail|rps)\s*  # p99
        (?P<comparison><=|>=|<|>)\s*                         # <=
        (?P<figure>\d+(?:\.\d+)?)\s*                         # 450
        (?P<unit>us|ms|s|%|/s)?                              # ms
        (?=[\s,;]|$)""",
    re.VERBOSE,
)
_GAP = re.compile(r"[\s,;]*")
_HELP = (
    "a limit is a measure (p50, p95, p99.9, avg, max, fail, rps), <= or >=, and a figure with its unit, "
    'such as p95<=450ms, fail<=1%, rps>=100; "GET /tests:" before it holds it for that endpoint alone'
)


class LimitError(ValueError):
    """A text that is no list of limits; the message shows where."""

    def __init__(self, text: str, position: int, problem: str) -> None:
        super().__init__(f"{problem}\n  {text}\n  {' ' * position}^ {_HELP}")


@dataclass(frozen=True)
class Limit:
    """One thing that is accepted, for all requests or for one endpoint."""

    text: str
    endpoint: str | None
    measure: str
    comparison: str
    bound: float  # ms for times, a ratio for `fail`, requests a second for `rps`

    @property
    def unit(self) -> str:
        return {"fail": "ratio", "rps": "req/s"}.get(self.measure, "ms")

    def keeps(self, measured: float) -> bool:
        """Whether the measured figure is within the limit."""
        match self.comparison:
            case "<=":
                return measured <= self.bound
            case "<":
                return measured < self.bound
            case ">=":
                return measured >= self.bound
            case _:
                return measured > self.bound


class LimitRow(TypedDict):
    """A limit with what was measured for it, as verdict.json holds it."""

    text: str
    endpoint: str | None
    measure: str
    unit: str
    bound: float
    measured: float | None
    kept: bool


@dataclass(frozen=True)
class Finding:
    """A limit and what was measured for it: None where nothing was there to measure."""

    limit: Limit
    measured: float | None
    kept: bool

    def row(self) -> LimitRow:
        """The finding as verdict.json holds it."""
        return {
            "text": self.limit.text,
            "endpoint": self.limit.endpoint,
            "measure": self.limit.measure,
            "unit": self.limit.unit,
            "bound": self.limit.bound,
            "measured": self.measured,
            "kept": self.kept,
        }


def parse(text: str) -> tuple[Limit, ...]:
    """The limits in the text, in their order.

    >>> [limit.bound for limit in parse("p95<=0.45s GET /tests:fail<1%")]
    [450.0, 0.01]

    Raises LimitError where the text says something else.
    """
    limits: list[Limit] = []
    position = _end_of_gap(text, 0)
    while position < len(text):
        match = _LIMIT.match(text, position)
        if not match:
            raise LimitError(text, position, f"not a limit from character {position + 1} on:")
        limits.append(_limit(text, match))
        position = _end_of_gap(text, match.end())
    if not limits:
        raise LimitError(text, 0, "no limit at all:")
    return tuple(limits)


def step_keeps(limits: Iterable[Limit], endpoints: Mapping[str, Tally], seconds: float) -> bool:
    """Whether a step keeps all its limits: throughput limits are judged on the search, not on a step."""
    return keeps(judge(tuple(limits), endpoints, seconds))


def keeps(findings: Iterable[Finding]) -> bool:
    """Whether all of a step's findings keep their limits, throughput left out."""
    return all(finding.kept for finding in findings if finding.limit.measure != "rps")


def can_break_a_step(limits: tuple[Limit, ...]) -> bool:
    """Whether more load can break one of them: a search needs a limit on times or failures to find."""
    return any(limit.measure != "rps" for limit in limits)


def worst(findings: Iterable[Finding]) -> Finding:
    """The finding that is furthest beyond its limit, or nearest to it; throughput limits are left out."""
    return max((finding for finding in findings if finding.limit.measure != "rps"), key=_excess)


def excess(findings: Iterable[Finding]) -> float | None:
    """How far beyond its limit the worst finding is, measured over accepted; None where nothing was measured."""
    most = _excess(worst(findings))
    return most if isfinite(most) else None


def _excess(finding: Finding) -> float:
    """How far beyond its limit a finding is; a limit that nothing could be measured for is the furthest."""
    if finding.measured is None:
        return inf
    return finding.measured / finding.limit.bound if finding.limit.bound else finding.measured


def judge(limits: tuple[Limit, ...], endpoints: Mapping[str, Tally], seconds: float) -> list[Finding]:
    """Each limit held against the tallies of `seconds` seconds. A limit without a figure is not kept."""
    whole = together(endpoints.values())
    findings = []
    for limit in limits:
        tally = whole if limit.endpoint is None else endpoints.get(limit.endpoint, Tally())
        measured = measure(limit.measure, tally, seconds)
        findings.append(Finding(limit, measured, measured is not None and limit.keeps(measured)))
    return findings


def measure(name: str, tally: Tally, seconds: float) -> float | None:
    """The measure of that name: times in ms and of successes only, `fail` as a ratio, `rps` of successes."""
    if name == "fail":
        return tally.failed / tally.requests if tally.requests else None
    if name == "rps":
        return tally.successes / seconds if seconds else None
    if not tally.times:
        return None
    if name == "avg":
        return tally.sum_ms / tally.successes
    if name == "max":
        return tally.max_ms
    return histogram.percentile(tally.times, float(name[1:]))


def _limit(text: str, match: re.Match[str]) -> Limit:
    measure, comparison, unit = match["measure"], match["comparison"], match["unit"]
    at_least = comparison[0] == ">"
    if (measure == "rps") != at_least:
        want = ">=" if measure == "rps" else "<="
        raise LimitError(text, match.start("comparison"), f"{measure} takes {want}, not {comparison}:")
    takes = {"fail": ("%",), "rps": (None, "/s")}.get(measure, tuple(UNITS_MS))
    if unit not in takes:
        where = match.start("unit") if unit else match.end("figure")
        units = " or ".join(str(unit) for unit in takes if unit) if None not in takes else "no unit or /s"
        raise LimitError(text, where, f"{measure} is given in {units}:")
    factor = {"%": 0.01, **UNITS_MS}.get(unit or "", 1.0)
    bound = round(float(match["figure"]) * factor, 9)
    endpoint = " ".join(match["endpoint"].split()) if match["endpoint"] else None
    return Limit(
        "".join(match.group().split()) if not endpoint else match.group(), endpoint, measure, comparison, bound
    )


def _end_of_gap(text: str, position: int) -> int:
    gap = _GAP.match(text, position)
    return gap.end() if gap else position
