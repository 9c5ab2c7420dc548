"""The tutorial's own store: a list in the memory of one process."""

from __future__ import annotations

from api.stores import SEED, Durability


class MemoryStore:
    """A list in each gunicorn worker, kept for the experiment.

    With two workers there are two lists: a write is seen only by the worker that took it, so half of the readers miss
    it though it was acknowledged; and what a worker holds dies with it. A ledger of acknowledged writes must notice.
    """

    def __init__(self) -> None:
        self._items = [SEED]

    def page(self, limit: int | None, after: int) -> list[tuple[int, str]]:
        """The first `limit` items with an id above `after`: ids are places in the list, counted from 1."""
        end = None if limit is None else after + limit
        return list(enumerate(self._items[after:end], after + 1))

    def get(self, item_id: int) -> str | None:
        """The item with this id, or None."""
        return self._items[item_id - 1] if 0 < item_id <= len(self._items) else None

    def add(self, item: str) -> int:
        """Keep the item in this process."""
        self._items.append(item)
        return len(self._items)

    def reset(self) -> None:
        """Go back to the seed, in this process alone."""
        self._items = [SEED]

    def ping(self) -> None:
        """A list always answers."""

    def durability(self) -> Durability:
        """A list dies with its process."""
        return Durability("memory", "nothing", "a list in each process")
