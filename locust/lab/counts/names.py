"""Under which name is a request counted? Ids in paths are grouped, and there are so many names and no more. Pure.

A scenario that asks for `/orders/17`, `/orders/18` and so on means one thing, unless it says otherwise by `name=`.
"""

from __future__ import annotations

import logging
import re

log = logging.getLogger(__name__)

MOST_NAMES = 500
"""Names that are told apart; all others of a kind are counted together."""
OTHERS = "(other names)"
MOST_KNOWN = 20_000
"""Names whose group is remembered, so that it is looked for once."""
_ID = r"\d+|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|(?=[a-zA-Z]*\d)[0-9a-fA-F]{16,}"
_IN_PATH = re.compile(rf"(?<=/)(?:{_ID})(?=[/?#]|$)")
_IN_QUERY = re.compile(rf"(?<==)(?:{_ID})(?=[&#]|$)")


def template(name: str) -> str:
    """The name with its numbers, UUIDs and hashes grouped.

    >>> template("/orders/17/lines?page=2"), template("/v1/b1946ac92492d2347c6235b4d2611184")
    ('/orders/[id]/lines?page=[id]', '/v1/[id]')
    """
    path, sign, query = name.partition("?")
    return _IN_PATH.sub("[id]", path) + sign + _IN_QUERY.sub("[id]", query)


def others(endpoint: str) -> str:
    """The endpoint in whose place those of its kind are counted that are too many.

    >>> others("GET /orders/17")
    'GET (other names)'
    """
    return f"{endpoint.partition(' ')[0]} {OTHERS}"


class Bounded:
    """Endpoints that are told apart: each worker keeps to the bound, but they may differ in theirs."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def of(self, endpoint: str) -> str:
        """The endpoint under which this one is counted."""
        if endpoint not in self._known and len(self._known) < MOST_NAMES:
            self._known.add(endpoint)
        return endpoint if endpoint in self._known else others(endpoint)


class Names:
    """The names of a worker's run."""

    def __init__(self, *, grouped: bool) -> None:
        self._grouped, self._has_said = grouped, False
        self._known: dict[str, str] = {}
        self._counted: set[tuple[str, str]] = set()

    def counted(self, request_type: object, name: object, url: str | None) -> tuple[str, str]:
        """Type and name under which a request to the URL is counted; a name that the URL ends with was not given."""
        kind, text = str(request_type), str(name)
        if self._grouped and url and url.partition("?")[0].endswith(text.partition("?")[0]):
            text = self._group_of(text)
        if (kind, text) not in self._counted:
            if len(self._counted) >= MOST_NAMES:
                return kind, OTHERS
            self._counted.add((kind, text))
        return kind, text

    def begin(self) -> None:
        """A run of its own has names of its own."""
        self._counted.clear()

    def _group_of(self, name: str) -> str:
        group = self._known.get(name)
        if group is None:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            group = self._known[name] = template(name)
            if group != name and not self._has_said:
                self._has_said = True
                log.info(
                    "%s is counted as %s, and so are all like it: name= in a request gives it a name of its own, "
                    "LAB_GROUP_NAMES=false counts each by itself",
                    name,
                    group,
                )
        return group
