"""The headers that a user sends with every request."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import Any


class DefaultHeaders(MutableMapping[str, Any]):
    """Headers of every request, by case-insensitive name. `changed` is called where one changes."""

    def __init__(self, headers: Mapping[str, Any], changed: Callable[[], None]) -> None:
        self._headers = {name.lower(): (name, value) for name, value in headers.items()}
        self._changed = changed

    def __getitem__(self, name: str) -> Any:
        return self._headers[name.lower()][1]

    def __setitem__(self, name: str, value: Any) -> None:
        self._headers[name.lower()] = name, value
        self._changed()

    def __delitem__(self, name: str) -> None:
        del self._headers[name.lower()]
        self._changed()

    def __iter__(self) -> Iterator[str]:
        return iter([name for name, _ in self._headers.values()])

    def __len__(self) -> int:
        return len(self._headers)
