"""A run that is a part of a larger one, and one that was merged of parts: in verdict.json and in words. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict


class PartRow(TypedDict):
    """A run that was merged with others."""

    part: str
    run: str
    started: str
    users: int  # at most
    workers: int
    verdict: str


class MergedRow(TypedDict):
    """What a run was merged of, and in how many measured seconds not all of its parts were at the same step."""

    parts: list[PartRow]
    left_out_seconds: int


def sentences(part: str | None, merged: MergedRow | None) -> list[str]:
    """That a verdict is on a part alone; or of which runs it is made."""
    if merged:
        return [_merged(merged["parts"], merged["left_out_seconds"])]
    return [f"This is part {part} of a run: `lab merge` judges all of its parts together."] if part else []


def _merged(parts: Sequence[PartRow], left_out_seconds: int) -> str:
    text = f"Merged of {len(parts)} runs ({', '.join(row['run'] for row in parts)})"
    if not left_out_seconds:
        return f"{text}."
    return f"{text}; {left_out_seconds} s in which not all of them were at the same step are left out."
