"""Is every write that was acknowledged there, and once? The master's books, and what an audit finds in them.

A book has one byte for each write of a worker that is audited: what was answered, and how often it was found. With its
second and its replica a write takes six bytes.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from lab.figures import utc
from lab.writes import RULE, Answer, number_at, slot, slots, write_id

FILE = "ledger.json"
MOST_EXAMPLES = 1000
"""Writes of each kind that ledger.json names."""
SHOWN_EXAMPLES = 5
"""Writes of each kind that verdict.json names."""
LOST, DOUBLED, PHANTOM, STALE = "lost", "doubled", "phantom", "stale"
_FOUND_ONCE, _FOUND_AGAIN = 4, 8
_MOST_REPLICAS = 255
_OTHERS = "(other replicas)"


@dataclass(frozen=True)
class Example:
    """A write that something is wrong with; for a stale one, `time` and `replica` are of the read."""

    what: str
    id: str
    time: str | None  # of the answer; None where nobody knows of one
    worker: int
    replica: str | None


@dataclass(frozen=True)
class Found:
    """What an audit found. The counts are of the writes that were audited; acknowledged = found + lost + doubled."""

    acknowledged: int
    found: int  # acknowledged, and there once
    lost: int  # acknowledged, and not there
    doubled: int  # acknowledged, and there more than once
    phantom: int  # there, though it was refused or never sent
    unanswered_found: int
    unanswered_not_found: int
    unknown: int  # there, but sent by a worker that was lost before it told what was answered
    seconds: float  # that the audit took


@dataclass(frozen=True)
class Ledger:
    """The writes of a run. The counts here are of all of them, whether they were audited or not."""

    sent: int
    acknowledged: int
    refused: int
    unanswered: int
    read_back: int  # reads of a write just acknowledged, by its writer
    stale: int  # those of them that did not find it
    audit: Found | None
    not_audited: str | None  # why there is no audit
    remarks: tuple[str, ...] = ()  # what stays unknown though there is one
    rule: str | None = None  # which writes were audited; None: all
    examples: tuple[Example, ...] = ()

    def document(self, most_examples: int = SHOWN_EXAMPLES) -> dict[str, Any]:
        """The ledger as JSON holds it; what an audit alone can tell is null without one."""
        counts: dict[str, int] = {}
        shown = []
        for example in self.examples:
            counts[example.what] = counts.get(example.what, 0) + 1
            if counts[example.what] <= most_examples:
                shown.append(asdict(example))
        found = asdict(self.audit) if self.audit else dict.fromkeys(field.name for field in fields(Found))
        return {
            **{name: getattr(self, name) for name in _COUNTS},
            "audited": found.pop("acknowledged"),
            **found,
            "not_audited": self.not_audited,
            "remarks": list(self.remarks),
            "rule": self.rule,
            "examples": shown,
        }


_COUNTS = ("sent", "acknowledged", "refused", "unanswered", "read_back", "stale")


def from_document(document: Mapping[str, Any]) -> Ledger:
    """The ledger of such a document. Raises KeyError or TypeError where it is none."""
    audit = None
    if document["audited"] is not None:
        names = [field.name for field in fields(Found) if field.name != "acknowledged"]
        audit = Found(acknowledged=document["audited"], **{name: document[name] for name in names})
    return Ledger(
        **{name: document[name] for name in _COUNTS},
        audit=audit,
        not_audited=document["not_audited"],
        remarks=tuple(document["remarks"]),
        rule=document["rule"],
        examples=tuple(Example(**example) for example in document["examples"]),
    )


class _Book:
    """The writes of one worker."""

    def __init__(self) -> None:
        self.states = bytearray()
        self.replicas = bytearray()
        self.seconds = array("I")
        self.told: Mapping[str, Any] = dict.fromkeys((*_COUNTS, "handed_in"), 0)
        self.surplus: list[int] = []  # found, and beyond what was sent: numbers
        self.surplus_count = 0

    def grow(self, count: int) -> None:
        """Has a place for so many writes."""
        if (more := count - len(self.states)) > 0:
            self.states.extend(bytes(more))
            self.replicas.extend(bytes(more))
            self.seconds.frombytes(bytes(more * self.seconds.itemsize))


class Books:
    """What the workers of a run have told of their writes, and what was found in the state of the service."""

    def __init__(self, run: str) -> None:
        self.run = run
        self._books: dict[int, _Book] = {}
        self._replicas: list[str] = [""]
        self._stale_reads: list[Example] = []

    @property
    def is_empty(self) -> bool:
        """Whether no write of the run has an id."""
        return not self._books

    @property
    def handed_in(self) -> bool:
        """Whether every worker has said that no answer comes any more."""
        return all(book.told["handed_in"] for book in self._books.values())

    def hear(self, report: Mapping[str, Any] | None) -> None:
        """Takes in what a worker has drained (lab/writes.py). What is told of another run is left aside."""
        if not report or report["run"] != self.run:
            return
        book = self._books.setdefault(report["worker"], _Book())
        book.told = {name: report[name] for name in (*_COUNTS, "handed_in") if name in report}
        book.grow(slots(report["sent"]))
        for second, answer, replica, packed in report["answers"]:
            numbers = array("I")
            numbers.frombytes(packed)
            at_replica, state = self._replica(replica), int(answer)
            for number in numbers:
                place = slot(number)
                if place is not None:
                    book.states[place] |= state
                    book.seconds[place] = second
                    book.replicas[place] = at_replica
        for second, number, replica in report["stale_reads"]:
            if len(self._stale_reads) < MOST_EXAMPLES:
                self._stale_reads.append(self._example(STALE, report["worker"], number, second, replica))

    def find(self, writes: Iterable[tuple[int, int]]) -> None:
        """Notes that these writes, each by worker and number, are there once more."""
        for worker, number in writes:
            place = slot(number)
            if place is None:
                continue
            book = self._books.setdefault(worker, _Book())
            if place >= len(book.states):
                book.surplus_count += 1
                if len(book.surplus) < MOST_EXAMPLES:
                    book.surplus.append(number)
            elif book.states[place] < _FOUND_AGAIN:
                book.states[place] += _FOUND_ONCE

    def ledger(self, seconds: float, not_audited: str | None = None) -> Ledger:
        """What is known of the writes, after an audit that took so long; or without one, for this reason."""
        told = [book.told for book in self._books.values()]
        counts = {name: sum(each.get(name, 0) for each in told) for name in _COUNTS}
        counts["unanswered"] = counts["sent"] - counts["acknowledged"] - counts["refused"]
        return Ledger(
            **counts,
            audit=None if not_audited else self._found(seconds),
            not_audited=not_audited,
            remarks=tuple(self._remarks()),
            rule=RULE if any(slots(each["sent"]) < each["sent"] for each in told) else None,
            examples=(*self._stale_reads, *(() if not_audited else self._examples())),
        )

    def _found(self, seconds: float) -> Found:
        totals = {field.name: 0 for field in fields(Found) if field.name not in ("acknowledged", "seconds")}
        for book in self._books.values():
            once, again = _FOUND_ONCE, _FOUND_AGAIN
            count = book.states.count
            totals["lost"] += count(Answer.ACKNOWLEDGED)
            totals["found"] += count(Answer.ACKNOWLEDGED + once)
            totals["doubled"] += count(Answer.ACKNOWLEDGED + again)
            totals["phantom"] += count(Answer.REFUSED + once) + count(Answer.REFUSED + again)
            there, not_there = count(once) + count(again), count(Answer.NONE)
            if book.told["handed_in"]:
                totals["unanswered_found"] += there
                totals["unanswered_not_found"] += not_there
                totals["phantom"] += book.surplus_count
            else:
                totals["unknown"] += there + book.surplus_count
        acknowledged = totals["lost"] + totals["found"] + totals["doubled"]
        return Found(acknowledged=acknowledged, seconds=round(seconds, 3), **totals)

    def _examples(self) -> Iterator[Example]:
        kinds = (
            (LOST, (Answer.ACKNOWLEDGED,)),
            (DOUBLED, (Answer.ACKNOWLEDGED + _FOUND_AGAIN,)),
            (PHANTOM, (Answer.REFUSED + _FOUND_ONCE, Answer.REFUSED + _FOUND_AGAIN)),
        )
        for what, states in kinds:
            left = MOST_EXAMPLES
            for worker, book in sorted(self._books.items()):
                for place in _places(book.states, states, left):
                    left -= 1
                    replica = self._replicas[book.replicas[place]]
                    yield self._example(what, worker, number_at(place), book.seconds[place], replica)
        for worker, book in sorted(self._books.items()):
            if book.told["handed_in"]:
                for number in book.surplus:
                    yield self._example(PHANTOM, worker, number, None, "")

    def _remarks(self) -> Iterator[str]:
        for worker, book in sorted(self._books.items()):
            if not book.told["handed_in"]:
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
    """Where one of these states stands, at most so many of each."""
    for state in wanted:
        place = -1
        for _ in range(most):
            place = states.find(state, place + 1)
            if place < 0:
                break
            yield place


def accusation(ledger: Ledger) -> str | None:
    """What the run must fail for: acknowledged writes that are lost or doubled; None where none is.

    "2 of 4,120 acknowledged writes are lost (for example lab-… of 18:10:54 UTC, answered by api-1)"
    """
    audit = ledger.audit
    if not audit or not (audit.lost or audit.doubled):
        return None
    (count, what), *rest = [pair for pair in ((audit.lost, LOST), (audit.doubled, DOUBLED)) if pair[0]]
    of = f"of {audit.acknowledged:,} acknowledged writes{' that were audited' if ledger.rule else ''}"
    text = f"{count:,} {of} {'is' if count == 1 else 'are'} {what}"
    text += "".join(f" and {count:,} {what}" for count, what in rest)
    example = next(example for example in ledger.examples if example.what in (LOST, DOUBLED))
    answered = f", answered by {example.replica}" if example.replica else ""
    at = f" of {example.time[11:19]} UTC" if example.time else ""
    return f"{text} (for example {example.id}{at}{answered})"


def proviso(ledger: Ledger) -> list[str]:
    """What the verdict's sentence must say of the ledger beside an accusation: what stays unknown, a sentence each."""
    if ledger.not_audited:
        writes = "write was" if ledger.acknowledged == 1 else "writes were"
        return [f"The {ledger.acknowledged:,} acknowledged {writes} not audited: {ledger.not_audited}."]
    return list(ledger.remarks)
