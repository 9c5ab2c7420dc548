"""How many different names are told apart: what comes beyond is counted together, so that nothing grows for ever.

A name that is kept is printable, whoever made it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from lab.printable import printable

MOST_LETTERS = 300
"""Of an endpoint's name, a failure's, a host's."""
MOST_TYPE_LETTERS = 40
"""Of a type of requests, such as GET."""
MOST_NAME_LETTERS = MOST_LETTERS - MOST_TYPE_LETTERS - 1
"""Of a request's name alone: with its type before it, it is an endpoint's name."""
MOST_REPLICA_LETTERS = 64
MOST_ENDPOINTS = 1000
"""Of a run. A name for every id (`/tests/41`) is the usual cause of more; users give such requests one `name`."""
MOST_REPLICAS = 100
MOST_REMEMBERED = 20_000
"""Names of which it is remembered how they are kept: many that differ in a secret alone are kept as one."""
OTHERS = "(others)"
"""All names beyond those that are told apart."""


class Names:
    """The names that were seen first, each as it is kept."""

    def __init__(self, most: int, letters: int = MOST_LETTERS, shown: Callable[[str], str] = str) -> None:
        """`shown` says how a name that is new may be shown: without the secrets in it."""
        self._most, self._letters, self._shown = most, letters, shown
        self._kept: dict[str, str] = {}
        self._told: set[str] = set()

    def kept(self, name: str) -> str:
        """The name, shortened where it is too long; OTHERS where there are too many already."""
        known = self._kept.get(name)
        if known is not None:
            return known
        short = printable(self._shown(name), self._letters)
        if short not in self._told:
            if len(self._told) >= self._most:
                return OTHERS
            self._told.add(short)
        if len(self._kept) < MOST_REMEMBERED:
            self._kept[name] = short
        return short


@lru_cache(maxsize=MOST_REPLICAS)
def replica_name(text: str) -> str:
    """The name of a replica as its X-Replica has it, printable and no longer than it may be."""
    return printable(text.strip(), MOST_REPLICA_LETTERS)
