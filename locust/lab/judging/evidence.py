"""What is known of a run when it has ended: the plain data that a verdict is made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from lab.arrivals.schedule import CLOSED
from lab.counts.timeline import Step, Tally, Workers
from lab.faults import Faults
from lab.judging.parts import MergedRow
from lab.judging.shortage import DataRow
from lab.ledger.findings import Ledger
from lab.limits import Limit
from lab.plans.search import Goal
from lab.service.both_ends import Service
from lab.soak.watch import SoakRow


class Interruption(StrEnum):
    """What cuts a run short."""

    SIGNAL = "a signal"
    PERSON = "the stop button"
    SCENARIO = "the scenario itself, which called runner.quit()"
    DATA = "its data, which is used up"
    ASKS_NOTHING = "a scenario that asks for nothing"
    NO_WORKERS = "the loss of all its workers"
    FAULT = "a fault of the lab itself, which its log tells"
    MASTER = "the end of the master itself"


@dataclass(frozen=True)
class Search:
    """How a search for capacity went: where it searched, and whether its deadline ended it."""

    goal: Goal
    time_was_up: bool = False


@dataclass(frozen=True)
class Stop:
    """Why a plan ended before its time: the text of a limit that was surely broken, and how long it was to measure."""

    limit: str
    planned_seconds: float


@dataclass(frozen=True)
class Evidence:
    """A run that has ended. `search` and the peak are None where the plan has none."""

    plan: str
    target: str
    limits: tuple[Limit, ...]
    started: str  # UTC, ISO 8601
    seconds: int  # of the whole run
    steps: Sequence[Step]  # what was measured
    workers: int  # at most
    losses: Sequence[str] = ()  # what became of the generator on the way, a sentence each
    taken_back: Workers = field(default_factory=dict)  # how workers were in seconds whose measurement was taken back
    not_held: str | None = None  # which number of users was not held, and for how long
    interrupted_by: Interruption | None = None  # None for a plan that came to its end
    search: Search | None = None
    stopped: Stop | None = None
    peak_users: int | None = None
    peak_rps: int | None = None
    arrivals: str = CLOSED  # OPEN: what is called users is arrivals a second
    ledger: Ledger | None = None  # None where no write has an id
    soak: SoakRow | None = None  # counted while it runs
    service: Service | None = None  # what its own side says; None where it says nothing
    undone: Mapping[str, Tally] = field(default_factory=dict)  # tasks that died, where no step was measured
    faults: Faults | None = None  # what was broken on purpose; None where nothing was asked for
    data: Sequence[DataRow] = ()  # what became of rows that are given once
    accepts_neighbours: bool = False  # whether other work on the machine makes no verdict INVALID
    part: str | None = None  # which part of a larger run it is (LAB_PART)
    merged: MergedRow | None = None  # of which runs it was made (`lab merge`)
