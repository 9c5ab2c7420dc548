"""The way from the swarm to the service: a TCP proxy that can delay what is asked, and cut all connections."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from lab.reach import HostRefused, Reach

MOST_CONNECTIONS = 4000
CHUNK_BYTES = 1 << 16
RESET = struct.pack("ii", 1, 0)
"""With this as SO_LINGER, closing sends a reset."""


class Way:
    """A proxy at a port of its own to one host and port."""

    def __init__(self, host: str, port: int, rule: Reach) -> None:
        """Raises HostRefused where no load may go to the host."""
        self.to, self._rule = (host, port), rule
        if problem := rule.refusal(host):
            raise HostRefused(problem)
        self.delay_seconds = 0.0
        self._is_cut = False
        self._open: set[asyncio.StreamWriter] = set()

    async def serve(self, at: str) -> asyncio.Server:
        """Listens at this address of this machine, at a port that the system chooses."""
        return await asyncio.start_server(self._welcome, at, 0)

    def cut(self) -> None:
        """Resets all connections, and from now on whoever comes."""
        self._is_cut = True
        self.reset()

    def mend(self) -> None:
        """Lets through whoever comes, and at once."""
        self._is_cut, self.delay_seconds = False, 0.0

    def reset(self) -> None:
        """Resets all connections."""
        for writer in list(self._open):
            _reset(writer)

    async def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_cut or len(self._open) >= 2 * MOST_CONNECTIONS:
            _reset(writer)
            return
        try:
            there_reader, there = await self._connect()
        except OSError:
            _reset(writer)
            return
        both = {writer, there}
        self._open |= both
        try:
            await asyncio.gather(self._ask(reader, there), _pass_on(there_reader, writer))
        finally:
            self._open -= both
            for each in both:
                each.close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection to where it is now: containers that start anew may have another address. Raises OSError."""
        host, port = self.to
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        *others, last = self._rule.lead(host, (str(info[4][0]) for info in found))
        for address in others:
            with suppress(OSError):
                return await asyncio.open_connection(address, port)
        return await asyncio.open_connection(last, port)

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Passes on what is asked, each request so much later."""
        is_more = False
        with _breaking(writer):
            while chunk := await reader.read(CHUNK_BYTES):
                # what fills the buffer goes on: its beginning was late already
                if self.delay_seconds and not is_more:
                    await asyncio.sleep(self.delay_seconds)
                is_more = len(chunk) == CHUNK_BYTES
                writer.write(chunk)
                await writer.drain()
            writer.write_eof()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with _breaking(writer):
        while chunk := await reader.read(CHUNK_BYTES):
            writer.write(chunk)
            await writer.drain()
        writer.write_eof()


@contextmanager
def _breaking(writer: asyncio.StreamWriter) -> Iterator[None]:
    """A connection that breaks inside breaks this one."""
    try:
        yield
    except (OSError, RuntimeError):
        _reset(writer)


def _reset(writer: asyncio.StreamWriter) -> None:
    connection: Any = writer.get_extra_info("socket")
    with suppress(OSError, AttributeError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    writer.transport.abort()
