"""What a worker says of one endpoint in one second: a row of its report."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from lab.counts.tally import Tally


class Answers(NamedTuple):
    """What a worker counted in one second, for one endpoint and one replica: the row that it sends to the master."""

    second: int
    endpoint: str
    times: Mapping[float, int]
    failures: Mapping[str, int]
    sum_ms: float
    max_ms: float
    replica: str | None = ""  # "" where the answer names none, None where there was no answer
    closed: Mapping[float, int] = MappingProxyType({})
    exceptions: Mapping[str, int] = MappingProxyType({})
    user: str = ""  # the class of the users who asked; "" where that is not known

    @property
    def requests(self) -> int:
        return sum(self.times.values()) + sum(self.failures.values())

    def tally(self) -> Tally:
        """The same as a tally of its own."""
        return Tally(
            dict(self.times), dict(self.failures), self.sum_ms, self.max_ms, dict(self.closed), dict(self.exceptions)
        )
