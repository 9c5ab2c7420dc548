"""The master's books of a run's writes: the reply to each, and how often an audit found it.

A book has one byte for each audited write of a worker: its reply, and how often it was found. With its second and its
replica a write takes six bytes.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

from lab.figures import utc
from lab.ledger.findings import COUNTS, DOUBLED, LOST, MOST_EXAMPLES, PHANTOM, STALE, Example, Found, Ledger
from lab.ledger.writes import RULE, Reply, number_at, slot, slots, write_id

_FOUND_ONCE, _FOUND_AGAIN = 4, 8
_MOST_REPLICAS = 255
_OTHERS = "(other replicas)"
MOST_UNHEARD = 20
"""Workers whose writes are in the state though they have reported none: a service may invent as many as it likes."""


class _Book:
    """The writes of one worker."""

    def __init__(self) -> None:
        self.states = bytearray()
        self.replicas = bytearray()
        self.seconds = array("I")
        self.report: Mapping[str, Any] = dict.fromkeys((*COUNTS, "handed_in"), 0)
        self.answered_twice = 0
        self.surplus: list[int] = []  # numbers that were found though never sent
        self.surplus_count = 0

    def grow(self, count: int) -> None:
        """Makes room for so many writes."""
        if (more := count - len(self.states)) > 0:
            self.states.extend(bytes(more))
            self.replicas.extend(bytes(more))
            self.seconds.frombytes(bytes(more * self.seconds.itemsize))


class Books:
    """What the workers of a run reported of their writes, and what was found in the state of the service."""

    def __init__(self, run: str) -> None:
        self.run = run
        self._books: dict[int, _Book] = {}
        self._replicas: list[str] = [""]
        self._stale_reads: list[Example] = []
        self._unheard: set[int] = set()
        self._strays = 0  # found writes of workers beyond those

    @property
    def is_empty(self) -> bool:
        """Whether no write of the run has an id."""
        return not self._books

    @property
    def handed_in(self) -> bool:
        """Whether every worker has handed in its last answers."""
        return all(book.report["handed_in"] for book in self._books.values())

    def hear(self, report: Mapping[str, Any] | None) -> None:
        """Takes in what a worker has drained (lab/ledger/writes.py). Reports of other runs are ignored."""
        if not report or report["run"] != self.run:
            return
        self._unheard.discard(report["worker"])
        book = self._books.setdefault(report["worker"], _Book())
        book.report = {name: report[name] for name in (*COUNTS, "handed_in") if name in report}
        book.grow(slots(report["sent"]))
        for second, answer, replica, packed in report["answers"]:
            numbers = array("I")
            numbers.frombytes(packed)
            at_replica, state = self._replica(replica), int(answer)
            for number in numbers:
                place = slot(number)
                if place is not None:
                    book.answered_twice += book.states[place] != 0
                    book.states[place] |= state
                    book.seconds[place] = second
                    book.replicas[place] = at_replica
        for second, number, replica in report["stale_reads"]:
            if len(self._stale_reads) < MOST_EXAMPLES:
                self._stale_reads.append(self._example(STALE, report["worker"], number, second, replica))

    def find(self, writes: Iterable[tuple[int, int]]) -> None:
        """Counts these writes, each by worker and number, as found once more."""
        for worker, number in writes:
            place = slot(number)
            if place is None:
                continue
            if worker not in self._books:
                if len(self._unheard) >= MOST_UNHEARD:
                    self._strays += 1
                    continue
                self._unheard.add(worker)
                self._books[worker] = _Book()
            book = self._books[worker]
            if place >= len(book.states):
                book.surplus_count += 1
                if len(book.surplus) < MOST_EXAMPLES:
                    book.surplus.append(number)
            elif book.states[place] < _FOUND_AGAIN:
                book.states[place] += _FOUND_ONCE

    def ledger(self, seconds: float, not_audited: str | None = None, *, audit_due: bool = False) -> Ledger:
        """The ledger after an audit of so many seconds, or, with a reason, without one.

        `audit_due` is whether there should have been one.
        """
        reports = [book.report for book in self._books.values()]
        counts = {name: sum(each.get(name, 0) for each in reports) for name in COUNTS}
        counts["unanswered"] = max(0, counts["sent"] - counts["acknowledged"] - counts["refused"])
        return Ledger(
            **counts,
            audit=None if not_audited else self._found(seconds),
            not_audited=not_audited,
            audit_due=audit_due,
            answered_twice=sum(book.answered_twice for book in self._books.values()),
            remarks=tuple(self._remarks()),
            rule=RULE if any(slots(each["sent"]) < each["sent"] for each in reports) else None,
            examples=(*self._stale_reads, *(() if not_audited else self._examples())),
        )

    def _found(self, seconds: float) -> Found:
        totals = {field.name: 0 for field in fields(Found) if field.name not in ("acknowledged", "seconds")}
        for book in self._books.values():
            once, again = _FOUND_ONCE, _FOUND_AGAIN
            count = book.states.count
            totals["lost"] += count(Reply.ACKNOWLEDGED)
            totals["found"] += count(Reply.ACKNOWLEDGED + once)
            totals["doubled"] += count(Reply.ACKNOWLEDGED + again)
            totals["phantom"] += count(Reply.REFUSED + once) + count(Reply.REFUSED + again)
            there, not_there = count(once) + count(again), count(Reply.NONE)
            if book.report["handed_in"]:
                totals["unanswered_found"] += there
                totals["unanswered_not_found"] += not_there
                totals["phantom"] += book.surplus_count
            else:
                totals["unknown"] += there + book.surplus_count
        totals["unknown"] += self._strays
        acknowledged = totals["lost"] + totals["found"] + totals["doubled"]
        return Found(acknowledged=acknowledged, seconds=round(seconds, 3), **totals)

    def _examples(self) -> Iterator[Example]:
        kinds = (
            (LOST, (Reply.ACKNOWLEDGED,)),
            (DOUBLED, (Reply.ACKNOWLEDGED + _FOUND_AGAIN,)),
            (PHANTOM, (Reply.REFUSED + _FOUND_ONCE, Reply.REFUSED + _FOUND_AGAIN)),
        )
        for what, states in kinds:
            left = MOST_EXAMPLES
            for worker, book in sorted(self._books.items()):
                for place in _places(book.states, states, left):
                    left -= 1
                    replica = self._replicas[book.replicas[place]]
                    yield self._example(what, worker, number_at(place), book.seconds[place], replica)
        for worker, book in sorted(self._books.items()):
            if book.report["handed_in"]:
                for number in book.surplus:
                    yield self._example(PHANTOM, worker, number, None, "")

    def _remarks(self) -> Iterator[str]:
        if self._strays:
            yield f"The state has writes of more than {MOST_UNHEARD} workers that have reported none: they are unknown."
        for worker, book in sorted(self._books.items()):
            if not book.report["handed_in"]:
                last = max(book.seconds, default=0)
                since = f" after {utc(last)}" if last else ""
                yield (
                    f"Worker {worker + 1} was lost before it handed in its last writes: "
                    f"what it sent and was answered{since} is unknown."
                )

    def _example(self, what: str, worker: int, number: int, second: int | None, replica: str) -> Example:
        time = utc(second) if second else None
        return Example(what, write_id(self.run, worker, number), time, worker + 1, replica or None)

    def _replica(self, name: str) -> int:
        if name not in self._replicas:
            if len(self._replicas) >= _MOST_REPLICAS:
                name = _OTHERS
            if name not in self._replicas:
                self._replicas.append(name)
        return self._replicas.index(name)


def _places(states: bytearray, wanted: Sequence[int], most: int) -> Iterator[int]:
    """The places with one of these states, at most so many of each."""
    for state in wanted:
        place = -1
        for _ in range(most):
            place = states.find(state, place + 1)
            if place < 0:
                break
            yield place
