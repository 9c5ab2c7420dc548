"""How do many writers share one commit? Group commit: whoever waits while the disk is busy goes in together."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Generic, TypeVar

import gevent
from gevent.event import Event
from gevent.threadpool import ThreadPool

from api.stores import StoreDown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Session = TypeVar("Session")

MOST_IN_A_GROUP = 500


class Write(Generic[Session]):
    """One write that waits for its group: what to do in the transaction, and what came of it."""

    __slots__ = ("error", "finished", "result", "work")

    def __init__(self, work: Callable[[Session], int]) -> None:
        self.work = work
        self.finished = Event()
        self.result = 0
        self.error: StoreDown | None = None


class GroupCommit(Generic[Session]):
    """Runs writes in groups, each group in one transaction, in a thread of its own beside the event loop.

    `transact` is called in that thread with an iterator; it must take its locks before it asks for the first write, do
    every write that it is given, and return once they are committed, or raise StoreDown when none of them was.
    """

    def __init__(self, transact: Callable[[Iterator[Write[Session]]], None], patience_seconds: float) -> None:
        self._transact = transact
        self._patience_seconds = patience_seconds
        self._waiting: deque[Write[Session]] = deque()
        self._thread = ThreadPool(1)
        self._running = False

    def run(self, work: Callable[[Session], int]) -> int:
        """What `work` returned, once its group is committed. Raises StoreDown when it is not, or not in time."""
        write = Write(work)
        self._waiting.append(write)
        if not self._running:
            self._running = True
            gevent.spawn(self._run_groups)
        try:
            finished = write.finished.wait(self._patience_seconds)
            if not finished and not self._withdraw(write):
                # The commit is under way: its outcome is worth a second wait.
                finished = write.finished.wait(self._patience_seconds)
        except BaseException:
            self._withdraw(write)
            raise
        if not finished:
            raise StoreDown("the store is locked or its disk is stuck")
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
        """In the thread: run one group and say which writes were in it, each with its result or its error."""
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

        error: StoreDown | None = None
        try:
            self._transact(take())
        except StoreDown as down:
            error = down
        except Exception as unforeseen:  # noqa: BLE001 - whatever it is, those who wait must hear of it
            error = StoreDown(f"the write failed: {type(unforeseen).__name__}")
        if error is not None:
            # A group that failed before its first write still owes an answer to those who wait for it.
            for write in group or take():
                write.error = error
        return group
