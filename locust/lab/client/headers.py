"""The headers of an answer, by case-insensitive name; each is read from the bytes only when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache


class Headers(Mapping[str, str]):
    """`headers["content-type"]`; a header that came more than once has its values joined, as RFC 9110 (5.3) allows."""

    __slots__ = ("_head", "_lower")

    def __init__(self, head: bytes) -> None:
        """`head` is status line and headers, without the empty line at the end."""
        if b"\r\n " in head or b"\r\n\t" in head:
            # a line that begins with a space belongs to the one before (RFC 9112, 5.2)
            head = head.replace(b"\r\n ", b" ").replace(b"\r\n\t", b" ")
        self._head = head
        self._lower = head.lower()

    def all(self, name: str) -> list[str]:
        """Each value of that name, in order; for cookies, which must not be joined."""
        needle, values = _needle(name), []
        at = self._lower.find(needle)
        while at >= 0:
            begin = at + len(needle)
            end = self._head.find(b"\r\n", begin)
            value = self._head[begin:end] if end >= 0 else self._head[begin:]
            values.append(value.strip(b" \t").decode("latin-1"))
            at = self._lower.find(needle, begin)
        return values

    def getlist(self, name: str) -> list[str]:
        """The same under the name that FastHttpUser's headers have for it."""
        return self.all(name)

    def __getitem__(self, name: str) -> str:
        values = self.all(name)
        if not values:
            raise KeyError(name)
        return values[0] if len(values) == 1 else ", ".join(values)

    def get(self, name: str, default: str | None = None) -> str | None:  # type: ignore[override] # of str alone
        """The value; `default` where there is none."""
        # the most frequent call, most often for a header that is absent or came once
        needle = _needle(name)
        at = self._lower.find(needle)
        if at < 0:
            return default
        begin = at + len(needle)
        if self._lower.find(needle, begin) >= 0:
            return ", ".join(self.all(name))
        end = self._head.find(b"\r\n", begin)
        value = self._head[begin:end] if end >= 0 else self._head[begin:]
        return value.strip(b" \t").decode("latin-1")

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and _needle(name) in self._lower

    def __iter__(self) -> Iterator[str]:
        names = (line.partition(b":")[0].decode("latin-1") for line in self._head.split(b"\r\n")[1:])
        return iter({name.lower(): name for name in names}.values())

    def __bool__(self) -> bool:
        return b":" in self._head

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return f"Headers({dict(self.items())!r})"


@lru_cache(maxsize=256)
def _needle(name: str) -> bytes:
    return f"\r\n{name.lower()}:".encode("latin-1", "replace")
