"""Which page is asked for? The query string, read strictly."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from api.problems import Problem, echo
from api.settings import PAGE_LIMIT_MOST

ID_MOST = 2**63 - 1  # what both databases hold

_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_RANGES = {"limit": (1, PAGE_LIMIT_MOST), "after": (0, ID_MOST)}


class PageAsked(NamedTuple):
    """How many items at most (None: all of them), and after which id."""

    limit: int | None
    after: int


def read_page(query: str, page_limit: int) -> PageAsked:
    """The page that a query string asks for. Raises Problem: 400 for what is no query string, 422 for wrong values.

    >>> read_page("limit=10&after=3", 100)
    PageAsked(limit=10, after=3)
    >>> read_page("", 0)
    PageAsked(limit=None, after=0)
    """
    asked = {name: _number(name, value) for name, value in _parameters(query, tuple(_RANGES)).items()}
    return PageAsked(asked.get("limit", page_limit or None), asked.get("after", 0))


def expect_no_parameters(query: str) -> None:
    """Raise Problem if the query string holds anything."""
    _parameters(query, ())


def whole_number(text: str, least: int, most: int) -> int | None:
    """The number, if the text is one within the range in plain ASCII digits; else None.

    >>> whole_number("12", 1, 100), whole_number("+12", 1, 100), whole_number("1_0", 1, 100)
    (12, None, None)
    """
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(most))):
        return None
    number = int(text)
    return number if least <= number <= most else None


def _number(name: str, text: str) -> int:
    least, most = _RANGES[name]
    number = whole_number(text, least, most)
    if number is None:
        raise _wrong(name, f"must be a whole number from {least} to {most}, not {echo(text)}")
    return number


def _parameters(query: str, known: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in query.split("&") if query else ():
        if not pair:
            continue
        name, _, value = (_decoded(part) for part in pair.partition("="))
        if name not in known:
            raise _wrong(echo(name)[1:-1], f"is not known here; known: {', '.join(known) or 'none'}")
        if name in found:
            raise _wrong(name, "must be given once")
        found[name] = value
    return found


def _decoded(text: str) -> str:
    if _BAD_ESCAPE.search(text):
        raise Problem(400, "The query string has a percent sign that is not followed by two hexadecimal digits.")
    try:
        return unquote_to_bytes(text.replace("+", " ").encode("latin-1")).decode("utf-8")
    except UnicodeError:
        raise Problem(400, "The query string is not UTF-8.") from None


def _wrong(name: str, detail: str) -> Problem:
    sentence = f"The query parameter {name} {detail}."
    return Problem(422, sentence, errors=[{"parameter": name, "detail": detail}])
