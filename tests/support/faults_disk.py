"""A small disk for a process: a tmpfs in a mount namespace of its own, which is gone with its last process."""

from __future__ import annotations

import contextlib
import os
import subprocess
from pathlib import Path
from typing import Self

from tests.support.running_service import wait_until


class SmallDisk:
    """A disk at `inside` for those who are started with `prefix`; everybody else finds its files at `outside`."""

    def __init__(self, inside: Path, size: str, *, read_only: bool = False) -> None:
        """`size` as tmpfs takes it, such as "300k". What was in the folder is on the disk too."""
        inside.mkdir(parents=True, exist_ok=True)
        script = [
            'mkdir "$0.was" && mount --bind "$0" "$0.was"',
            f'mount -t tmpfs -o size={size} small "$0" && cp -a "$0.was/." "$0" && touch "$0/.is-there"',
            *(['mount -o remount,ro "$0"'] if read_only else []),
            "exec sleep 600",
        ]
        self._holder = subprocess.Popen(["unshare", "--mount", "sh", "-c", " && ".join(script), inside])
        self.inside = inside
        self.outside = Path(f"/proc/{self._holder.pid}/root{inside}")
        self.prefix = ["nsenter", f"--target={self._holder.pid}", "--mount", "--wd=.", "--"]
        wait_until((self.outside / ".is-there").exists, 10, f"a small disk at {inside}; it takes root")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._holder.kill()
        self._holder.wait(10)

    def fill(self, but: int = 0) -> None:
        """Takes all that is free, but for so many bytes."""
        with (self.outside / "filler").open("ab", buffering=0) as filler, contextlib.suppress(OSError):
            while True:
                filler.write(bytes(4096))
        if but:
            os.truncate(self.outside / "filler", (self.outside / "filler").stat().st_size - but)

    def free(self) -> None:
        """Gives back what `fill` took."""
        (self.outside / "filler").unlink()
