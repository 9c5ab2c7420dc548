"""Writers share a commit, each learns what became of its own write, and a write that was given up is never done."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import gevent
import pytest

from api.stores import OutcomeUnknown, StoreDown, StoreError, StoreFull
from api.stores.group import MOST_IN_A_GROUP, GroupCommit, Write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Ledger:
    """A store in a list: `gate` holds a group back before its first write, `broken` makes it fail after them."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.broken: Exception | None = None
        self.gate = threading.Event()
        self.gate.set()

    def transact(self, writes: Iterator[Write[list[int]]]) -> None:
        """Do what a store does with a group."""
        self.gate.wait(10)
        session: list[int] = []
        for write in writes:
            write.result = write.work(session)
        if self.broken is not None:
            raise self.broken
        if session:
            self.groups.append(session)


def _append(number: int) -> Callable[[list[int]], int]:
    def work(session: list[int]) -> int:
        session.append(number)
        return number * 10

    return work


def _open_later(gate: threading.Event) -> None:
    gevent.sleep(0.05)
    gate.set()


def test_a_write_alone_gets_its_result() -> None:
    ledger = Ledger()
    assert GroupCommit(ledger.transact, 1).run(_append(4)) == 40
    assert ledger.groups == [[4]]


def test_writers_that_come_while_a_group_is_held_back_go_in_together() -> None:
    ledger = Ledger()
    ledger.gate.clear()
    group = GroupCommit(ledger.transact, 2)
    waiting = [gevent.spawn(group.run, _append(number)) for number in range(MOST_IN_A_GROUP + 10)]
    gevent.spawn(_open_later, ledger.gate)
    gevent.joinall(waiting, raise_error=True)
    assert [greenlet.value for greenlet in waiting] == [number * 10 for number in range(MOST_IN_A_GROUP + 10)]
    assert [len(numbers) for numbers in ledger.groups] == [MOST_IN_A_GROUP, 10]


@pytest.mark.parametrize(
    ("error", "seen"),
    [
        (StoreDown("locked"), StoreDown),
        (StoreFull("the disk is full"), StoreFull),
        (OutcomeUnknown("not synced"), OutcomeUnknown),
        (RuntimeError("unforeseen, perhaps after the commit"), OutcomeUnknown),
    ],
)
def test_a_group_that_fails_fails_for_all_of_it_and_the_next_one_succeeds(
    error: Exception, seen: type[StoreError]
) -> None:
    ledger = Ledger()
    ledger.broken = error
    ledger.gate.clear()
    group = GroupCommit(ledger.transact, 2)
    waiting = [gevent.spawn(group.run, _append(number)) for number in range(3)]
    gevent.spawn(_open_later, ledger.gate)
    for greenlet in waiting:
        with pytest.raises(seen):
            greenlet.get()
    ledger.broken = None
    assert group.run(_append(7)) == 70
    assert ledger.groups == [[7]]


def test_a_group_that_cannot_begin_tells_those_who_wait() -> None:
    def transact(_: Iterator[Write[list[int]]]) -> None:
        raise StoreDown("no lock")

    group = GroupCommit(transact, 2)
    waiting = [gevent.spawn(group.run, _append(number)) for number in range(3)]
    for greenlet in waiting:
        with pytest.raises(StoreDown, match="no lock"):
            greenlet.get()


def test_a_write_that_waited_too_long_is_refused_and_never_done() -> None:
    ledger = Ledger()
    ledger.gate.clear()
    group = GroupCommit(ledger.transact, 0.05)
    with pytest.raises(StoreDown, match="locked"):
        group.run(_append(1))
    ledger.gate.set()
    assert group.run(_append(2)) == 20
    assert ledger.groups == [[2]]


def test_a_write_whose_commit_hangs_is_of_unknown_outcome_and_may_be_done_later() -> None:
    hangs = threading.Event()
    done: list[int] = []

    def transact(writes: Iterator[Write[list[int]]]) -> None:
        for write in writes:
            write.result = write.work(done)
            hangs.wait(10)

    group = GroupCommit(transact, 0.05)
    with pytest.raises(OutcomeUnknown, match="may still be stored"):
        group.run(_append(1))
    hangs.set()
    assert group.run(_append(2)) == 20
    assert done == [1, 2]


def test_a_caller_that_is_killed_takes_its_write_along() -> None:
    ledger = Ledger()
    ledger.gate.clear()
    group = GroupCommit(ledger.transact, 2)
    gone, stays = (gevent.spawn(group.run, _append(number)) for number in (1, 2))
    gevent.sleep(0.05)
    gone.kill()
    ledger.gate.set()
    assert stays.get() == 20
    assert ledger.groups == [[2]]
