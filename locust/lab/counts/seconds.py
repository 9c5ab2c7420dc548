"""Who was there: the users of each second, and since when the load has stood as it was asked for."""

from __future__ import annotations

from typing import NamedTuple

REPORTED_SECONDS = 2
"""How long after its end a second is taken as reported by every worker that is well."""
REPORTS_ARE_IN_SECONDS = 6
"""How long after its end a second is settled: by then every worker has reported it, or is known to be lost."""

ASKS_NOTHING_SECONDS = 4
"""How long users are seen to be done with their tasks, and to ask for nothing."""


class Load(NamedTuple):
    """The users of a moment: how many there are, how many there shall be, and whether all of these were started.

    `asks_nothing`: not one of them has asked for anything so far, and none is about to.
    """

    there: int
    wanted: int
    is_started: bool
    asks_nothing: bool = False

    @property
    def is_steady(self) -> bool:
        """Whether the load is what it shall be."""
        return self.is_started and self.there == self.wanted


class Seconds:
    """The users second by second. `not_held` says which number of users was not held for too long, and for how long."""

    def __init__(self, second: int, patience_seconds: float) -> None:
        """Begins before this second; a load that is missed for the patience is not held."""
        self.most_users = 0
        self.not_held: str | None = None
        self.steady_since: int | None = None
        self._patience_seconds = patience_seconds
        self._held = second
        self._users: dict[int, int] = {}
        self._idle_seconds = 0

    def begin_step(self) -> None:
        """Whatever the load was, it has to stand anew."""
        self.steady_since = None

    def note(self, second: int, load: Load) -> None:
        """Takes in the users at the end of the second."""
        self._users[second] = load.there
        self._idle_seconds = self._idle_seconds + 1 if load.there and load.asks_nothing else 0
        self.most_users = max(self.most_users, load.there)
        if not load.is_started or load.is_steady:
            self._held = second
        elif second - self._held >= self._patience_seconds:
            self.not_held = f"{load.there} of {load.wanted} were there for {second - self._held} s"
        if not load.is_steady:
            self.steady_since = None
        elif self.steady_since is None:
            self.steady_since = second + 1

    @property
    def asks_nothing(self) -> bool:
        """Whether users were there for so long that asked for nothing."""
        return self._idle_seconds >= ASKS_NOTHING_SECONDS

    def is_settled(self, second: int, settle_seconds: float) -> bool:
        """Whether the load has stood for so long before this second."""
        return self.steady_since is not None and second >= self.steady_since + settle_seconds

    def take(self, second: int) -> int | None:
        """The users of a second that is settled; None where nobody looked."""
        return self._users.pop(second, None)

    def at(self, second: int) -> int | None:
        """The users of a second that is not settled; None where nobody looked."""
        return self._users.get(second)
