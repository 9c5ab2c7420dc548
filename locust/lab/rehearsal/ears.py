"""Whom the process connects to and which files it opens, whatever its clients say: by Python's audit events."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lab.rehearsal.turn import Peer

_OF_THE_SYSTEM = (sys.prefix, sys.base_prefix, "/proc", "/sys", "/dev", "/etc", "/usr", "/lib", "/var", "/run")
_CODE = (".py", ".pyc", ".pyi", ".conf", ".toml", ".cfg")


class Ears:
    """Hears from `listen` on, for as long as the process lives: an audit hook cannot be taken away."""

    def __init__(self) -> None:
        self.peers: set[Peer] = set()
        self.files: dict[Path, None] = {}

    def listen(self) -> None:
        """Begins."""
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "socket.connect":
            address = arguments[1]
            # a tuple is of IPv4 or IPv6; port 53 is of the resolver
            if isinstance(address, tuple) and address[1] != 53:
                self.peers.add((str(address[0]), int(address[1])))
        elif event == "open":
            self._hear_open(*arguments[:2])

    def _hear_open(self, path: Any, mode: Any) -> None:
        if isinstance(path, (str, bytes)) and isinstance(mode, str) and "r" in mode and "+" not in mode:
            self.files.setdefault(Path.cwd() / (path.decode() if isinstance(path, bytes) else path))

    def data(self, scenario: Path, lab: Path) -> list[Path]:
        """The files that were read and are data: neither code nor the system's, nor the lab's own."""
        foreign = (*_OF_THE_SYSTEM, lab)
        return [
            path
            for path in self.files
            if path.suffix not in _CODE
            and not path.name.startswith(".")
            and (path.is_relative_to(scenario) or not any(path.is_relative_to(folder) for folder in foreign))
            and path.is_file()
        ]


def addresses(urls: Iterable[str]) -> set[Peer]:
    """All addresses to which the hosts of these URLs lead."""
    found: set[Peer] = set()
    for url in urls:
        with suppress(OSError, ValueError):
            parts = urlsplit(url)
            port = parts.port or (443 if parts.scheme in ("https", "wss") else 80)
            found |= {(str(each[4][0]), port) for each in socket.getaddrinfo(parts.hostname, port)}
    return found
