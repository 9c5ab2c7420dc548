"""Which processes of this machine serve a port? Read from /proc, as far as this user may see it (proc_pid_net(5))."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

LISTENING, ESTABLISHED = "0A", "01"
FORWARDERS = frozenset(
    {"docker-proxy", "rootlesskit", "slirp4netns", "pasta", "passt", "ssh", "sshd", "socat", "kubectl"}
)
"""Commands that only pass on what comes to a port: who answers behind them is not seen here."""


class _Row(NamedTuple):
    address: str
    port: int
    remote: str
    remote_port: int
    state: str
    inode: str


class _Sockets(NamedTuple):
    """The TCP sockets of this machine, and which of them each process holds, as far as it may be looked at."""

    rows: Sequence[_Row]
    held_by: Mapping[int, set[str]]

    def held(self, pids: Iterable[int]) -> set[str]:
        """The sockets of these processes."""
        return {inode for pid in pids for inode in self.held_by[pid]}

    def listeners(self, ports: set[int]) -> set[int] | None:
        """The processes that listen at these ports; None where one of them cannot be seen."""
        inodes = {row.inode for row in self.rows if row.state == LISTENING and row.port in ports}
        pids = {pid for pid, held in self.held_by.items() if held & inodes}
        return pids if inodes <= self.held(pids) else None

    def asked(self, pids: set[int], ports: set[int]) -> set[int]:
        """The ports of this machine that the processes ask; what they answer at `ports` is not asking."""
        held, here = self.held(pids), {row.address for row in self.rows}
        connected = (row for row in self.rows if row.state == ESTABLISHED and row.inode in held)
        return {row.remote_port for row in connected if row.port not in ports and row.remote in here}


def serving(port: int, proc: Path) -> set[int]:
    """Those that listen at the port, parents and children alike, and those that they ask: what serves behind a proxy.

    Nobody where somebody of them cannot be seen: another user's, or behind a forwarder.
    """
    rows = [row for table in ("tcp", "tcp6") for row in _rows(proc / "net" / table)]
    listening = {row.port for row in rows if row.state == LISTENING}
    if port not in listening:
        return set()
    sockets = _Sockets(rows, _held_by(proc))
    found, ports, todo = set[int](), set[int](), {port}
    while todo:
        ports |= todo
        listeners = sockets.listeners(todo)
        if listeners is None or _forward(listeners, proc):
            return set()
        found |= listeners
        todo = sockets.asked(listeners, ports) & listening - ports
    return found


def _forward(pids: set[int], proc: Path) -> bool:
    with contextlib.suppress(OSError):
        return any((proc / str(pid) / "comm").read_text().strip() in FORWARDERS for pid in pids)
    return True  # one has ended just now: the next look sees who is there


def _rows(table: Path) -> Iterator[_Row]:
    try:
        lines = table.read_text().splitlines()[1:]
    except OSError:
        return
    for line in lines:
        _, here, there, state, _, _, _, _, _, inode, *_ = line.split()
        (address, port), (remote, remote_port) = here.split(":"), there.split(":")
        yield _Row(address, int(port, 16), remote, int(remote_port, 16), state, inode)


def _held_by(proc: Path) -> Mapping[int, set[str]]:
    """The sockets of each process that may be looked at."""
    found = {}
    for folder in proc.iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):  # it has ended, or is another user's
                links = [_link(file) for file in (folder / "fd").iterdir()]
                found[int(folder.name)] = {link[8:-1] for link in links if link.startswith("socket:[")}
    return found


def _link(file: Path) -> str:
    try:
        return os.readlink(file)  # noqa: PTH115 - it is no path
    except OSError:  # closed meanwhile
        return ""
