"""Do both ends count the same? The requests of the whole run, counted by the swarm, the proxy and the replicas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, sqrt
from typing import Literal, NotRequired, TypedDict

from lab.counts.names import OTHERS

UNREPORTED_SECONDS = 1.25
"""A worker reports once a second: what it asked since its last report is lost with it, and a report may be late."""
NOBODYS_SHARE = 0.05
"""Of all requests: so many failures that name no replica may be the answers of a proxy that is not read."""
SURENESS = 3.0
"""In standard deviations of a count that is made by chance."""


_HTTP = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "USER", "VISIT", OTHERS})
"""Types of requests that a service of HTTP can have counted; and those of users and visits without an answer."""


def is_of_both_ends(endpoint: str) -> bool:
    """Whether the service can have counted requests to the endpoint: those of a scenario's own client it has not.

    >>> is_of_both_ends("GET /tests"), is_of_both_ends("RPC call")
    (True, False)
    """
    return endpoint.partition(" ")[0] in _HTTP


@dataclass(frozen=True)
class LostWorker:
    """A worker that was lost: its users, and its answers in the last second that it reported."""

    number: int
    host: str
    heard: float  # when it reported last (s since the epoch)
    answered: int
    users: int

    @property
    def most(self) -> int:
        """How many of its requests the service can have counted that nobody else has."""
        asked = UNREPORTED_SECONDS * self.answered
        return ceil(asked + SURENESS * sqrt(asked)) + self.users


@dataclass(frozen=True)
class RequestCounts:
    """What was counted from the first user to the last; None where nothing counts it."""

    answered: int  # answers received, failures included
    by_nobody: int  # failures without a replica's name though other answers have one: the proxy's own
    unanswered: int  # requests without an answer: refused, reset, timed out
    cut_off: int  # at most so many requests were in flight when the users were stopped
    proxied: int | None = None
    served: int | None = None
    retried: int = 0  # by the proxy
    died_unread: int = 0  # answers of restarted or killed replicas after their last reading
    lost: Sequence[LostWorker] = ()
    elsewhere: int = 0  # answered by replicas that are not read: their counts explain nothing of the others
    apart: int = 0  # to routes that replicas do not count as load, such as /health
    of_masters: int = 0  # that masters made themselves while the swarms of others were counted

    @property
    def by_a_proxy(self) -> int:
        """How many requests at most a proxy answered that no replica has seen."""
        if self.proxied is not None:
            return self.by_nobody
        return min(self.by_nobody, ceil(NOBODYS_SHARE * (self.answered + self.unanswered)))

    @property
    def lost_most(self) -> int:
        """How many requests of lost workers the service can have counted that the swarm has not."""
        return sum(worker.most for worker in self.lost)


Who = Literal["proxy", "replicas"]


class DifferenceRow(TypedDict):
    """How many more requests than the swarm somebody counted, and why. `missing` are answers of lost workers."""

    who: Who
    difference: int
    explained: bool
    because: str
    missing: NotRequired[str]


class DoubleEntryRow(TypedDict):
    """The counts as verdict.json holds them; `agree` is None where nobody but the swarm counted all.

    `unread` are answers of replicas that are not read: those that are count the rest.
    """

    swarm: int
    proxy: int | None
    replicas: int | None
    agree: bool | None
    differences: list[DifferenceRow]
    unread: NotRequired[int]


def audit(counts: RequestCounts) -> DoubleEntryRow:
    """The counts, and for each difference whether it is explained, and by what."""
    swarm = counts.answered + counts.unanswered
    differences = []
    if counts.proxied is not None:
        differences.append(_difference("proxy", counts.proxied - swarm, counts, _proxy_bounds(counts)))
    if counts.served is not None:
        differences.append(
            _difference(
                "replicas", counts.served + counts.elsewhere + counts.apart - swarm, counts, _replica_bounds(counts)
            )
        )
    entry: DoubleEntryRow = {
        "swarm": swarm,
        "proxy": counts.proxied,
        "replicas": counts.served,
        "agree": all(row["explained"] for row in differences) if differences else None,
        "differences": [row for row in differences if row["difference"]],
    }
    if counts.elsewhere:
        entry["unread"] = counts.elsewhere
    return entry


def sentences(entry: DoubleEntryRow | None) -> list[str]:
    """What the verdict has to say of it: counts that do not agree, and answers that lost workers took along."""
    rows = entry["differences"] if entry else ()
    unexplained = [f"{row['because'][0].upper()}{row['because'][1:]}." for row in rows if not row["explained"]]
    missing = [f"{row['missing']}." for row in rows if row.get("missing")]
    return [*unexplained, *missing[:1]]


def _proxy_bounds(counts: RequestCounts) -> tuple[int, int]:
    """By how much the count of the proxy may be below and above that of the swarm."""
    return -counts.unanswered, counts.cut_off + counts.of_masters + counts.lost_most


def _replica_bounds(counts: RequestCounts) -> tuple[int, int]:
    least = -counts.unanswered - counts.by_a_proxy - counts.died_unread
    return least, counts.cut_off + counts.of_masters + counts.retried + counts.lost_most


def _difference(who: Who, difference: int, counts: RequestCounts, bounds: tuple[int, int]) -> DifferenceRow:
    explained = bounds[0] <= difference <= bounds[1]
    row = DifferenceRow(who=who, difference=difference, explained=explained, because="both counted the same")
    less = counts.cut_off + counts.of_masters + (0 if who == "proxy" else counts.retried)
    if explained and difference > less:
        row["missing"] = _missing(difference, less, counts.lost)
    if difference:
        row["because"] = _because(row, counts)
    return row


def _because(row: DifferenceRow, counts: RequestCounts) -> str:
    who, difference = row["who"], row["difference"]
    count, is_proxy = abs(difference), who == "proxy"
    counted = f"the {who} counted {count:,} {'more' if difference > 0 else 'fewer'} than the swarm"
    if "missing" in row:
        return f"{counted}: {row['missing']}"
    reasons = _reasons_for_more(counts, is_proxy) if difference > 0 else _reasons_for_fewer(counts, is_proxy)
    known = [f"{most:,} {words}" for most, words in reasons if most]
    if row["explained"]:
        return f"{counted}: up to {', and '.join(known)}"
    causes = f"only {', and '.join(known)}" if known else "nothing that is known"
    guess = "somebody else asked it too" if difference > 0 else "requests were lost, or a replica was not read"
    return f"{counted}, and {causes} would explain it: {guess}"


def _reasons_for_more(counts: RequestCounts, is_proxy: bool) -> list[tuple[int, str]]:
    """Up to how many requests the swarm may have not counted, and why."""
    reasons = [(worker.most, f"of {_name(worker)}'s last second") for worker in counts.lost]
    reasons.append((counts.cut_off, "in flight when the users stopped"))
    reasons.append((counts.of_masters, "asked by the masters themselves, such as in an audit"))
    return reasons if is_proxy else [*reasons, (counts.retried, "tried again by the proxy")]


def _reasons_for_fewer(counts: RequestCounts, is_proxy: bool) -> list[tuple[int, str]]:
    """Up to how many requests of the swarm may not have reached what counts, and why."""
    reasons = [(counts.unanswered, "without an answer: refused, reset or timed out")]
    if is_proxy:
        return reasons
    return [
        *reasons,
        (counts.by_a_proxy, "answered by the proxy itself"),
        (counts.died_unread, "answered by a replica after its last reading, before it died"),
    ]


def _missing(count: int, less: int, lost: Sequence[LostWorker]) -> str:
    """That answers of lost workers are missing: how many, or at least how many where `less` may be something else."""
    names = " and ".join(f"{_name(worker)}'s" for worker in lost)
    figure = f"{count - less:,} to {count:,}" if less else f"{count:,}"
    fate = "it was" if len(lost) == 1 else "they were"
    return f"{figure} answers of {names} last second are missing: {fate} lost"


def _name(worker: LostWorker) -> str:
    return f"worker {worker.number} ({worker.host})"
