"""How much memory the bodies of all users of a process may take together: a budget, to which each user adds its part.

A body may be as long as a user class allows while there is room, however few users there are: what is bounded is their
sum. Short bodies are not counted, so that what most requests take costs nothing.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from math import inf

from lab.client.failures import RequestFailed

UNCOUNTED_BYTES = 64 * 1024
"""A body up to this length is not counted."""
USER_BYTES = 1024 * 1024
"""What a user adds to it."""
LEAST_BYTES = 64 * 1024 * 1024
"""What there is room for however few users there are: one body as long as a user may have by default."""
TIDIES_EVERY_SECONDS = 1.0


def no_room() -> RequestFailed:
    """The bodies of all users together are too long."""
    return RequestFailed("BodyTooLarge: the bodies of this worker's users have no more room (docs/swarm.md)")


class Room:
    """The budget of a process."""

    def __init__(self) -> None:
        self.taken = self._parts = 0
        self._most: int | None = None
        self._users: Callable[[], int] = int
        self._tidied_at = -inf

    def bound(self, most_bytes: int, users: Callable[[], int] = int) -> None:
        """There is never more room than this, however many users there are; `users` says how many, of any kind."""
        self._most, self._users = most_bytes, users

    def tidy(self) -> None:
        """Frees what nobody can reach any more, now and then: some responses are in a circle, and wait for that."""
        if time.monotonic() - self._tidied_at > TIDIES_EVERY_SECONDS:
            gc.collect()
            self._tidied_at = time.monotonic()

    def enter(self, part_bytes: int) -> None:
        """A user comes, with its part; it leaves with the negative of it."""
        self._parts += part_bytes

    @property
    def left(self) -> int:
        """Bytes that can still be taken."""
        most = max(LEAST_BYTES, self._parts, self._users() * USER_BYTES)
        return (most if self._most is None else min(most, self._most)) - self.taken


ROOM = Room()


class Share:
    """What one body takes of the room, for as long as somebody has this: the reader at first, and then the response."""

    __slots__ = ("_taken",)

    def __init__(self) -> None:
        self._taken = 0

    @property
    def most(self) -> int:
        """How long the body can be by now."""
        return max(UNCOUNTED_BYTES, self._taken + ROOM.left)

    def hold(self, size: int) -> None:
        """The body is of this size by now. Raises RequestFailed where there is no room for that."""
        if size > self.most:
            ROOM.tidy()
        if size > self.most:
            self.give_back()
            raise no_room()
        counted = size if size > UNCOUNTED_BYTES else 0
        ROOM.taken += counted - self._taken
        self._taken = counted

    def give_back(self) -> None:
        """The body is there no more."""
        ROOM.taken -= self._taken
        self._taken = 0

    __del__ = give_back
