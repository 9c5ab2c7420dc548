"""Locust's dispatcher of users, with one defect mended: after a rebalance it stayed `dispatch_in_progress` for good.

The master asks that flag when a worker leaves, and gives the leaver's users to the others only where it is false: the
second worker that left took its users with it (Locust 2.47, `dispatch.py`, the early return in `_dispatcher`).
"""

from __future__ import annotations

from collections.abc import Generator

from locust.dispatch import UsersDispatcher


class Dispatcher(UsersDispatcher):
    """Says that a dispatch is over when it is."""

    def _dispatcher(self) -> Generator[dict[str, dict[str, int]]]:
        yield from super()._dispatcher()
        self._dispatch_in_progress = False
