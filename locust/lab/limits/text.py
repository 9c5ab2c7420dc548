"""Limits as text: `p95<=450ms fail<=1% GET /tests:p99<=900ms in 10s`."""

from __future__ import annotations

import re
from dataclasses import replace

from lab.knobs import whole_seconds
from lab.limits.limit import EXCEPTIONS, LOST, MEASURES, OF_THE_RUN, OUTAGE, TIME, Limit

_LIMIT = re.compile(
    r"""(?:(?P<endpoint>[A-Z]+\s\S(?:.*?\S)?)\s*:\s*)?       # GET /tests:
        (?P<measure>p\d{1,2}(?:\.\d+)?|avg|max|fail|rps|outage|exceptions|availability|recovery|lost)\s*  # p99
        (?P<comparison><=|>=|<|>)\s*                         # <=
        (?P<figure>\d+(?:\.\d+)?)\s*                         # 450
        (?P<unit>us|ms|s|%|/s)?                              # ms
        (?:\s+in\s+(?P<window>[0-9.hms]+[hms]))?                  # in 10s
        (?=[\s,;]|$)""",
    re.VERBOSE,
)
_GAP = re.compile(r"[\s,;]*")
_WORD = re.compile(r"[^\s,;]*")
_HELP = (
    "a limit is a measure (p50, p95, p99.9, avg, max, fail, rps, outage, exceptions, availability, recovery, lost), "
    "<= or >=, and a figure with its unit, such as p95<=450ms, fail<=1%, rps>=100, outage<=5s, exceptions<=0; "
    '"GET /tests:" before it holds it for that endpoint alone, " in 10s" after it for the worst 10 s'
)


class LimitError(ValueError):
    """A text that is no list of limits; the message shows where."""

    def __init__(self, text: str, position: int, problem: str) -> None:
        super().__init__(f"{problem}\n  {text}\n  {' ' * position}^ {_HELP}")
        self.text, self.position, self.problem = text, position, problem.rstrip(":")

    @property
    def wrong(self) -> tuple[int, int]:
        """The wrong part of the text, from and to: where it is wrong that something is missing, what lacks it."""
        end = self.position + len(_WORD.match(self.text, self.position)[0])  # type: ignore[index] # it takes nothing, too
        before = self.text[: self.position]
        return (
            len(before) - len(before.split()[-1]) if end == self.position and before.split() else self.position
        ), end

    @property
    def in_a_line(self) -> str:
        """The message where only one line is shown."""
        start, end = self.wrong
        part = f": {self.text[start:end][:60]!r}" if start < end else ""
        return f"{self.problem}{part}; {_HELP}"


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


def with_implied(limits: tuple[Limit, ...], outage_seconds: int) -> tuple[Limit, ...]:
    """The limits, and where none is named on standstills or on undone work, one: these break any plan."""
    named = {limit.measure for limit in limits}
    implied = {OUTAGE: f"{OUTAGE}<={outage_seconds}s", EXCEPTIONS: f"{EXCEPTIONS}<=0"}
    return (
        *limits,
        *(replace(parse(text)[0], implied=True) for measure, text in implied.items() if measure not in named),
    )


def _limit(text: str, match: re.Match[str]) -> Limit:
    name, comparison, unit = match["measure"], match["comparison"], match["unit"]
    bound = round(float(match["figure"]) * _factor(text, match), 9)
    endpoint = " ".join(match["endpoint"].split()) if match["endpoint"] else None
    if name == LOST and (bound or comparison != "<="):
        wrong = "a lost write fails every run, so lost<=0 is the only such limit:"
        raise LimitError(text, match.start("figure"), wrong)
    of_service = name in (OUTAGE, EXCEPTIONS, *OF_THE_RUN)
    if of_service and endpoint:
        raise LimitError(text, match.start("endpoint"), f"{name} is of {_whole(name)}, not of an endpoint:")
    window = _window_seconds(text, match, of_service=of_service)
    shown = f"{name}{comparison}{match['figure']}{unit or ''}" + (f" in {match['window']}" if window else "")
    return Limit(match.group() if endpoint else shown, endpoint, name, comparison, bound, window)


def _whole(measure: str) -> str:
    return "all tasks" if measure == EXCEPTIONS else "the whole service"


def _factor(text: str, match: re.Match[str]) -> float:
    """What one of its unit is in the unit of the measure, which has to go with the comparison as well."""
    name, comparison, unit = match["measure"], match["comparison"], match["unit"]
    measure = MEASURES.get(name, TIME)
    if measure.at_least != (comparison[0] == ">"):
        want = ">=" if measure.at_least else "<="
        raise LimitError(text, match.start("comparison"), f"{name} takes {want}, not {comparison}:")
    if unit not in measure.factors:
        where = match.start("unit") if unit else match.end("figure")
        units = " or ".join(str(unit or "no unit") for unit in measure.factors)
        raise LimitError(text, where, f"{name} is given in {units}:")
    return measure.factors[unit]


def _window_seconds(text: str, match: re.Match[str], *, of_service: bool) -> int | None:
    if not match["window"]:
        return None
    where = match.start("window")
    if of_service:
        raise LimitError(text, where, f"{match['measure']} is of the whole run, not of a stretch of it:")
    try:
        return whole_seconds(match["window"])
    except ValueError as error:
        raise LimitError(text, where, f"after in stands {error}:") from error


def _end_of_gap(text: str, position: int) -> int:
    gap = _GAP.match(text, position)
    return gap.end() if gap else position
