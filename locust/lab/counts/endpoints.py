"""A stretch of time in tallies: one for each endpoint, and beside them one for each mark. Pure.

A mark is whatever is told apart by something else than a request's name: a journey, a figure of the scenario's own, or
all requests of one class of users. It is no endpoint, so that no sum over the requests counts anything twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lab.counts.answers import Answers
from lab.counts.marks import CLASS, Mark
from lab.counts.tally import Tally

Tallies = Mapping[str, Tally]


class _Tallies(dict[str, Tally]):
    """A tally for each name, made when it is asked for."""

    def __missing__(self, name: str) -> Tally:
        self[name] = tally = Tally()
        return tally


class Endpoints(_Tallies):
    """The requests of each endpoint, which is named as Locust's tables name it ("GET /tests"), and the marks beside."""

    def __init__(self, tallies: Tallies | Iterable[tuple[str, Tally]] = (), marks: Tallies | None = None) -> None:
        super().__init__(tallies)
        self.marks = _Tallies(marks or {})

    def add(self, more: Tallies) -> None:
        """Counts `more` in, with its marks."""
        for into, tallies in ((self, more), (self.marks, marks_of(more))):
            for name, tally in tallies.items():
                into[name].add(tally)

    def answer(self, row: Answers) -> None:
        """Counts a worker's row in, for its endpoint and for the class of users that asked."""
        tally = row.tally()
        self[row.endpoint].add(tally)
        if row.user:
            self.marks[f"{CLASS} {row.user}"].add(tally)

    def mark(self, row: Mark) -> None:
        """Counts a worker's mark in."""
        self.marks[row.name].add(row.tally())


def marks_of(endpoints: Tallies) -> Tallies:
    """The marks beside the endpoints; none where only endpoints were counted."""
    return endpoints.marks if isinstance(endpoints, Endpoints) else {}


def find(name: str, endpoints: Tallies) -> Tally | None:
    """The tally of the endpoint, or else of the mark, of that name; None where there is none."""
    found = endpoints.get(name)
    return marks_of(endpoints).get(name) if found is None else found


def unsuccessful(endpoints: Tallies, *, with_failures: bool = True) -> Endpoints:
    """What failed or died, by itself; or, without failures, only the tasks that died."""

    def rest(tallies: Tallies) -> dict[str, Tally]:
        found = {
            name: Tally(failures=tally.failures if with_failures else {}, exceptions=tally.exceptions)
            for name, tally in tallies.items()
        }
        return {name: tally for name, tally in found.items() if tally.failures or tally.exceptions}

    return Endpoints(rest(endpoints), rest(marks_of(endpoints)))
