"""Were there rows enough for all users? In words. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

FAIL, STOP = "fail", "stop"


class DataRow(TypedDict):
    """What became of a file of rows that are given once, as verdict.json holds it."""

    file: str
    rows: int
    at_end: str
    given: int  # rows, counted again where they began again
    held: bool  # whether users held them, each its own
    short: int  # users, or tasks, that got none
    unsure: int  # rows that went to a worker which was lost, and may not have been used


def sentence(data: Sequence[DataRow]) -> str | None:
    """That rows were missing where that fails the run: which file, how many, and what to do; None where none were."""
    row = next((row for row in data if row["short"] and row["at_end"] == FAIL), None)
    if row is None:
        return None
    rows, short = f"{row['rows']:,} row{'' if row['rows'] == 1 else 's'}", row["short"]
    if row["held"]:
        had = f"{row['file']} has {rows}, one for each user, and there were more users: {short:,} got none"
    else:
        more = f"{short:,} more {'was' if short == 1 else 'were'} asked for"
        had = f"{row['file']} has {rows}, each is given once, and {more}"
    return f'{had}. Give it more rows, or have fewer users, or say what else happens then (at_end="stop" or "wrap").'


def remarks(data: Sequence[DataRow]) -> list[str]:
    """That the run ended because its rows were used up, as it was asked to, and which may have been lost."""
    lost = (
        f"Rows of {row['file']} that went to a worker which was lost, and may not have been used: {row['unsure']:,}."
        for row in data
        if row["unsure"]
    )
    ended = (
        f'The run ended when all {row["rows"]:,} rows of {row["file"]} were given, as at_end="stop" says.'
        for row in data
        if row["short"] and row["at_end"] == STOP
    )
    return [*lost, *ended]
