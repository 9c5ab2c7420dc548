"""Which processes of this machine answer at the target's address, and what have they used?

A service that has no metrics is seen this way all the same.
"""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import psutil

from lab.service.sockets import serving

LOOK_EVERY_SECONDS = 30.0
"""How often it is looked who serves there, unless somebody has ended: each look goes through the files of all."""
PROC = Path("/proc")


class Use(NamedTuple):
    """What some processes have used, and how long they were ready to run without a CPU, since they were first seen."""

    cpu_seconds: float
    wait_seconds: float
    processes: int = 1


class Listeners:
    """Adds up what they use, also over their restarts."""

    def __init__(self, port: int | None, proc: Path = PROC) -> None:
        """Without a port there are none."""
        self._port, self._proc = port, proc
        self._looked_at = -LOOK_EVERY_SECONDS
        self._last: dict[int, Use] = {}
        self._cpu = self._wait = 0.0

    @classmethod
    def of(cls, url: str) -> Listeners:
        """Those of the URL's port, where its host is this machine."""
        parts = urlsplit(url)
        return cls((parts.port or 80) if _is_here(parts.hostname or "") else None)

    def read(self) -> Use | None:
        """What they have used; None where none can be seen: they are elsewhere, or another user's."""
        if self._port is None:
            return None
        if time.monotonic() - self._looked_at >= LOOK_EVERY_SECONDS:
            self._looked_at = time.monotonic()
            serve = serving(self._port, self._proc)
            self._last = {pid: self._last.get(pid) or use for pid in serve if (use := _use(pid, self._proc))}
        for pid, last in list(self._last.items()):
            use = _use(pid, self._proc)
            if use is None:
                del self._last[pid]
                self._looked_at = -LOOK_EVERY_SECONDS
                continue
            self._cpu += max(0.0, use.cpu_seconds - last.cpu_seconds)
            self._wait += max(0.0, use.wait_seconds - last.wait_seconds)
            self._last[pid] = use
        return Use(self._cpu, self._wait, len(self._last)) if self._last else None


def _use(pid: int, proc: Path) -> Use | None:
    """What a process has used; None where it has ended."""
    try:
        fields = (proc / str(pid) / "stat").read_text().rpartition(")")[2].split()
        waits = [(task / "schedstat").read_text().split()[1] for task in (proc / str(pid) / "task").iterdir()]
    except (OSError, IndexError):
        return None
    ticks = int(fields[11]) + int(fields[12])
    return Use(ticks / os.sysconf("SC_CLK_TCK"), sum(map(int, waits)) / 1e9)


def _is_here(host: str) -> bool:
    """Whether all addresses of the host are this machine's own."""
    try:
        addresses = {str(info[4][0]) for info in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}
    except OSError:
        return False
    own = {address.address.partition("%")[0] for addresses in psutil.net_if_addrs().values() for address in addresses}
    return bool(addresses) and all(address in own or address.startswith("127.") for address in addresses)
