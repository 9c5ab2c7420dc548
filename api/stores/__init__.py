"""Where are the testing types kept? One small interface, and the store that a URL names."""

from __future__ import annotations

from typing import Protocol

SEED = '{"description":"testing individual units of source code","name":"unit testing"}'


class StoreDown(Exception):  # noqa: N818 - it says what is the case
    """The store does not answer now; nothing is known to be stored. The text is for the log and the client."""


class Store(Protocol):
    """A list of items, oldest first. An item is the JSON text of one testing type, kept as it will be sent.

    Ids are whole numbers from 1, in the order of the list; the seed has id 1. Every method raises StoreDown.
    """

    def page(self, limit: int | None, after: int) -> list[tuple[int, str]]:
        """The first `limit` items (None: all) with an id above `after`, with their ids."""

    def get(self, item_id: int) -> str | None:
        """The item with this id, or None."""

    def add(self, item: str) -> int:
        """Keep the item and return its id. Once it returns, the item survives the death of every process."""

    def reset(self) -> None:
        """Go back to the first state: the seed alone, and ids that start anew."""

    def ping(self) -> None:
        """Return if the store answers."""


def open_store(url: str, pool_size: int) -> Store:
    """The store that the URL names. Nothing is connected yet: a store opens when it is first asked."""
    # Each store is imported only where it is used: psycopg alone takes a good part of a worker's memory.
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite":
        from api.stores.sqlite import SqliteStore  # noqa: PLC0415

        return SqliteStore(rest.removeprefix("/"))
    if scheme == "postgresql":
        from api.stores.postgresql import PostgresqlStore  # noqa: PLC0415

        return PostgresqlStore(url, pool_size)
    from api.stores.memory import MemoryStore  # noqa: PLC0415

    return MemoryStore()
