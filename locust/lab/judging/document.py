"""verdict.json as types: what the judges fill in, and what verdict.schema.json promises to everybody else."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypedDict

from lab.faults.words import FaultRow
from lab.figures import Figures, JourneyRow, MeasureRow
from lab.judging.belief import Generator
from lab.judging.causes import CauseParts
from lab.judging.parts import MergedRow
from lab.judging.shortage import DataRow
from lab.judging.stationarity import Stationarity
from lab.ledger.findings import LedgerRow
from lab.limits import LimitRow
from lab.soak.watch import SoakRow

Word = Literal["PASS", "FAIL", "INVALID"]


class CapacityRow(TypedDict):
    """The most load that keeps all limits; `reached` is whether more load was seen to break one."""

    users: int
    rps: float
    rps_interval: list[float]
    reached: bool


class BreachRow(TypedDict):
    """The least load that broke a limit, and which."""

    users: int
    rps: float
    broke: str
    measured: float | None
    unit: str


class PeakRow(TypedDict):
    """The load that is expected, and how many times the capacity covers it."""

    users: int | None
    rps: int | None
    headroom: float | None


class StopRow(TypedDict):
    """The limit whose breach ended the plan before its time, and how many seconds it was to measure."""

    limit: str
    planned_seconds: float


class SearchRow(TypedDict):
    """Where the capacity was searched."""

    start_users: int
    max_users: int
    resolution: float
    time_was_up: bool


class MarkParts(TypedDict):
    """What is beside the endpoints, by name: journeys, figures of the scenario's own, and classes of users."""

    journeys: dict[str, JourneyRow]
    measures: dict[str, MeasureRow]
    classes: dict[str, Figures]


class Parts(TypedDict, total=False):
    """The parts that only some kinds of plans have, or have otherwise than the others."""

    limits: list[LimitRow]
    endpoints: dict[str, Figures]
    marks: MarkParts
    capacity: CapacityRow | None
    breach: BreachRow | None
    stationarity: Stationarity | None
    peak: PeakRow | None


@dataclass(frozen=True)
class Judgement:
    """PASS, FAIL or INVALID with its reason, and the parts of verdict.json that only this kind of plan has."""

    word: Word
    reason: str
    parts: Parts = field(default_factory=Parts)


class Document(CauseParts, MarkParts):
    """All of verdict.json. A part that a run does not have is None, never a made-up zero."""

    schema: int
    verdict: Word
    exit_code: int
    complete: bool
    interrupted_by: str | None
    sentence: str
    plan: str
    target: str
    started: str
    seconds: int
    limits: list[LimitRow]
    measured: Figures
    endpoints: dict[str, Figures]
    failures: dict[str, int]
    exceptions: dict[str, int]
    search: SearchRow | None
    stopped: StopRow | None
    capacity: CapacityRow | None
    breach: BreachRow | None
    stationarity: Stationarity | None
    peak: PeakRow | None
    arrivals: str
    soak: SoakRow | None
    ledger: LedgerRow | None
    generator: Generator
    faults: list[FaultRow] | None
    data: list[DataRow] | None
    part: str | None
    merged: MergedRow | None
