"""What was seen of one turn of a task: plain data, from which findings.py says what would not work."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from lab.exchanges.exchange import Exchange

Peer = tuple[str, int]
"""Address and port."""


class Named(NamedTuple):
    """Under which name a request was reported, and for which URL."""

    name: str
    url: str | None


@dataclass
class Turn:
    """One turn of a task, of an on_start or an on_stop."""

    role: str
    task: str
    weight: int = 1
    exchanges: list[Exchange] = field(default_factory=list)
    names: list[Named] = field(default_factory=list)
    error: str = ""
    """The exception that ended it, with where that was."""
    held: dict[str, float] = field(default_factory=dict)
    """Where it held the thread of all users, and for how long (s)."""
    peers: set[Peer] = field(default_factory=set)
    """Who was connected to."""
    is_cut: bool = False
    """It went on for ever, or for longer than it was watched."""

    @property
    def is_a_task(self) -> bool:
        """Not what a user does before and after its tasks."""
        return not self.task.endswith(("on_start", "on_stop"))


@dataclass
class Role:
    """A class of users: what it says of itself, and its turns."""

    name: str
    kind: str
    host: str
    weight: str
    think_seconds: float | None
    turns: list[Turn] = field(default_factory=list)
