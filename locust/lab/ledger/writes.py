"""WHAT WAS WRITTEN: a worker's own account of the writes that its users sent, each by an id of its own.

    write = writes.new_id()
    self.client.post("/tests", json={"name": write}, context={"write": write})

is all that a task has to do: the answer is noted when it arrives. A write with an id and no answer is unanswered. The
ids of a worker are numbered, so that a million of them take a million bytes on the master, and one rule says which are
audited.
"""

from __future__ import annotations

import re
import secrets
from array import array
from collections import defaultdict
from collections.abc import Mapping
from enum import IntEnum
from typing import Any

from lab.counts.clock import CLOCK

WRITE, READ_BACK = "write", "read_back"
"""The keys of a request's context that hold a write's id: for the write itself, and for a GET that looks for it."""
GONE = (404, 410)
ALL_UNTIL, STRIDE = 250_000, 10
"""Every write of a worker is audited up to the first number, then every tenth up to ten times that, and so on."""
RULE = (
    f"of each worker's writes the first {ALL_UNTIL:,}, every 10th up to ten times as many, then every 100th, and so on"
)
MOST_STALE = 100
"""Stale reads that a worker reports one by one; further ones are only counted."""


class Reply(IntEnum):
    """What became of a write, as its user knows it."""

    NONE = 0  # time-out, connection lost, cut off: it may be stored or not
    ACKNOWLEDGED = 1
    REFUSED = 2

    __hash__ = int.__hash__  # that of enumerations is slow, and every answer is counted by it


def reply_of(status: int) -> Reply:
    """What an HTTP status means for a write.

    With 502 and 504 a proxy, or a service that waited for its store, says that it had no answer itself (RFC 9110).

    >>> [reply_of(status).name for status in (204, 303, 409, 503, 504, 0)]
    ['ACKNOWLEDGED', 'ACKNOWLEDGED', 'REFUSED', 'REFUSED', 'NONE', 'NONE']
    """
    if status in (0, 502, 504):
        return Reply.NONE
    return Reply.ACKNOWLEDGED if status < 400 else Reply.REFUSED


def write_id(run: str, worker: int, number: int) -> str:
    """The id of a worker's write.

    >>> write_id("5f3a9c21", 3, 41394)
    'lab-5f3a9c21-0003-0000a1b2'
    """
    return f"lab-{run}-{worker:04x}-{number:08x}"


def ids_of(run: str) -> re.Pattern[bytes]:
    """A pattern for the ids of the run in a text, as (worker, number) in hexadecimal digits."""
    return re.compile(rb"lab-%b-([0-9a-f]{4})-([0-9a-f]{8})" % run.encode())


ID_LENGTH = len(write_id("00000000", 0, 0))


def slot(number: int) -> int | None:
    """The position of a write among the audited ones of its worker; None where it is not audited.

    >>> slot(249_999), slot(250_000), slot(250_001), slot(250_010)
    (249999, 250000, None, 250001)
    """
    base, first, stride = _stretch_of_number(number)
    offset = number - first
    return None if offset % stride else base + offset // stride


def slots(count: int) -> int:
    """How many of the first so many writes of a worker are audited."""
    base, first, stride = _stretch_of_number(count)
    return base - (first - count) // stride


def number_at(place: int) -> int:
    """The number of the write at this slot."""
    base, first, stride = 0, 0, 1
    end = ALL_UNTIL
    while place >= (next_base := base + (end - first) // stride):
        base, first, end, stride = next_base, end, end * STRIDE, stride * STRIDE
    return first + (place - base) * stride


def _stretch_of_number(number: int) -> tuple[int, int, int]:
    """The stretch of numbers that this one is in: its first slot, its first number, and the gap between two slots."""
    base, first, stride = 0, 0, 1
    end = ALL_UNTIL
    while number >= end:
        base, first, end, stride = base + (end - first) // stride, end, end * STRIDE, stride * STRIDE
    return base, first, stride


class Writes:
    """The writes of this process. Outside of a worker only its ids are used."""

    def __init__(self) -> None:
        self._begin(secrets.token_hex(4), 0)

    def begin(self, run: str, worker: int) -> None:
        """Starts the account of a run. A worker that joins the same run again continues its account."""
        if (run, worker) != (self._run, self._worker):
            self._begin(run, worker)
        self._handed_in = False

    def _begin(self, run: str, worker: int) -> None:
        self._run, self._worker = run, worker
        self._prefix = write_id(run, worker, 0)[:-8]
        self._handed_in = False
        self._sent = 0
        self._counts = dict.fromkeys(Reply, 0)
        self._read_back = self._stale = 0
        self._answers: defaultdict[tuple[int, int, str], array[int]] = defaultdict(lambda: array("I"))
        self._stale_reads: list[tuple[int, int, str]] = []

    def new_id(self) -> str:
        """An id that no other write has: the stored data must show it once, and in full."""
        number = self._sent
        self._sent += 1
        return f"{self._prefix}{number:08x}"

    def note(self, context: Mapping[str, Any], status: int, replica: str, *, is_wrong: bool) -> None:
        """Takes in a finished request: its HTTP status (0: no answer), its replica, whether the answer was wrong."""
        if (number := self._number(context.get(WRITE))) is not None:
            self._note_answer(number, status, replica)
        elif (number := self._number(context.get(READ_BACK))) is not None and (0 < status < 400 or status in GONE):
            # a read that was refused or not answered says nothing about the write
            self._note_read_back(number, replica, is_stale=is_wrong or status in GONE)

    def hand_in(self) -> None:
        """Marks the account as complete: all users have stopped."""
        self._handed_in = True

    def drain(self) -> dict[str, Any] | None:
        """The counts so far, and what the master has not received yet; None where no write has an id."""
        if not self._sent:
            return None
        answers, self._answers = self._answers, defaultdict(lambda: array("I"))
        stale_reads, self._stale_reads = self._stale_reads, []
        return {
            "run": self._run,
            "worker": self._worker,
            "handed_in": self._handed_in,
            "sent": self._sent,
            "acknowledged": self._counts[Reply.ACKNOWLEDGED],
            "refused": self._counts[Reply.REFUSED],
            "read_back": self._read_back,
            "stale": self._stale,
            # second, answer, replica, and the numbers of the writes, four bytes each
            "answers": [[*key, numbers.tobytes()] for key, numbers in answers.items()],
            "stale_reads": stale_reads,
        }

    def _number(self, write: object) -> int | None:
        if not isinstance(write, str) or not write.startswith(self._prefix) or len(write) != ID_LENGTH:
            return None
        return int(write[len(self._prefix) :], 16)

    def _note_answer(self, number: int, status: int, replica: str) -> None:
        reply = reply_of(status)
        self._counts[reply] += 1
        if reply and (number < ALL_UNTIL or slot(number) is not None):
            self._answers[CLOCK.second(), reply, replica].append(number)

    def _note_read_back(self, number: int, replica: str, *, is_stale: bool) -> None:
        self._read_back += 1
        self._stale += is_stale
        if is_stale and len(self._stale_reads) < MOST_STALE:
            self._stale_reads.append((CLOCK.second(), number, replica))


writes = Writes()
