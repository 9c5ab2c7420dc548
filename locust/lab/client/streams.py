"""Bodies that are read while they arrive (stream=True): the request's time ends with the head."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lab.client.connection import Connection


class Stream:
    """A body on its way. It has the connection for itself until it is read to its end, closed, or dropped."""

    __slots__ = ("_connection", "_give_back", "_rest", "_seconds")

    def __init__(self, connection: Connection, seconds: float, give_back: Callable[[Connection], None]) -> None:
        """`seconds`: how long each part may take. `give_back` gets a connection that can carry another request."""
        self._connection: Connection | None = connection
        self._seconds, self._give_back = seconds, give_back
        self._rest = b""

    def read(self, size: int | None = None) -> bytes:
        """So many bytes, or fewer at the end; the whole rest without a size. Raises RequestFailed."""
        parts, missing = [self._rest], -len(self._rest) if size is None else size - len(self._rest)
        self._rest = b""
        while (size is None or missing > 0) and (part := self._more()):
            parts.append(part)
            missing -= len(part)
        body = b"".join(parts)
        if size is not None and len(body) > size:
            body, self._rest = body[:size], body[size:]
        return body

    def __iter__(self) -> Iterator[bytes]:
        """Each part as it arrives."""
        rest, self._rest = self._rest, b""
        if rest:
            yield rest
        while part := self._more():
            yield part

    def _more(self) -> bytes:
        connection = self._connection
        if connection is None:
            return b""
        part = connection.more(self._seconds)
        if not part:
            self._connection = None
            if connection.end_stream():
                self._give_back(connection)
        return part

    def close(self) -> None:
        """Ends it; a body that has not arrived by now is given up, and its connection closed."""
        connection, self._connection = self._connection, None
        if connection is not None and connection.end_stream():
            self._give_back(connection)

    __del__ = close
