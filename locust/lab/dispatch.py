"""How users are dealt out to workers and taken in by them, with two defects of Locust 2.47 mended.

On the master the dispatcher stayed `dispatch_in_progress` for good after a rebalance (the early return in its
`_dispatcher`). The master asks that flag when a worker leaves, and gives the leaver's users to the others only where it
is false: the second worker that left took its users with it.

On a worker each message that changes its users built the parser of the command line anew for every single option
(`runners.py`, `handle_message`): for 0.2 s no user was served, each second while users came.
"""

from __future__ import annotations

from collections.abc import Generator
from functools import cache

from locust import argument_parser
from locust.dispatch import UsersDispatcher


class Dispatcher(UsersDispatcher):
    """Says that a dispatch is over when it is."""

    def _dispatcher(self) -> Generator[dict[str, dict[str, int]]]:
        yield from super()._dispatcher()
        self._dispatch_in_progress = False


def remember_default_options() -> None:
    """Has Locust find out its options' defaults once: they are those of its environment, and nobody changes them."""
    if not hasattr(argument_parser.default_args_dict, "cache_info"):
        argument_parser.default_args_dict = cache(argument_parser.default_args_dict)
