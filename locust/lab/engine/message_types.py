"""The messages of a worker as types with bounds, beyond anything that a worker of this lab sends.

A worker counts further names together (lab/counts/names.py).
"""

from __future__ import annotations

import re
from typing import Annotated, Literal, NamedTuple, TypedDict

from msgspec import Meta

from lab.counts.marks import JOURNEY, MEASURE
from lab.counts.names import MOST_LETTERS, MOST_REPLICA_LETTERS, OTHERS
from lab.counts.tally import MOST_MESSAGES
from lab.engine.link import MOST_UNACKNOWLEDGED
from lab.exchanges import exchange
from lab.exchanges.keeping import MOST_IN_A_BATCH
from lab.ledger.writes import MOST_STALE

MOST_ROWS = 20_000
"""Rows of a batch: no worker gets so many answers in a second."""

MARK = rf"^(({JOURNEY}|{MEASURE}) |{re.escape(OTHERS)}$)"
"""What a mark's name begins with; those of classes are made from requests."""

Count = Annotated[int, Meta(ge=0, le=10_000_000)]
Total = Annotated[int, Meta(ge=0, le=1_000_000_000)]
Bytes = Annotated[int, Meta(ge=0, le=2**60)]
Second = Annotated[int, Meta(ge=0, le=2**32 - 1)]
Amount = Annotated[float, Meta(ge=0, le=1e12)]
Signed = Annotated[float, Meta(ge=-1e12, le=1e12)]
MOST_FEEDS = 2000
"""Files of rows, held or not."""
Feed = Annotated[int, Meta(ge=0, lt=MOST_FEEDS)]
Name = Annotated[str, Meta(max_length=MOST_LETTERS)]
Replica = Annotated[str, Meta(max_length=MOST_REPLICA_LETTERS)]
Lateness = Annotated[str, Meta(pattern=r"^[0-9]{1,9}(\.[0-9]{1,9})?(e[+-]?[0-9]{1,2})?$", max_length=16)]
Times = Annotated[dict[Amount, Count], Meta(max_length=10_000)]
Seconds = Annotated[dict[Second, Count], Meta(max_length=5000)]
Users = Annotated[dict[Name, Count], Meta(max_length=1000)]


class Row(NamedTuple):
    """`Answers` (lab/counts/answers.py) as it comes."""

    second: Second
    endpoint: Name
    times: Times
    failures: Annotated[dict[Name, Count], Meta(max_length=MOST_MESSAGES + 1)]
    sum_ms: Amount
    max_ms: Amount
    replica: Replica | None
    closed: Times
    exceptions: Annotated[dict[Name, Count], Meta(max_length=MOST_MESSAGES + 1)]
    user: Name


class MarkRow(NamedTuple):
    """`Mark` (lab/counts/marks.py) as it comes."""

    second: Second
    name: Annotated[str, Meta(pattern=MARK, max_length=MOST_LETTERS)]
    times: Times
    failures: Annotated[dict[Name, Count], Meta(max_length=MOST_MESSAGES + 1)]
    sum_ms: Amount
    max_ms: Amount


class Vitals(TypedDict, total=False):
    """`Health` (lab/counts/health.py) as its `document` makes it."""

    seconds: Amount
    expected_seconds: Amount
    host: Name
    machine: Name
    users: Count
    cpu_seconds: Amount
    waited_seconds: Amount
    cpus: Amount
    cores: Count
    periods: Amount | None
    throttled: Amount
    lags: Annotated[dict[Lateness, Count], Meta(max_length=2000)]
    stood_still_seconds: Amount
    gc_seconds: Amount
    gc_max_ms: Amount
    intended: Count
    started: Count
    files: Count
    files_limit: Annotated[int, Meta(ge=-1, le=2**62)] | None
    files_full_seconds: Amount
    visits_limit: Annotated[int, Meta(ge=-1, le=2**62)] | None
    offset_ms: Signed | None
    jump_ms: Signed
    round_trip_ms: Amount | None


class Written(TypedDict):
    """What `Writes.drain` (lab/ledger/writes.py) gives."""

    run: Name
    worker: Annotated[int, Meta(ge=0, le=0xFFFF)]
    handed_in: bool
    sent: Total
    acknowledged: Total
    refused: Total
    read_back: Total
    stale: Total
    answers: Annotated[list[tuple[Second, Literal[1, 2], Replica, bytes]], Meta(max_length=MOST_ROWS)]
    stale_reads: Annotated[list[tuple[Second, Total, Replica]], Meta(max_length=MOST_STALE)]


