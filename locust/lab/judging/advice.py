"""What would help against an exception whose words say little of the mistake behind it. Pure."""

from __future__ import annotations

import re

_ADVICE = (
    (
        re.compile(r"Port could not be cast to integer value as '\d+(?P<path>[^\d'/][^'/]*)"),
        'a path begins with a slash: "/{path}"',
    ),
    (
        re.compile(r"'[^'/]*:\d+(?P<path>[^\d'/][^'/]*)' is not a valid host or port"),
        'a path begins with a slash: "/{path}"',
    ),
    (re.compile(r"takes 0 positional arguments but 1 was given"), "a task, on_start and on_stop take self"),
    (re.compile(r"No scheme supplied|MissingSchema"), "a host is a URL, such as http://api:5000"),
    (re.compile(r"JSONDecodeError"), "the answer was no JSON: the report shows what it was"),
)


def of(exception: str) -> str:
    """The advice in brackets; empty where there is none.

    >>> of("ValueError: Port could not be cast to integer value as '5000index.html'")
    ' (a path begins with a slash: "/index.html")'
    """
    for pattern, text in _ADVICE:
        if found := pattern.search(exception):
            return f" ({text.format(**found.groupdict())})"
    return ""
