"""On which machine is this? Containers of one machine have names of their own, and one boot in common."""

from __future__ import annotations

from pathlib import Path

LETTERS = 8
"""As many of the random 128 bits as tell machines apart: every report of a worker has them."""


def machine(path: Path = Path("/proc/sys/kernel/random/boot_id")) -> str:
    """A name of the machine that holds until its next start; "" where the system does not say (random(4))."""
    try:
        return short(path.read_text())
    except OSError:
        return ""


def short(boot_id: str) -> str:
    """The name of the machine of which this is the boot id."""
    return boot_id.strip()[:LETTERS]