class Silence(TypedDict):
    """`Silence` (lab/engine/link.py) as it comes."""

    seconds: Amount
    cut_off: Count
    is_over: bool


class Message(TypedDict):
    """`Message` (lab/exchanges/exchange.py) as it comes."""

    line: Annotated[str, Meta(max_length=exchange.MOST_LINE)]
    headers: Annotated[
        list[
            tuple[
                Annotated[str, Meta(max_length=exchange.MOST_NAME)],
                Annotated[str, Meta(max_length=exchange.MOST_VALUE)],
            ]
        ],
        Meta(max_length=exchange.MOST_HEADERS),
    ]
    body: Annotated[str, Meta(max_length=exchange.MOST_BODY)]
    size: Bytes | None


class Exchange(TypedDict):
    """`Exchange` (lab/exchanges/exchange.py) as it comes."""

    kept_as: Literal["failure", "slowest", "traced"]
    at: Amount
    endpoint: Name
    failure: Annotated[str, Meta(max_length=exchange.MOST_FAILURE)]
    time_ms: Amount | None
    request: Message | None
    answer: Message | None
    trace: Annotated[str, Meta(max_length=exchange.MOST_BODY)]
    trace_id: Annotated[str, Meta(pattern="^([0-9a-f]{32})?$", max_length=32)]


class Batch(TypedDict):
    """What a worker counted since its last report."""

    answers: Annotated[list[Row], Meta(max_length=MOST_ROWS)]
    marks: Annotated[list[MarkRow], Meta(max_length=MOST_ROWS)]
    writes: Written | None
    health: Annotated[list[tuple[Second, Vitals]], Meta(max_length=MOST_ROWS)]
    silence: Silence | None
    exchanges: Annotated[list[Exchange], Meta(max_length=MOST_IN_A_BATCH)]


class Report(TypedDict):
    """`Report` (lab/engine/link.py) as it comes."""

    run: Name
    build: Annotated[dict[Name, Annotated[str, Meta(max_length=1000)]], Meta(max_length=200)]
    sent: Amount
    until: Second
    wall_offset: Signed | None
    cut_off: Count
    in_tasks: Count
    batches: Annotated[list[tuple[Annotated[int, Meta(ge=1, le=2**40)], Batch]], Meta(max_length=MOST_UNACKNOWLEDGED)]


class Question(TypedDict):
    """`Question` (lab/data/desk.py) as it comes."""

    run: Name
    number: Annotated[int, Meta(ge=1, le=2**40)]
    heard: Annotated[int, Meta(ge=0, le=2**40)]
    wanted: Annotated[list[tuple[Feed, bool, Annotated[int, Meta(ge=1, le=1_000_000)]]], Meta(max_length=MOST_FEEDS)]
    back: Annotated[list[tuple[Feed, Total]], Meta(max_length=1_000_000)]
    short: Annotated[list[tuple[Feed, Count]], Meta(max_length=MOST_FEEDS)]


class Entry(TypedDict):
    """A row of Locust's own tables."""

    name: Name
    method: Name
    last_request_timestamp: Amount | None
    start_time: Amount
    num_requests: Total
    num_none_requests: Total
    num_failures: Total
    total_response_time: Amount
    max_response_time: Amount
    min_response_time: Amount | None
    total_content_length: Bytes
    response_times: Times
    num_reqs_per_sec: Seconds
    num_fail_per_sec: Seconds


class Error(TypedDict):
    """A row of Locust's table of failures."""

    name: Name
    method: Name
    error: str
    occurrences: Total
    first_seen: Amount | None
    last_seen: Amount | None


class Beat(TypedDict):
    """A heartbeat."""

    state: Literal["ready", "spawning", "running", "cleanup", "stopping", "stopped"]
    current_cpu_usage: Amount
    current_memory_usage: Amount


class Spawned(TypedDict):
    """Users that are there."""

    user_classes_count: Users
    user_count: Count


class Logs(TypedDict):
    """What a worker has logged."""

    worker_id: str
    logs: list[str]
