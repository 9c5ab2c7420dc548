"""What was asked and answered, second by second: counted on the workers (recorder.py), added up on the master.

A worker hands its counts over with Locust's own report. The master adds them up and knows for each second which step it
belongs to, if any.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from lab.counts import histogram, silence
from lab.counts.answers import Answers
from lab.counts.endpoints import Endpoints, Tallies, unsuccessful
from lab.counts.health import Health
from lab.counts.marks import Mark
from lab.counts.silence import Course, Pace, Second
from lab.counts.steps import Extremes, Step, Workers, health_of, measured
from lab.counts.tally import MOST_MESSAGES, Tally, together
from lab.counts.undone import Undone
from lab.counts.windows import Rolling, Window

__all__ = [
    "MOST_MESSAGES",
    "Answers",
    "Endpoints",
    "Extremes",
    "Step",
    "Tally",
    "Timeline",
    "Workers",
    "health_of",
    "measured",
    "together",
]

LATE_SECONDS = 600
"""How long after its end what was answered in a second still counts for its step."""


class Timeline:
    """The master's side: every second's answers until they have settled, and every step's for good."""

    def __init__(self, started: int, windows: Sequence[Window] = ()) -> None:
        """`started` is the first second of the run; what was answered before it is not of this run.

        `windows` are looked for in every step. `taken_back` is what the workers measured of themselves in seconds whose
        measurement was taken back.
        """
        self.steps: list[Step] = []
        self._seconds: dict[int, Endpoints] = {}
        self._steps_by_second: dict[int, Step] = {}
        self._taken_back: set[int] = set()
        self._health: dict[int, Workers] = {}
        self.taken_back: Workers = {}
        self.undone = Undone()
        self._started = self._settled_until = self._attended_until = started
        self._users: dict[int, int] = {}
        self._course = Course(started)
        self._over: int | None = None
        self._windows = windows
        self._rolling: tuple[Step | None, list[Rolling]] = None, []

    def merge(self, rows: Iterable[Answers], marks: Iterable[Mark] = ()) -> None:
        """Adds what a worker drained. A second that was handed out already still counts for its step."""
        late: dict[int, Endpoints] = {}

        def at(second: int) -> Endpoints:
            return (self._seconds if second >= self._settled_until else late).setdefault(second, Endpoints())

        for row in (row for row in rows if row.second >= self._started):
            at(row.second).answer(row)
            if row.second < self._settled_until:
                self._course.add(row.second, silence.second_of(row.tally(), None))
        for mark in (mark for mark in marks if mark.second >= self._started):
            at(mark.second).mark(mark)
        for second, endpoints in late.items():
            self._count(second, endpoints)

    def attend(self, second: int, users: int) -> None:
        """Notes how many users were there at the end of the second."""
        self._users[second] = users
        self._attended_until = second + 1

    def end(self) -> None:
        """Says that the plan is over: from now on nobody asks, and only failures of what was asked before count.

        They are of the last step, however late they come: its users were waiting for these answers.
        """
        self._over = self._attended_until

    def _count(self, second: int, endpoints: Tallies) -> Step | None:
        """Counts what was answered in the second into the step that it belongs to, if any."""
        step = self._steps_by_second.get(second)
        if step:
            step.endpoints.add(endpoints)
            self.undone.give(step, self._before(step))
        elif self.steps and self._over is not None and second >= self._over:
            self.steps[-1].endpoints.add(unsuccessful(endpoints))
        else:
            self.undone.keep(endpoints)
        return step

    def examine(self, second: int, worker: int, health: Health) -> None:
        """Adds what a worker measured of itself in the second."""
        if second >= self._settled_until:
            workers = self._health.setdefault(second, {})
        elif step := self._steps_by_second.get(second):
            workers = step.health
        elif second in self._taken_back:
            workers = self.taken_back
        else:
            return
        if known := workers.get(worker):
            known.add(health)
        else:
            workers[worker] = health

    def measure(self, second: int, step: Step) -> None:
        """Says that all of this second belongs to the step."""
        self._steps_by_second[second] = step
        step.seconds += 1
        if not self.steps or self.steps[-1] is not step:
            self.steps.append(step)
            step.number = len(self.steps)

    def retract(self, since: int) -> None:
        """Takes back that the seconds from `since` on were measured, as far as they have not been handed out."""
        last = next(reversed(self._steps_by_second), -1)
        for second in range(max(since, self._settled_until), last + 1):
            if step := self._steps_by_second.pop(second, None):
                step.seconds -= 1
                self._taken_back.add(second)
        self.steps = [step for step in self.steps if step.seconds]

    def skip(self, step: Step, until: int) -> None:
        """Takes back that the step measured the seconds before `until`, as far as they have not been handed out."""
        if not self._settled_until <= step.started < until:
            return
        for second in range(step.started, min(until, step.ended)):
            del self._steps_by_second[second]
            self._taken_back.add(second)
            step.seconds -= 1
        step.started = until
        self.steps = [each for each in self.steps if each.seconds]

    def settle(self, until: int) -> Iterator[tuple[int, Endpoints, Step | None]]:
        """Hands out the seconds before `until`, in order, and counts each into its step: (second, endpoints, step)."""
        for second in range(self._settled_until, until):
            endpoints = self._seconds.pop(second, Endpoints())
            step = self._count(second, endpoints)
            if step:
                step.successes.append(sum(tally.successes for tally in endpoints.values()))
                self._roll(step, second, endpoints)
            self._course.append(silence.second_of(together(endpoints.values()), self._users.pop(second, 0)))
            self._settled_until = second + 1
            self._steps_by_second.pop(second - LATE_SECONDS, None)
            for worker, health in self._health.pop(second, {}).items():
                self.examine(second, worker, health)
            yield second, endpoints, step

    def unsettled(self, until: int) -> Iterator[tuple[int, Endpoints, Step | None]]:
        """The seconds before `until` that are yet to be handed out, as far as they are known."""
        for second in range(self._settled_until, until):
            yield second, self._seconds.get(second, Endpoints()), self._steps_by_second.get(second)

    def known(self, until: int) -> list[Step]:
        """The steps as if the run had ended before `until`: with seconds that are yet to be handed out."""
        return [known for step in self.steps if (known := self._known(step, until)).successes]

    def _known(self, step: Step, until: int) -> Step:
        more = [
            sum(tally.successes for tally in found.values()) for _, found, of in self.unsettled(until) if of is step
        ]
        if not more:
            return step
        (seconds, endpoints), extremes = self.so_far(step, until), self.extremes(step, until)
        known = replace(step, seconds=seconds, successes=[*step.successes, *more], endpoints=endpoints)
        known.silent_seconds, known.windows = extremes.silent_seconds, dict(extremes.windows)
        return known

    def so_far(self, step: Step, until: int) -> tuple[int, Endpoints]:
        """What the step has measured before the second `until`: its seconds, and what was answered in them."""
        open_seconds = [at for at in range(self._settled_until, until) if self._steps_by_second.get(at) is step]
        endpoints = Endpoints()
        for part in (step.endpoints, *(self._seconds.get(second, Endpoints()) for second in open_seconds)):
            endpoints.add(part)
        return len(step.successes) + len(open_seconds), endpoints

    def extremes(self, step: Step, until: int) -> Extremes:
        """What the step's sums cannot tell, before the second `until`."""
        present, settled = self._rolling
        rolling = [each.so_far() for each in settled] if present is step else self._begin_rolling()
        for second in range(self._settled_until, until):
            if self._steps_by_second.get(second) is step:
                for each in rolling:
                    each.add(second, self._seconds.get(second, {}))
        return Extremes(self._silence(step, until), {each.window.key: each.found for each in rolling})

    def conclude(self) -> None:
        """Says of each step for how long it was silent, when all has settled."""
        over = self._settled_until if self._over is None else self._over
        waited_for = (second for second in range(over, self._settled_until) if self._course[second].answers)
        until = next(waited_for, over - 1) + 1
        for step in self.steps:
            step.silent_seconds = self._silence(step, until)
        if self.steps:
            self.undone.give(self.steps[-1])

    def _begin_rolling(self) -> list[Rolling]:
        return [Rolling(window) for window in self._windows]

    def _roll(self, step: Step, second: int, endpoints: Tallies) -> None:
        if self._rolling[0] is not step:
            self._rolling = step, self._begin_rolling()
        for rolling in self._rolling[1]:
            rolling.add(second, endpoints)
            step.windows[rolling.window.key] = rolling.found

    def _silence(self, step: Step, until: int) -> int:
        """The step's longest silence: one may have begun before it, and after the last step it may go on."""
        before = self._before(step)
        begin, end = before.ended if before else step.started, until if step is self.steps[-1] else step.ended
        while begin > self._started and not (last := self._look(begin - 1)).answers and last.users:
            begin -= 1
        seconds, endpoints = self.so_far(step, until)
        whole = together(endpoints.values())
        median_ms = histogram.percentile(whole.times, 50) or 0.0
        otherwise = before.requests / before.seconds / before.users * step.users if before else 0.0
        pace = Pace(whole.requests, seconds, step.users, median_ms / 1000, otherwise)
        looked = ((second, self._look(second)) for second in range(begin, min(end, until)))
        course = (seen._replace(is_measured=step.started <= second < step.ended) for second, seen in looked)
        return silence.longest(course, pace)

    def _before(self, step: Step) -> Step | None:
        return next((each for each in reversed(self.steps) if each.started < step.started), None)

    def _look(self, second: int) -> Second:
        """The second as far as it is known."""
        if second >= self._settled_until:
            known = silence.second_of(together(self._seconds.get(second, {}).values()), self._users.get(second, 0))
        else:
            known = self._course[second]
        return known._replace(users=None) if self._over is not None and second >= self._over else known

    def answered(self, since: int, until: int) -> Tally:
        """What was answered in these seconds, as far as they have not been handed out."""
        seconds = range(max(since, self._settled_until), until)
        return together(tally for at in seconds for tally in self._seconds.get(at, {}).values())
