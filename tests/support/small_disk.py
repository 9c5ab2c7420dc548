"""A file system of a test's own that can be filled, enlarged, and made read-only."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class SmallDisk:
    """A tmpfs; mounting one takes root, or sudo without a password."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = f"sqlite:///{folder}/lab.db"
        folder.mkdir()

    def mount(self, *options: str) -> bool:
        """Mount it, or mount it anew in another way."""
        return self._run("mount", "-t", "tmpfs", "-o", ",".join(("mode=1777", *options)), "tmpfs")

    def unmount(self) -> None:
        """Leave no mount behind."""
        assert self._run("umount")

    def _run(self, *command: str) -> bool:
        as_root = [] if os.geteuid() == 0 else ["sudo", "-n"]
        if shutil.which([*as_root, *command][0]) is None:
            return False
        return subprocess.run([*as_root, *command, str(self.folder)], capture_output=True, check=False).returncode == 0
