"""Which part of a larger run is this one? LAB_PART: several masters, each with its own run, are one load together."""

from __future__ import annotations

import re
from typing import NamedTuple


class Part(NamedTuple):
    """The number of a part, counted from 1, and how many there are."""

    number: int
    of: int

    def __str__(self) -> str:
        """As LAB_PART has it: "1/2"."""
        return f"{self.number}/{self.of}"

    @property
    def resets(self) -> bool:
        """Whether it puts the service back to its first state: the others would lose what the first has written."""
        return self.number == 1


def part(text: str) -> Part | None:
    """The part that the text names; None where it is empty.

    >>> part("2/3"), part("")
    (Part(number=2, of=3), None)
    """
    if not text:
        return None
    found = re.fullmatch(r"([1-9][0-9]{0,2})/([1-9][0-9]{0,2})", text)
    if not found or not int(found[1]) <= int(found[2]) or int(found[2]) == 1:
        raise ValueError("a part and how many there are, from 1/2 and 2/2 on")
    return Part(int(found[1]), int(found[2]))
