"""What a look at the machine found: whether it is well, what was seen, and what helps."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How it is: well, worth knowing, or in the way of a run."""

    WELL = "ok"
    NOTE = "note"
    PROBLEM = "problem"
    UNSEEN = "not seen"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. Whatever is not well has a remedy."""

    name: str
    state: State
    said: str
    remedy: str = ""


def well(name: str, said: str) -> Finding:
    return Finding(name, State.WELL, said)


def note(name: str, said: str, remedy: str) -> Finding:
    return Finding(name, State.NOTE, said, remedy)


def problem(name: str, said: str, remedy: str) -> Finding:
    return Finding(name, State.PROBLEM, said, remedy)
