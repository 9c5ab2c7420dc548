"""Text from outside, made harmless before it is stored: what no terminal, page or file takes for more than text."""

from __future__ import annotations

import re

_STRANGE = re.compile(
    r"[\x00-\x1f\x7f-\x9f"  # C0 and C1 controls: they move cursors, and end lines
    r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # bidi marks: they let text read otherwise than it is
    r"\u2028\u2029"  # line ends that only some programs know
    r"\ud800-\udfff]"  # lone surrogates: no file and no message in UTF-8 can have them
)
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def printable(text: str, most: int | None = None) -> str:
    """The text with each strange character replaced, and no longer than this.

    >>> printable("tests\\x1b[2J"), printable("a long one", 6)
    ('tests\\ufffd[2J', 'a long')
    """
    text = text[:most]
    return text if text.isascii() and text.isprintable() else _STRANGE.sub(REPLACEMENT, text)


def cell(value: object) -> object:
    """The value as a cell of a CSV file: text that a spreadsheet would take for a formula is quoted.

    >>> cell("=1+1"), cell("GET /tests"), cell(-4.5)
    ("'=1+1", 'GET /tests', -4.5)
    """
    # the quoted form of what looks quoted has a quote more, so that `text_of_cell` gives back what was there
    is_formula = isinstance(value, str) and value.lstrip("'").startswith(_FORMULA)
    return f"'{value}" if is_formula else value


def text_of_cell(cell: str) -> str:
    """The text that `cell` made the cell of.

    >>> text_of_cell("'=1+1"), text_of_cell("GET /tests")
    ('=1+1', 'GET /tests')
    """
    return cell[1:] if cell.startswith("'") and cell.lstrip("'").startswith(_FORMULA) else cell
