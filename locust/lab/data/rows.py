"""Rows of a file for the users of a scenario, as it asks for them."""

from __future__ import annotations

import hashlib
import logging
import random
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol
from weakref import WeakKeyDictionary

from locust.exception import StopUser

from lab.data import files
from lab.data.files import DataError
from lab.data.pool import Pool
from lab.locust_internals import greenlet_of

if TYPE_CHECKING:
    from locust import User

log = logging.getLogger(__name__)

ORDERS = IN_TURN, AT_RANDOM = "in turn", "random"
ENDS = WRAP, STOP, FAIL = "wrap", "stop", "fail"
GOLDEN_RATIO = 0.618034


class Giver(Protocol):
    """Where rows that are given once come from."""

    is_open: bool

    def take(self, feed: int, *, held: bool) -> int | None: ...

    def give_back(self, feed: int, place: int) -> None: ...


class Rows:
    """Rows for users: `Rows("accounts.csv", once=True)`, made once, where the scenario is imported.

    `next(rows)` is a row, `rows.of(self)` the one that belongs to this user. CSV gives a dict of texts for each row, by
    the names in its first line; an array of JSON, or JSON lines, whatever they hold. The file is looked for beside the
    scenario.

    Without more, each worker goes through the rows in turn, from a place of its own, and begins again; `order="random"`
    takes any row each time, the same ones in each run with the same `seed`. With `once=True` no row is given twice in a
    run, whatever the workers (in random order: shuffled by the seed); and when all were given, `at_end` says what
    happens: "fail" (the run is INVALID, and says so), "stop" (the run ends there, and is judged), or "wrap" (they begin
    again). What belongs to a user with `of` goes on to another one when that user is gone.

    Raises DataError where the file holds no rows, or the rows are made too late.
    """

    all: ClassVar[list[Rows]] = []
    giver: ClassVar[Giver | None] = None
    worker: ClassVar[int] = 0
    is_too_late: ClassVar[bool] = False

    def __init__(
        self, file: str | Path, *, once: bool = False, order: str = IN_TURN, at_end: str | None = None, seed: int = 0
    ) -> None:
        path = Path(file).resolve()
        self.name = str(file)
        self.once, self.order, self.at_end = once, order, at_end or (FAIL if once else WRAP)
        if problem := self._problem():
            raise DataError(f"Rows({self.name!r}): {problem}")
        self._rows, content = files.read(path)
        settings = f"{once} {order} {self.at_end} {seed}"
        self.digest = hashlib.sha256(content + settings.encode()).hexdigest()[:12]
        self._seed, self._feed = seed, len(Rows.all)
        self._shuffled = list(range(len(self._rows)))
        if once and order == AT_RANDOM:
            random.Random(seed).shuffle(self._shuffled)  # noqa: S311 - an order is no secret
        self._own: Iterator[int] | None = None
        self._of: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()
        Rows.all.append(self)

    def __len__(self) -> int:
        """How many rows the file has."""
        return len(self._rows)

    def __iter__(self) -> Rows:
        """Itself: there is a next row until the run ends."""
        return self

    def __next__(self) -> Any:
        """The next row. Ends the user where all were given (`at_end`)."""
        return self._rows[self._place(None)]

    def of(self, user: User) -> Any:
        """The row of this user: the same each time, and with `once=True` nobody else's while the user is there.

        Ends the user where all are taken (`at_end`).
        """
        if user not in self._of:
            self._of[user] = self._rows[self._place(user)]
        return self._of[user]

    def forget(self) -> None:
        """Begins with the first row again."""
        self._own = None
        self._of.clear()

    def _problem(self) -> str | None:
        if Rows.is_too_late:
            return "is made where the scenario is imported, not by a user: each would begin with the first row"
        if self.order not in ORDERS:
            return f"order={self.order!r}: takes one of {', '.join(map(repr, ORDERS))}"
        if self.at_end not in ENDS:
            return f"at_end={self.at_end!r}: takes one of {', '.join(map(repr, ENDS))}"
        if not self.once and self.at_end != WRAP:
            return (
                f"at_end={self.at_end!r}: takes once=True, for without it each worker goes through the rows by itself"
            )
        return None

    def _place(self, user: User | None) -> int:
        if not self.once:
            self._own = self._own or self._by_itself()
            return next(self._own)
        giver = Rows.giver or _alone()
        place = giver.take(self._feed, held=user is not None)
        if place is None:
            if giver.is_open:
                log.error("%s: all %d rows were given, and a user asked for one more", self.name, len(self))
            raise StopUser
        if user is not None:
            greenlet_of(user).link(lambda _: giver.give_back(self._feed, place))
        return self._shuffled[place]

    def _by_itself(self) -> Iterator[int]:
        """Places for a worker that goes through the rows by itself."""
        if self.order == AT_RANDOM:
            chance = random.Random(f"{self._seed}/{self._feed}/{Rows.worker}")  # noqa: S311 - as above
            return (chance.randrange(len(self)) for _ in count())
        first = round(len(self) * (Rows.worker * GOLDEN_RATIO % 1.0))
        return ((first + number) % len(self) for number in count())

    @classmethod
    def begin(cls, worker: int) -> None:
        """Begins a run, as the worker with this number (from 0): nothing was given yet."""
        cls.worker = worker
        for each in cls.all:
            each.forget()

    @classmethod
    def close(cls) -> Mapping[str, str]:
        """From now on it is too late to make any; returns a digest of each, which all processes must have."""
        cls.is_too_late = True
        return {f"data {number} {each.name}": each.digest for number, each in enumerate(cls.all, 1)}


class Alone:
    """Gives rows in a process without a master."""

    is_open = True

    def __init__(self) -> None:
        self._pools: dict[int, Pool] = {}

    def take(self, feed: int, *, held: bool) -> int | None:
        places = self._pool(feed).take("", 1, held=held)
        return places[0] if places else None

    def give_back(self, feed: int, place: int) -> None:
        self._pool(feed).give_back("", [place])

    def _pool(self, feed: int) -> Pool:
        rows = Rows.all[feed]
        return self._pools.setdefault(feed, Pool(len(rows), wraps=rows.at_end == WRAP))


def _alone() -> Giver:
    Rows.giver = Rows.giver or Alone()
    return Rows.giver
