"""Whose are the results? Gives what the master leaves in a folder to the owner of the folder.

The master writes as user 10001, without root and without capabilities, into a folder of the person who runs the lab.
This program runs beside it, with the right to change owners and no other. It only changes what belongs to the master,
leaves group and mode alone, so that the master goes on writing as a member of the group, and follows no link.
"""

from __future__ import annotations

import os
import signal
import stat
import sys
import time
from pathlib import Path

MASTER = 10001
"""User and group that the master runs as (Dockerfile.locust)."""

PERIOD_SECONDS = 1.0
NEWS_SECONDS = 300.0
_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def open_to_group(folder: Path, group: int) -> None:
    """Lets the members of a group write into the folder, but not into what is in it already."""
    os.chown(folder, -1, group)
    folder.chmod(stat.S_IMODE(folder.stat().st_mode) | stat.S_IRWXG)


def hand_over(folder: Path, giver: int) -> int:
    """Gives all that belongs to `giver` inside the folder to the folder's owner; returns how many entries that were.

    Entries that vanish meanwhile are left out. Folders are held open while they are worked on, so that a link put in
    their place cannot lead outside.
    """
    owner = folder.stat().st_uid
    count = 0
    for path, folders, files, handle in os.fwalk(folder):
        if path == str(folder):
            folders[:] = [name for name in folders if _may_have_news(name, handle, giver)]
        for name in (*folders, *files):
            try:
                if os.stat(name, dir_fd=handle, follow_symlinks=False).st_uid == giver != owner:
                    os.chown(name, owner, -1, dir_fd=handle, follow_symlinks=False)
                    count += 1
            except FileNotFoundError:
                continue
    return count


def _may_have_news(name: str, handle: int, giver: int) -> bool:
    """Whether a run's folder is new or was written to of late: those of old runs are not looked through each second."""
    try:
        found = os.stat(name, dir_fd=handle, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return found.st_uid == giver or time.time() - found.st_mtime < NEWS_SECONDS


def main(folder: Path) -> None:
    """Hands over once a second until a signal comes, and once more then. A fault is told once, and ends nothing."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOP_SIGNALS)
    told = ""
    stop = None
    while True:
        try:
            open_to_group(folder, MASTER)
            hand_over(folder, MASTER)
        except OSError as error:
            if str(error) != told:
                told = str(error)
                print(f"results cannot be given to their owner: {error}", file=sys.stderr, flush=True)  # noqa: T201
        if stop:
            return
        stop = signal.sigtimedwait(_STOP_SIGNALS, PERIOD_SECONDS)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
