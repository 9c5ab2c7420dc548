"""Under which name is a request counted that the scenario gives none? Ids in its URL are grouped. Pure.

A scenario that asks for `/orders/17`, `/orders/18` and so on means one thing, unless it says otherwise by `name=`.
"""

from __future__ import annotations

import logging
import re

log = logging.getLogger(__name__)

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


class Templates:
    """The groups of a worker's names; where they are not wanted, each name is its own."""

    def __init__(self, *, grouped: bool) -> None:
        self._grouped, self._has_said = grouped, False
        self._known: dict[str, str] = {}

    def of(self, name: str, url: str | None) -> str:
        """The name under which a request to the URL is counted; a name that the URL ends with was not given."""
        if not self._grouped or not url or not url.partition("?")[0].endswith(name.partition("?")[0]):
            return name
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
