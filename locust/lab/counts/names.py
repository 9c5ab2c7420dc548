"""How many different names are told apart: what comes beyond is counted together, so that nothing grows for ever."""

from __future__ import annotations

MOST_LETTERS = 300
"""Of an endpoint's name, a failure's, a host's."""
MOST_REPLICA_LETTERS = 64
MOST_ENDPOINTS = 1000
"""Of a run. A name for every id (`/tests/41`) is the usual cause of more; users give such requests one `name`."""
MOST_REPLICAS = 100
OTHERS = "(others)"
"""All names beyond those that are told apart."""


class Names:
    """The names that were seen first, each as it is kept."""

    def __init__(self, most: int, letters: int = MOST_LETTERS) -> None:
        self._most, self._letters = most, letters
        self._kept: dict[str, str] = {}

    def kept(self, name: str) -> str:
        """The name, shortened where it is too long; OTHERS where there are too many already."""
        known = self._kept.get(name)
        if known is not None:
            return known
        if len(self._kept) >= self._most:
            return OTHERS
        self._kept[name] = short = name[: self._letters]
        return short
