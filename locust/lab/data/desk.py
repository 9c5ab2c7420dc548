"""Where users get rows that are given once: they ask the master, all who wait at a time, and no worker keeps any.

So none lies about on one worker while another has none, however workers come and go.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, TypedDict

import gevent
from gevent.event import AsyncResult, Event

ASKS_EVERY_SECONDS = 0.005
ANSWERED_WITHIN_SECONDS = 1.0
"""After that the same is asked again: the master gives the same answer to the same number."""
AGAIN_AFTER_SECONDS = 0.25
PATIENCE_SECONDS = 5.0
"""How long a user waits for a row that others hold: users that move to another worker leave theirs a moment later."""

if TYPE_CHECKING:
    Wait = AsyncResult[int | None]


class Question(TypedDict):
    """What a worker asks for: of each feed so many rows, some to be held; which it gives back; who went without.

    `heard` is the number of the last answer that it has dealt out: the rows of a later one went to nobody.
    """

    run: str
    number: int
    heard: int
    wanted: list[tuple[int, bool, int]]
    back: list[tuple[int, int]]
    short: list[tuple[int, int]]


class Answer(TypedDict):
    """The rows that a worker gets: of a feed, to be held or not, which."""

    run: str
    number: int
    rows: list[tuple[int, bool, list[int]]]


class Desk:
    """A worker's side. `send` sends a question to the master, whose answer comes to `hear`."""

    def __init__(self, send: Callable[[Question], None], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._send, self._monotonic = send, monotonic
        self._run, self._number, self._heard, self.is_open = "", 0, 0, True
        self._waiting: dict[tuple[int, bool], deque[tuple[Wait, float]]] = {}
        self._back: list[tuple[int, int]] = []
        self._short: dict[int, int] = {}
        self._due = Event()
        self._answer: AsyncResult[Answer] = AsyncResult()
        gevent.spawn(self._serve)

    def begin(self, run: str) -> None:
        """Forgets all of an earlier run: its users are gone."""
        self._run, self._waiting, self._back, self._short = run, {}, [], {}

    def open(self) -> None:
        """Users come."""
        self.is_open = True

    def close(self) -> None:
        """Users are stopped: nobody waits any more, for an answer could not be read while they end."""
        self.is_open = False
        self._send(self._question([]))
        for wait, _ in (each for waiting in self._waiting.values() for each in waiting):
            if not wait.ready():
                wait.set(None)

    def take(self, feed: int, *, held: bool) -> int | None:
        """The place of a row; None where all were given, or the users are being stopped."""
        if not self.is_open:
            return None
        wait: Wait = AsyncResult()
        waiting = self._waiting.setdefault((feed, held), deque())
        waiting.append((wait, self._monotonic()))
        self._due.set()
        try:
            return wait.get()
        except BaseException:
            # the user was ended while it waited
            if wait.ready() and wait.value is not None:
                self.give_back(feed, wait.value)
            elif not wait.ready():
                wait.set(None)
            raise

    def give_back(self, feed: int, place: int) -> None:
        """Gives a row back that nobody has used, or nobody holds any more."""
        self._back.append((feed, place))
        self._due.set()

    def hear(self, answer: Answer) -> None:
        """Takes in the master's answer; one to an earlier question says nothing new."""
        if answer["run"] == self._run and answer["number"] == self._number and not self._answer.ready():
            self._answer.set(answer)

    def _serve(self) -> None:
        while True:
            self._due.wait()
            self._due.clear()
            self._ask()
            gevent.sleep(ASKS_EVERY_SECONDS)

    def _ask(self) -> None:
        self._drop_ended()
        wanted = [(feed, held, len(waiting)) for (feed, held), waiting in self._waiting.items() if waiting]
        question = self._question(wanted)
        while (self._run, self._number) == (question["run"], question["number"]):
            self._send(question)
            answer = self._answer.wait(ANSWERED_WITHIN_SECONDS)
            if answer is not None:
                self._heard = answer["number"]
                self._deal(answer, question)
                return

    def _question(self, wanted: list[tuple[int, bool, int]]) -> Question:
        """The next question; an answer to an earlier one is not taken any more."""
        self._number, self._answer = self._number + 1, AsyncResult()
        back, short = self._back, list(self._short.items())
        self._back, self._short = [], {}
        return Question(run=self._run, number=self._number, heard=self._heard, wanted=wanted, back=back, short=short)

    def _drop_ended(self) -> None:
        for key, waiting in self._waiting.items():
            self._waiting[key] = deque(each for each in waiting if not each[0].ready())

    def _deal(self, answer: Answer, question: Question) -> None:
        """Hands the rows to those who waited first; what is left over goes back, and who got none may go on waiting."""
        got = {(feed, held): places for feed, held, places in answer["rows"]}
        for feed, held, count in question["wanted"]:
            places, waiting = deque(got.get((feed, held), ())), self._waiting.get((feed, held), deque())
            in_vain = count - len(places)
            while places and waiting:
                wait, _ = waiting.popleft()
                if not wait.ready():
                    wait.set(places.popleft())
            for place in places:
                self.give_back(feed, place)
            if in_vain > 0:
                self._let_go(feed, waiting, in_vain, PATIENCE_SECONDS if held else 0.0)
            if waiting:
                gevent.spawn_later(AGAIN_AFTER_SECONDS if in_vain > 0 else 0.0, self._due.set)

    def _let_go(self, feed: int, waiting: deque[tuple[Wait, float]], count: int, patience_seconds: float) -> None:
        """Tells so many at most, who have waited for long enough, that there is no row for them."""
        until = self._monotonic() - patience_seconds
        while waiting and count and waiting[0][1] <= until:
            wait, _ = waiting.popleft()
            count -= 1
            if not wait.ready():
                self._short[feed] = self._short.get(feed, 0) + 1
                self._due.set()
                wait.set(None)
