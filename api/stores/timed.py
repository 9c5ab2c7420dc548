"""How long do requests wait for the store? Any store, with its time counted."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from api.stores import Store

P = ParamSpec("P")
T = TypeVar("T")


class TimedStore:
    """Does what the store does, and calls `count` with the seconds that each call took, also where it failed."""

    def __init__(self, store: Store, count: Callable[[float], None]) -> None:
        self.page = _timed(store.page, count)
        self.get = _timed(store.get, count)
        self.add = _timed(store.add, count)
        self.reset = store.reset
        self.ping = store.ping
        self.durability = store.durability


def _timed(call: Callable[P, T], count: Callable[[float], None]) -> Callable[P, T]:
    def timed(*args: P.args, **kwargs: P.kwargs) -> T:
        began = perf_counter()
        try:
            return call(*args, **kwargs)
        finally:
            count(perf_counter() - began)

    return timed
