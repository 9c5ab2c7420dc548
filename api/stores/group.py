"""How do many writers share one commit? Those that wait while the disk is busy are committed together."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Generic, TypeVar

import gevent
from gevent.event import Event
from gevent.threadpool import ThreadPool

from api.stores import OutcomeUnknown, StoreDown, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Session = TypeVar("Session")

MOST_IN_A_GROUP = 500
COMMIT_SECONDS = 0.25  # a write that a group took at the end of its patience may still finish


class Write(Generic[Session]):
    """One write that waits for its group: what to do in the transaction, and what came of it."""

    __slots__ = ("error", "finished", "result", "work")

    def __init__(self, work: Callable[[Session], int]) -> None:
        self.work = work
        self.finished = Event()
        self.result = 0
        self.error: StoreError | None = None


class GroupCommit(Generic[Session]):
    """Runs writes in groups, each group in one transaction, in a thread, so that the event loop goes on.

    `transact` is called in that thread with an iterator; it must take its locks before it asks for the first write, do
    every write that it is given, and return once they are committed. It raises StoreDown or StoreFull when none of them
    was, and OutcomeUnknown when that cannot be known; any other exception is taken for the latter.
    """

    def __init__(self, transact: Callable[[Iterator[Write[Session]]], None], patience_seconds: float) -> None:
        self._transact = transact
        self._patience_seconds = patience_seconds
        self._waiting: deque[Write[Session]] = deque()
        self._thread = ThreadPool(1)
        self._running = False

    def run(self, work: Callable[[Session], int]) -> int:
        """What `work` returned, once its group is committed.

        Raises what `transact` raised; StoreDown when no group took the write in time, and then none will; and
        OutcomeUnknown when a group took it and has not finished in time.
        """
        write = Write(work)
        self._waiting.append(write)
        if not self._running:
            self._running = True
            gevent.spawn(self._run_groups)
        try:
            if not write.finished.wait(self._patience_seconds):
                if self._withdraw(write):
                    raise StoreDown("the store is locked or its disk is stuck")
                if not write.finished.wait(COMMIT_SECONDS):
                    raise OutcomeUnknown("the disk is stuck: the write was begun and may still be stored")
        except BaseException:
            self._withdraw(write)
            raise
        if write.error is not None:
            raise write.error
        return write.result

    def _withdraw(self, write: Write[Session]) -> bool:
        """Take the write back; False if a group has it already."""
        try:
            self._waiting.remove(write)
        except ValueError:
            return False
        return True

    def _run_groups(self) -> None:
        try:
            while self._waiting:
                for write in self._thread.apply(self._run_group):
                    write.finished.set()
        finally:
            self._running = False

    def _run_group(self) -> list[Write[Session]]:
        """In the thread: run one group and return its writes, each with its result or its error."""
        group: list[Write[Session]] = []

        def take() -> Iterator[Write[Session]]:
            # Only deque's own operations touch what both threads see: each of them is atomic.
            while len(group) < MOST_IN_A_GROUP:
                try:
                    write = self._waiting.popleft()
                except IndexError:
                    return
                group.append(write)
                yield write

        error: StoreError | None = None
        try:
            self._transact(take())
        except StoreError as reason:
            error = reason
        except Exception as unforeseen:  # noqa: BLE001 - whatever it is, those who wait need an answer
            error = OutcomeUnknown(f"the write ended in {type(unforeseen).__name__}")
        if error is not None:
            # A group that failed before its first write still owes an answer to those who wait for it.
            for write in group or take():
                write.error = error
        return group
