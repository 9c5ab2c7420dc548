"""Ledgers made up for tests: workers that write, and the books on what was found."""

from __future__ import annotations

from typing import Any

from lab.ledger.books import Books
from lab.ledger.findings import Ledger
from lab.ledger.writes import Writes, ids_of

RUN = "5f3a9c21"


def a_worker(number: int = 0) -> Writes:
    """The writes of a worker of the run."""
    writes = Writes()
    writes.begin(RUN, number)
    return writes


def write(writes: Writes, status: int = 204, replica: str = "api-1") -> tuple[int, int]:
    """A write that is answered so; as an audit finds it."""
    sent = writes.new_id()
    writes.note({"write": sent}, status, replica, is_wrong=status != 204)
    return as_found(sent)


def as_found(sent: str) -> tuple[int, int]:
    """The id of a write as an audit finds it: the number of its worker, and its own."""
    (found,) = ids_of(RUN).findall(sent.encode())
    return int(found[0], 16), int(found[1], 16)


def audited(workers: list[Writes], found: list[tuple[int, int]], hand_in: bool = True) -> Ledger:
    """The ledger of these workers, where an audit has found so much."""
    books = Books(RUN)
    for worker in workers:
        if hand_in:
            worker.hand_in()
        books.hear(worker.drain())
    books.find(found)
    return books.ledger(0.5)


def counts(told: Ledger) -> dict[str, Any]:
    """Its counts, those of 0 left out."""
    return {name: count for name, count in told.document().items() if count and isinstance(count, int)}
