"""What the master hears from its workers in a run: counts, writes, vitals and clocks, each taken in once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import ceil
from typing import Any

from lab.counts import health
from lab.counts.clock import CLOCK
from lab.counts.health import Health
from lab.counts.marks import MOST_MARKS, Mark
from lab.counts.names import MOST_ENDPOINTS, MOST_REPLICAS, Names
from lab.counts.timeline import Answers, Timeline
from lab.counts.totals import Totals
from lab.counts.unreached import Unreached
from lab.engine.attendance import Attendance
from lab.engine.instruments import Instruments
from lab.engine.link import Report, Silence
from lab.engine.reports import FUTURE_SECONDS
from lab.exchanges.keeping import Kept
from lab.ledger.books import Books
from lab.service.double_entry import LostWorker

MOST_CLASSES = 1000
"""Classes of users that are told apart."""


class Hearing:
    """Takes in reports until it is closed. What is of another run is left out, and said once for each worker."""

    def __init__(
        self,
        run: str,
        timeline: Timeline,
        instruments: Instruments,
        attendance: Attendance,
        measure_anew: Callable[[int], None],
    ) -> None:
        """`measure_anew` leaves out what was measured since a second."""
        self.books, self.exchanges = Books(run), Kept()
        self._run, self._timeline, self._instruments = run, timeline, instruments
        self._attendance, self._measure_anew = attendance, measure_anew
        self.totals = Totals()
        """Those of all runs, where the master gives them."""
        self.vitals: dict[str, Health] = {}
        """What each worker said of itself in its last report."""
        self._strangers: set[str] = set()
        self._names, self._replicas = Names(MOST_ENDPOINTS), Names(MOST_REPLICAS)
        self._classes, self._marks = Names(MOST_CLASSES), Names(MOST_MARKS)
        self._unreached = Unreached()
        self._cut_off: dict[str, int] = {}
        self._has_asked = False
        self._in_tasks: dict[str, int] = {}
        self._heard_until: dict[str, int] = {}
        self._stood_still_until = float("-inf")
        self._most_answered = self._most_users = 0  # by a worker in a report
        self._last: dict[str, LostWorker] = {}  # what would be known of each worker if it were lost now

    @property
    def cut_off(self) -> int:
        """How many users waited for an answer when they were ended: the service may have counted their requests."""
        return sum(self._cut_off.values())

    @property
    def heard_until(self) -> int:
        """The second before which everything is heard of every worker that is there; 0 while one was not heard."""
        return min((self._heard_until.get(worker, 0) for worker in self._attendance.present()), default=0)

    @property
    def asks_nothing(self) -> bool:
        """Whether no user has asked for anything so far, or is in a task that may."""
        return bool(self._in_tasks) and not self._has_asked and not any(self._in_tasks.values())

    def lost(self) -> list[LostWorker]:
        """The workers that were lost and not heard again, with what each of them said last.

        One that was lost before it told of any answer can have asked as much as the busiest.
        """
        return [self._last.get(worker) or self._unheard(worker) for worker in sorted(self._attendance.lost)]

    def _unheard(self, worker: str) -> LostWorker:
        number, host = self._attendance.who(worker)
        return LostWorker(number, host, CLOCK.now(), self._most_answered, self._most_users)

    def take(self, worker: str, report: Report, batches: Iterable[Mapping[str, Any]]) -> bool:
        """Takes in a worker's report with the batches of it that are new; False where it is of another run."""
        if report["run"] != self._run:
            if worker not in self._strangers and any(batch["answers"] for batch in batches):
                self._strangers.add(worker)
                name = self._attendance.name(worker)
                self._attendance.note(f"{name} reported counts of another run ({report['run']}): they are left out.")
            return False
        self._attendance.look_at_clock(worker, report["wall_offset"])
        self._cut_off[worker] = report["cut_off"]
        self._in_tasks[worker] = report["in_tasks"]
        self._heard_until[worker] = report["until"]
        self._attendance.lost.discard(worker)
        for batch in batches:
            self._take(worker, batch)
        return True

    def _take(self, worker: str, batch: Mapping[str, Any]) -> None:
        if silence := batch["silence"]:
            self._hear_of(silence, worker)
        answers = [self._answers(row) for row in batch["answers"]]
        self._has_asked = self._has_asked or bool(answers)
        marks = [self._mark(row) for row in batch["marks"]]
        self._timeline.merge(answers, marks)
        self._instruments.hear(answers, marks)
        self.totals.add(answers)
        self.books.hear(batch["writes"])
        self.exchanges.hear(batch["exchanges"])
        number, host = self._attendance.who(worker)
        users = max((vitals.get("users", 0) for _, vitals in batch["health"]), default=0)
        answered = sum(row.requests for row in answers)
        self._most_answered, self._most_users = max(self._most_answered, answered), max(self._most_users, users)
        if answered or worker in self._last:
            self._last[worker] = LostWorker(number, host, CLOCK.now(), answered, users)
        unreached = self._unreached.count(number, answers)
        for second, count in _counted(answers).items():
            self._timeline.examine(second, number, Health(answered=count, unreached=unreached[second]))
        self._examine(worker, number, batch["health"])

    def _examine(self, worker: str, number: int, rows: Iterable[tuple[int, Any]]) -> None:
        """Takes in what the worker says of itself, second by second."""
        whole = Health()
        for second, vitals in rows:
            if second > CLOCK.second() + FUTURE_SECONDS:
                continue  # a clock that is not in step yet: it has answered nobody
            seen = health.from_document(vitals)
            self._timeline.examine(second, number, seen)
            self._instruments.examine(second, number, seen)
            whole.add(seen)
        if whole.seconds:
            self.vitals[worker] = whole

    def _answers(self, row: Sequence[Any]) -> Answers:
        """The row, with names that are bounded for the whole run."""
        answers = Answers(*row)
        replica = self._replicas.kept(answers.replica) if answers.replica else answers.replica
        user = self._classes.kept(answers.user) if answers.user else ""
        return answers._replace(endpoint=self._names.kept(answers.endpoint), replica=replica, user=user)

    def _mark(self, row: Sequence[Any]) -> Mark:
        """The same of a mark."""
        mark = Mark(*row)
        return mark._replace(name=self._marks.kept(mark.name))

    def stand_still(self) -> None:
        """Notes that the master itself stood still until now: no link is to blame that workers did not hear it."""
        self._stood_still_until = CLOCK.now()

    def _hear_of(self, silence: Silence, worker: str) -> None:
        """Leaves out what a worker did while it did not hear the master, and says so when that is over."""
        if silence["is_over"]:
            is_own = CLOCK.now() - silence["seconds"] < self._stood_still_until
            if sentence := unheard(self._attendance.name(worker), silence, is_own=is_own):
                self._attendance.note(sentence)
        self._measure_anew(CLOCK.second() - ceil(silence["seconds"]))


def _counted(answers: Iterable[Answers]) -> Counter[int]:
    """How many requests ended in each second."""
    counted: Counter[int] = Counter()
    for row in answers:
        counted[row.second] += row.requests
    return counted


def unheard(name: str, silence: Silence, *, is_own: bool) -> str | None:
    """That a worker did not hear the master, in a sentence; None where the master was why, and nothing is lost."""
    count = silence["cut_off"]
    loss = f"{count:,} answer{' was' if count == 1 else 's were'} cut off"
    if is_own:
        return f"{name} stopped its users meanwhile: {loss}." if count else None
    return (
        f"{name} did not hear the master for {ceil(silence['seconds'])} s, because the link between them was stalled "
        f"or cut, and stopped its users: {loss}; what was measured then is left out, and measured anew."
    )
