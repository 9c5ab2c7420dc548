"""Rows that are given once (lab/data), between the workers' users and the master, who alone knows what was given."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import gevent
from locust.runners import STATE_MISSING

from lab.data.desk import Answer, Desk, Question
from lab.data.pool import Pool
from lab.data.rows import FAIL, WRAP, Rows
from lab.engine.link import ROWS
from lab.judging.evidence import Interruption
from lab.judging.shortage import DataRow, sentence

if TYPE_CHECKING:
    from locust.rpc import Message
    from locust.runners import MasterRunner, WorkerRunner

log = logging.getLogger(__name__)


class Borrower:
    """A worker's side."""

    def __init__(self, runner: WorkerRunner) -> None:
        desk = self._desk = Desk(lambda question: runner.send_message(ROWS, dict(question)))
        Rows.giver = desk
        runner.register_message(ROWS, lambda msg, **_: desk.hear(msg.data))
        runner.environment.events.test_start.add_listener(lambda **_: desk.open())
        runner.environment.events.test_stopping.add_listener(lambda **_: desk.close())

    def close(self) -> Mapping[str, str]:
        """No rows can be made any more; what must be the same in all processes."""
        return Rows.close()

    def begin(self, run: str, worker: int) -> None:
        """Begins a run, as the worker with this number (from 0)."""
        self._desk.begin(run)
        Rows.begin(max(0, worker))


class Lender:
    """The master's side: a pool for each file of rows, anew in each run.

    `on_end` is called where rows are used up that end the run by that.
    """

    def __init__(self, runner: MasterRunner) -> None:
        self._runner = runner
        self._run = ""
        self._pools: dict[int, Pool] = {}
        self._held: set[int] = set()
        self._short: dict[int, int] = {}
        self._unsure: dict[int, int] = {}
        self._answered: dict[str, Answer] = {}
        self.is_over = False
        self.on_end: Callable[[Interruption | None], None] = lambda _: None

    def close(self) -> Mapping[str, str]:
        """No rows can be made any more; what must be the same in all processes."""
        return Rows.close()

    def begin(self, run: str) -> None:
        """Begins a run: no row was given yet."""
        once = [(feed, rows) for feed, rows in enumerate(Rows.all) if rows.once]
        self._pools = {feed: Pool(len(rows), wraps=rows.at_end == WRAP) for feed, rows in once}
        self._run, self._held, self._answered, self.is_over = run, set(), {}, False
        self._short, self._unsure = {}, {}

    def rows(self) -> list[DataRow]:
        """What became of each file of rows that are given once."""
        return [
            DataRow(
                file=Rows.all[feed].name,
                rows=pool.rows,
                at_end=Rows.all[feed].at_end,
                given=pool.given,
                held=feed in self._held,
                short=self._short.get(feed, 0),
                unsure=self._unsure.get(feed, 0),
            )
            for feed, pool in self._pools.items()
        ]

    def hear(self, msg: Message, **_: Any) -> None:
        """Answers a worker's question; the same question twice has the same answer."""
        question: Question = msg.data
        worker, last = msg.node_id, self._answered.get(msg.node_id)
        if question["run"] != self._run or (last and question["number"] < last["number"]):
            return
        if last is None or question["number"] > last["number"]:
            last = self._answered[worker] = self._answer(worker, question)
        self._runner.send_message(ROWS, dict(last), worker)

    def _answer(self, worker: str, question: Question) -> Answer:
        last = self._answered.get(worker)
        if last and question["heard"] < last["number"]:
            for feed, _, places in last["rows"]:
                self._pool(feed).give_back(worker, places)
        for feed, place in question["back"]:
            self._pool(feed).give_back(worker, [place])
        self._look_who_is_lost()
        rows = []
        for feed, held, count in question["wanted"]:
            pool = self._pool(feed)
            self._held |= {feed} if held else set()
            rows.append((feed, held, pool.take(worker, count, held=held)))
        for feed, count in question["short"]:
            self._pool(feed)
            self._note(feed, count)
        return Answer(run=self._run, number=question["number"], rows=rows)

    def _pool(self, feed: int) -> Pool:
        """Raises ValueError where there is none: the message is refused, as any other that cannot be."""
        if feed not in self._pools:
            raise ValueError(f"there are no rows {feed} that are given once")
        return self._pools[feed]

    def _look_who_is_lost(self) -> None:
        """Takes back what lost workers held: one that the master does not hear for so long has stopped its users.

        Whether the rows of the last answer to it were used is not known, and so nobody gets these again.
        """
        there = {client.id for client in self._runner.clients.all if client.state != STATE_MISSING}
        for pool in self._pools.values():
            pool.release(there)
        for worker in self._answered.keys() - there:
            for feed, held, places in self._answered.pop(worker)["rows"]:
                self._unsure[feed] = self._unsure.get(feed, 0) + (0 if held else len(places))

    def _note(self, feed: int, count: int) -> None:
        """Notes that users went without: the run ends there."""
        is_first = not self._short
        self._short[feed] = self._short.get(feed, 0) + count
        if is_first:
            self.is_over = True
            log.error("%s", sentence(self.rows()) or f"all rows of {Rows.all[feed].name} were given: the run ends")
            self.on_end(Interruption.DATA if Rows.all[feed].at_end == FAIL else None)


def end_run(runner: MasterRunner, interrupt: Callable[[Interruption], None], cause: Interruption | None) -> None:
    """Stops the run, because its rows are used up: in order where it holds one load, which was to last until then."""
    shape = runner.environment.shape_class
    if cause or not (shape is None or getattr(shape, "holds_one_load", False)):
        interrupt(Interruption.DATA)
    gevent.spawn(runner.stop)
