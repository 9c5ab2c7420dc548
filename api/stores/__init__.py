"""Where are the testing types kept? One small interface, and the store that a URL names."""

from __future__ import annotations

from typing import ClassVar, NamedTuple, Protocol

SEED = '{"description":"testing individual units of source code","name":"unit testing"}'


class StoreError(Exception):
    """The store did not do what it was asked. The text is for log and client; `status` is that of the answer."""

    status: ClassVar[int]


class StoreDown(StoreError):  # noqa: N818 - it says what is the case
    """The store does not answer now, and nothing was stored."""

    status = 503


class StoreFull(StoreError):  # noqa: N818
    """The store has no room, and nothing was stored; what is there can still be read."""

    status = 507


class OutcomeUnknown(StoreError):  # noqa: N818
    """The store was asked for a write and did not say how it ended: it may be stored, or may be stored later.

    The service is a gateway to its store here, so the status is the one of a gateway without an answer (RFC 9110,
    15.6.5). A 503 would say that nothing was stored, and invite to send the write again.
    """

    status = 504


class UnusableStore(Exception):  # noqa: N818
    """The store is one that this service must not touch. The text is for the person who starts it."""


class Durability(NamedTuple):
    """What an acknowledged write survives: a "power cut", a "kill" of every process of the store, or "nothing"."""

    store: str
    survives: str
    setting: str  # the settings of the store that this follows from


class Store(Protocol):
    """A list of items, oldest first. An item is the JSON text of one testing type, kept as it will be sent.

    Ids are whole numbers from 1, in the order of the list; the seed has id 1. Every method raises StoreDown; those that
    write raise StoreFull and OutcomeUnknown as well.
    """

    def page(self, limit: int | None, after: int) -> list[tuple[int, str]]:
        """The first `limit` items (None: all) with an id above `after`, with their ids."""

    def get(self, item_id: int) -> str | None:
        """The item with this id, or None."""

    def add(self, item: str) -> int:
        """Keep the item and return its id. Once it returns, the item survives what `durability` says."""

    def reset(self) -> None:
        """Go back to the first state: the seed alone, and ids that start anew."""

    def ping(self) -> None:
        """Return if the store can be read and written now. Raises any StoreError."""

    def durability(self) -> Durability | None:
        """What an acknowledged write survives; None as long as the store has not said it."""


def open_store(url: str, pool_size: int) -> Store:
    """The store that the URL names. Nothing is connected yet: a store opens when it is first asked."""
    # Each store is imported only where it is used: psycopg alone takes a good part of a worker's memory.
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite":
        from api.stores.sqlite import SqliteStore  # noqa: PLC0415

        return SqliteStore(_sqlite_path(rest))
    if scheme == "postgresql":
        from api.stores.postgresql import PostgresqlStore  # noqa: PLC0415

        return PostgresqlStore(url, pool_size)
    from api.stores.memory import MemoryStore  # noqa: PLC0415

    return MemoryStore()


def check_store(url: str) -> None:
    """Look before the start at what is there already. Raises UnusableStore; a store that is away is no reason."""
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite":
        from api.stores.sqlite_file import check_file  # noqa: PLC0415

        check_file(_sqlite_path(rest))


def _sqlite_path(rest: str) -> str:
    return rest.removeprefix("/")
