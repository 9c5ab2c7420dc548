"""Text from outside, made harmless before it is stored: what no terminal, page or file takes for more than text."""

from __future__ import annotations

import re

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
MOST_OF_A_LINE = 200
"""Characters that are kept of what an error says."""

_FIGURE = re.compile(r"[+-]?[0-9.]+(e[+-]?[0-9]+)?", re.ASCII | re.IGNORECASE)


def printable(text: str, most: int | None = None) -> str:
    r"""The text with what cannot be printed as an escape, and no longer than this.

    That is what moves a cursor or ends a line (C0 and C1 controls), turns the order of reading (bidi marks), or has no
    place in UTF-8 (lone surrogates).

    >>> printable("tests\x1b[2J\u202e"), printable("a long one", 6)
    ('tests\\x1b[2J\\u202e', 'a long')
    """
    text = text[:most]
    return text if text.isprintable() else "".join(map(escaped, text))[:most]


def one_line(text: str) -> str:
    r"""Of a text of many lines the first; and the two that follow, where a colon at its end announces them.

    >>> one_line("no such page\nTraceback"), one_line("RPC that ended with:\n\tstatus = FULL\n\tdetails = no\n\tat = 3")
    ('no such page', 'RPC that ended with: status = FULL details = no')
    """
    lines = [line.strip() for line in text.strip().splitlines()]
    announces = bool(lines) and lines[0].endswith(":")
    return printable(" ".join(lines[: 3 if announces else 1]), MOST_OF_A_LINE)


def escaped(character: str) -> str:
    """The character, or its escape where it cannot be printed."""
    code = ord(character)
    if character.isprintable():
        return character
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def cell(value: object) -> object:
    """The value as a cell of a CSV file: text that a spreadsheet would take for a formula is quoted.

    >>> cell("=1+1"), cell("GET /tests"), cell("-4.5"), cell(-4.5)
    ("'=1+1", 'GET /tests', '-4.5', -4.5)
    """
    # what looks quoted already gets a quote more, so that `text_of_cell` gives back what was there
    if not isinstance(value, str) or not value.lstrip("'").startswith(_FORMULA) or _FIGURE.fullmatch(value):
        return value
    return f"'{value}"


def text_of_cell(cell: str) -> str:
    """The text that `cell` made the cell of.

    >>> text_of_cell("'=1+1"), text_of_cell("GET /tests")
    ('=1+1', 'GET /tests')
    """
    return cell[1:] if cell.startswith("'") and cell.lstrip("'").startswith(_FORMULA) else cell
