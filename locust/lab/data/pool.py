"""Rows that are given once: which are there, which were given, and which have come back. Pure."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Collection, Iterable


class Pool:
    """The places of so many rows, 0 and on. A row that is held comes back when whoever holds it is gone."""

    def __init__(self, rows: int, *, wraps: bool) -> None:
        self.rows = rows
        self._wraps = wraps
        self._rounds = self._fresh = 0
        self._free: deque[int] = deque()
        self._held: defaultdict[str, set[int]] = defaultdict(set)

    def take(self, who: str, count: int, *, held: bool) -> list[int]:
        """At most so many rows: those that nobody had yet, then those that came back; all over again where it wraps."""
        found: list[int] = []
        while len(found) < count and (place := self._next()) is not None:
            found.append(place)
        if held:
            self._held[who].update(found)
        return found

    @property
    def given(self) -> int:
        """How many rows were given, each counted once for each time that it was its turn."""
        return self._rounds * self.rows + self._fresh

    def give_back(self, who: str, places: Iterable[int]) -> None:
        """Takes rows back: a user has gone, or nobody waited for them any more."""
        for place in places:
            if 0 <= place < self.rows:
                self._held[who].discard(place)
                self._free.append(place)

    def release(self, who: Collection[str]) -> None:
        """Takes back what is held by all but these: the others are gone, and their users with them."""
        for gone in self._held.keys() - set(who):
            self._free.extend(sorted(self._held.pop(gone)))

    def _next(self) -> int | None:
        if self._fresh < self.rows:
            self._fresh += 1
            return self._fresh - 1
        if self._free:
            return self._free.popleft()
        if not self._wraps:
            return None
        self._rounds, self._fresh = self._rounds + 1, 1
        return 0
