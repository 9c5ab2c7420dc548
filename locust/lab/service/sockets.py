"""Which processes of this machine serve a port? Read from /proc, as far as this user may see it (proc_pid_net(5))."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
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


def serving(port: int, proc: Path) -> set[int]:
    """Those that listen at the port, parents and children alike, and those that they ask: what serves behind a proxy.

    Nobody where somebody of them cannot be seen: another user's, or behind a forwarder.
    """
    rows = [row for table in ("tcp", "tcp6") for row in _rows(proc / "net" / table)]
    listening = {row.port for row in rows if row.state == LISTENING}
    own = {row.address for row in rows}
    files = _sockets(proc) if port in listening else {}
    found: set[int] = set()
    ports, todo = set[int](), {port} & listening
    while todo:
        ports |= todo
        inodes = {row.inode for row in rows if row.state == LISTENING and row.port in todo}
        holders = {pid for pid, held in files.items() if held & inodes}
        if not inodes <= {inode for pid in holders for inode in files[pid]} or _forward(holders, proc):
            return set()
        found |= holders
        held = {inode for pid in holders for inode in files[pid]}
        asked = (row for row in rows if row.state == ESTABLISHED and row.inode in held and row.port not in ports)
        todo = {row.remote_port for row in asked if row.remote in own} & listening - ports
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


def _sockets(proc: Path) -> Mapping[int, set[str]]:
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
