"""Text from outside, such as the names of tasks and what failures say, made fit for files that other programs read.

None of it can end an element, open a link, call a person or be taken for a command of the place where it is shown.
"""

from __future__ import annotations

import re

_UNFIT = re.compile("[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TURNED = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_SPECIAL = re.compile(r"([\\`*_\[\]~|#$<>&])")
_ENTITIES = {"<": "&lt;", ">": "&gt;", "&": "&amp;"}
JOINER = "\u2060"
"""An invisible character that no line is broken at: it parts what would be read as one."""
_CALLS = re.compile(
    r"(?<=@)(?=\S)|(?<=[#!~%$&^])(?=\w)"  # persons, issues, labels
    r"|(?<=:)(?=//|[\w+-]+:)|(?<=\bwww)(?=\.)|(?<=\bGH)(?=-)",  # links, pictures of words, issues again
    re.IGNORECASE,
)


def fit(text: str) -> str:
    """The text with a mark in place of every character that XML 1.0 does not take, lone surrogates among them.

    Source: https://www.w3.org/TR/xml/#charsets; C1 controls and those that turn the direction of text are unfit, too.

    >>> fit("a\\x00b")
    'a\\ufffdb'
    """
    return _TURNED.sub("\ufffd", _UNFIT.sub("\ufffd", text))


def line(text: str, most: int) -> str:
    """The fit text on one line, cut to so many characters."""
    whole = " ".join(fit(text).split())
    return whole if len(whole) <= most else whole[: most - 1] + "…"


def markdown(text: str, most: int = 2000) -> str:
    """The text as Markdown that shows it and does nothing else, on one line; also in a cell of a table.

    >>> markdown("a|b <i>")
    'a\\\\|b &lt;i&gt;'

    What opens nothing within a line is left as it is, so that the text can be read where nothing renders it. GitHub and
    GitLab make links of @name, #12 and URLs whatever stands before them, so an invisible character stands in these.
    """
    shown = _CALLS.sub(JOINER, line(text, most))
    return _SPECIAL.sub(lambda match: _ENTITIES.get(match[1], "\\" + match[1]), shown)
