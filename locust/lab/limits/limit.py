"""A limit, what it is on, and what was found for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, NotRequired, TypedDict

from lab.counts.marks import MEASURE
from lab.limits.source import Source

AVAILABILITY, OUTAGE, EXCEPTIONS = "availability", "outage", "exceptions"
RECOVERY, LOST = "recovery", "lost"


class Measure(NamedTuple):
    """What a limit is on: its unit, which units a text may give it in, and which way it holds; None: either way."""

    unit: str
    factors: Mapping[str | None, float]
    at_least: bool | None = False


_PERCENT: Mapping[str | None, float] = {"%": 0.01}
TIME = Measure("ms", {"us": 0.001, "ms": 1.0, "s": 1000.0})
OWN = Measure("", {None: 1.0}, at_least=None)
"""A figure of the scenario's own: its unit is in its name, if anywhere."""
MEASURES = {
    "fail": Measure("ratio", _PERCENT),
    "rps": Measure("req/s", {None: 1.0, "/s": 1.0}, at_least=True),
    OUTAGE: Measure("s", {"ms": 0.001, "s": 1.0}),
    AVAILABILITY: Measure("ratio", _PERCENT, at_least=True),
    EXCEPTIONS: Measure("exceptions", {None: 1.0}),
    RECOVERY: Measure("s", {"ms": 0.001, "s": 1.0}),
    LOST: Measure("writes", {None: 1.0}),
}
OF_THE_RUN = (AVAILABILITY, RECOVERY, LOST)
"""What is measured of a whole run, never of a step."""


@dataclass(frozen=True)
class Limit:
    """One thing that is accepted, for all requests, for one endpoint or mark, or of what a service says of itself."""

    text: str
    endpoint: str | None  # or the name of a mark (lab/counts/marks.py)
    measure: str
    comparison: str
    bound: float  # in its unit
    window: int | None = None  # the worst stretch of so many seconds is held against it; None: all of them together
    implied: bool = False  # nobody gave it: it holds for every run that names no other
    source: Source | None = None  # what the service is asked for; None: the swarm measures it

    @property
    def unit(self) -> str:
        """ms for times, a ratio (0 to 1) for shares, requests a second, s for outages and recoveries, or a count.

        Of a service's figure it is that of the source, and of a figure of the scenario's own it is empty.
        """
        if self.source:
            return self.source.unit
        if self.endpoint and self.endpoint.startswith(f"{MEASURE} "):
            return OWN.unit
        return MEASURES.get(self.measure, TIME).unit

    @property
    def is_of_a_step(self) -> bool:
        """Whether a step by itself can break it: throughput is asked of a search or a plan, others of a run."""
        return self.measure not in ("rps", *OF_THE_RUN)

    @property
    def is_of_sums(self) -> bool:
        """Whether it is held against the sums of any stretch of seconds."""
        return self.window is None and self.source is None and self.measure not in (OUTAGE, EXCEPTIONS, *OF_THE_RUN)

    @property
    def is_at_least(self) -> bool:
        """Whether it is the least that is accepted, and not the most."""
        return self.comparison[0] == ">"

    @property
    def key(self) -> str:
        """What is measured for it, whatever the bound: "GET /tests:p95 in 10s"."""
        if self.source:
            return f"{self.measure} in {self.unit}, {'least' if self.is_at_least else 'most'}"
        endpoint = f"{self.endpoint}:" if self.endpoint else ""
        return f"{endpoint}{self.measure}" + (f" in {self.window}s" if self.window else "")

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
    implied: NotRequired[bool]  # where it is: nobody gave this limit


@dataclass(frozen=True)
class Finding:
    """A limit and what was measured for it: None where nothing was there to measure."""

    limit: Limit
    measured: float | None
    kept: bool

    @property
    def is_unsaid(self) -> bool:
        """Whether it is on something that the service did not say of itself: that breaks nothing, nor is it kept."""
        return self.limit.source is not None and self.measured is None

    @property
    def excess(self) -> float:
        """How far beyond its limit it is, as a ratio; infinite where nothing was there to measure."""
        if self.measured is None:
            return float("inf")
        over, under = (self.limit.bound, self.measured) if self.limit.is_at_least else (self.measured, self.limit.bound)
        return over / under if under else over

    def row(self) -> LimitRow:
        """The finding as verdict.json holds it."""
        row: LimitRow = {
            "text": self.limit.text,
            "endpoint": self.limit.endpoint,
            "measure": self.limit.measure,
            "unit": self.limit.unit,
            "bound": self.limit.bound,
            "measured": self.measured,
            "kept": self.kept,
        }
        return {**row, "implied": True} if self.limit.implied else row
