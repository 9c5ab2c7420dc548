"""Requests that never left their worker's machine: its names, routes, ports or files were wanting, not the service.

That alone says nothing of the worker: where a service is gone, nobody finds it. It speaks against a worker where others
are answered by the same endpoint (lab/judging/accusations.py).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from lab.counts.answers import Answers

_OWN = re.compile(
    r"HostNotFound|HostUnreachable|NetworkUnreachable|NoFreePort|TooManyOpenFiles"  # LeanHttpUser
    r"|gaierror|NameResolutionError|Name or service not known|[Nn]ame resolution"  # what other clients let through
    r"|No address associated with hostname|Network is unreachable|No route to host|Cannot assign requested address"
    r"|Too many open files"
)


def is_own(failure: str) -> bool:
    """Whether a failure of this message came about before anything was sent.

    >>> is_own("HostNotFound: api"), is_own("BadStatus 503")
    (True, False)
    """
    return _OWN.search(failure) is not None


class Unreached:
    """Counts them by second, at endpoints that have answered other workers."""

    def __init__(self) -> None:
        self._answered: dict[str, set[int]] = {}

    def count(self, worker: int, rows: Iterable[Answers]) -> Counter[int]:
        """Of what a worker reports, how many there were in each second."""
        found: Counter[int] = Counter()
        for row in rows:
            answered = self._answered.setdefault(row.endpoint, set())
            if row.times:
                answered.add(worker)
            if row.failures and answered - {worker}:
                found[row.second] += sum(count for message, count in row.failures.items() if is_own(message))
        return found
