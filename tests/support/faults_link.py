"""A TCP link of the tests' own between two parts of the lab, which can be stalled, cut, slowed down and garbled."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from dataclasses import dataclass, field
from typing import Self

from tests.support.running_service import free_port

UP, DOWN = "up", "down"
"""From the one who connected to the one who listens, and back."""


@dataclass(frozen=True)
class Weather:
    """How the link is: what becomes of the bytes of each way, and of new connections."""

    stalled: frozenset[str] = field(default_factory=frozenset)  # ways whose bytes wait until the link is well again
    delay_seconds: float = 0.0  # for each chunk
    refuses: bool = False  # closes new connections at once
    holds_new: bool = False  # takes new connections, and passes nothing on of them; those that are there go on
    garbage: bool = False  # answers are other bytes than were sent
    half: bool = False  # of each answer only half comes, then the end
    reset: bool = False  # instead of an answer comes a RST


FAIR = Weather()


class Link:
    """Listens on a port of its own and passes on to another one, as the weather lets it."""

    def __init__(self, to_port: int) -> None:
        self.port = free_port()
        self._to_port = to_port
        self._weather, self._changed = FAIR, threading.Condition()
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=256)
        self._is_open = True
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._is_open = False
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.set(Weather(refuses=True))
        self._drop()

    @property
    def url(self) -> str:
        """The link as a target of HTTP."""
        return f"http://127.0.0.1:{self.port}"

    def set(self, weather: Weather) -> None:
        """Changes the weather from now on."""
        with self._changed:
            self._weather = weather
            self._changed.notify_all()

    def stall(self, *ways: str) -> None:
        """Holds back what is sent, both ways unless one is named; nobody is told."""
        self.set(Weather(stalled=frozenset(ways or (UP, DOWN))))

    def cut(self) -> None:
        """Closes every connection, and each new one at once."""
        self.set(Weather(refuses=True))
        self._drop()

    def mend(self) -> None:
        """Lets everything through again, what was held back first."""
        self.set(FAIR)

    def _drop(self) -> None:
        pairs, self._pairs = self._pairs, []
        for pair in pairs:
            for end in pair:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
                end.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while self._is_open:
                near, _ = self._listener.accept()
                if self._weather.refuses:
                    _reset(near)
                    continue
                if self._weather.holds_new:
                    self._pairs.append((near, near))
                    continue
                try:
                    far = socket.create_connection(("127.0.0.1", self._to_port), timeout=5)
                except OSError:
                    _reset(near)
                    continue
                far.settimeout(None)
                for end in (near, far):
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._pairs.append((near, far))
                threading.Thread(target=self._pump, args=(near, far, UP), daemon=True).start()
                threading.Thread(target=self._pump, args=(far, near, DOWN), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, way: str) -> None:
        with contextlib.suppress(OSError):
            while chunk := source.recv(65536):
                with self._changed:
                    self._changed.wait_for(lambda: way not in self._weather.stalled)
                    weather = self._weather
                if weather.delay_seconds:
                    time.sleep(weather.delay_seconds)
                if way == DOWN and weather.reset:
                    _reset(sink)
                    break
                if way == DOWN and weather.half:
                    sink.sendall(chunk[: len(chunk) // 2])
                    break
                sink.sendall(bytes(len(chunk)) if way == DOWN and weather.garbage else chunk)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


def _reset(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RD)  # wakes who waits for bytes of it: until then it is not closed
    connection.close()
