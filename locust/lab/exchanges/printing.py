"""Text from outside as text that can be printed: nothing in it moves a cursor or turns the order of reading."""

from __future__ import annotations

from lab.printable import escaped

_SHOWN = frozenset("\n\t")
_CUT = " … ({} more)"
_LOOKED_AT = 1000


def printable(text: str) -> str:
    r"""The text with what cannot be printed written as an escape.

    >>> printable("a\x1b[2J\u202eb")
    'a\\x1b[2J\\u202eb'
    """
    text = text.replace("\r\n", "\n")
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() or each in _SHOWN else escaped(each) for each in text)


def line(text: str, most: int) -> str:
    """The text as one printable line of at most so many characters."""
    shown = printable(text[:most]).replace("\n", "\\n").replace("\t", "\\t")
    return shown[:most]


def cut(text: str, most: int) -> str:
    """At most so many characters, with a word on how many more there were."""
    if len(text) <= most:
        return text
    said = _CUT.format(f"{len(text) - most:,} characters")
    return text[: most - len(said)] + said


def decoded(body: bytes, most: int) -> str:
    """The beginning of a body as text; in words where it is none."""
    start = body[:most]
    if b"\0" in start[:_LOOKED_AT]:
        return f"({len(body):,} bytes that are no text)"
    text = start.decode("utf-8", "backslashreplace")
    # what is cut in the middle of a character is no fault of the body's
    return text if len(body) <= most else text + _CUT.format(f"{len(body) - most:,} bytes")
