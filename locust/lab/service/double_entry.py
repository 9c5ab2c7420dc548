"""Do both ends count the same? The requests of the whole run, counted by the swarm, the proxy and the replicas."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class RequestCounts:
    """What was counted from the first user to the last; None where nothing counts it."""

    answered: int  # answers received, failures included
    by_nobody: int  # those without a replica's name though others have one: the proxy's own
    unanswered: int  # requests without an answer: refused, reset, timed out
    cut_off: int  # at most so many requests were in flight when the users were stopped
    proxied: int | None = None
    served: int | None = None
    retried: int = 0  # by the proxy
    died_unread: int = 0  # answers of restarted or killed replicas after their last reading


def audit(counts: RequestCounts) -> dict[str, Any]:
    """The counts, and for each difference whether it is explained, and by what."""
    swarm = counts.answered + counts.unanswered
    differences = []
    if counts.proxied is not None:
        differences.append(_difference("proxy", counts.proxied - swarm, counts, _proxy_bounds(counts)))
    if counts.served is not None:
        differences.append(_difference("replicas", counts.served - swarm, counts, _replica_bounds(counts)))
    return {
        "swarm": swarm,
        "proxy": counts.proxied,
        "replicas": counts.served,
        "agree": all(row["explained"] for row in differences) if differences else None,
        "differences": [row for row in differences if row["difference"]],
    }


def _proxy_bounds(counts: RequestCounts) -> tuple[int, int]:
    """By how much the count of the proxy may be below and above that of the swarm."""
    return -counts.unanswered, counts.cut_off


def _replica_bounds(counts: RequestCounts) -> tuple[int, int]:
    return -counts.unanswered - counts.by_nobody - counts.died_unread, counts.cut_off + counts.retried


def _difference(who: str, difference: int, counts: RequestCounts, bounds: tuple[int, int]) -> dict[str, Any]:
    explained = bounds[0] <= difference <= bounds[1]
    return {
        "who": who,
        "difference": difference,
        "explained": explained,
        "because": _because(who, difference, counts, explained),
    }


def _because(who: str, difference: int, counts: RequestCounts, explained: bool) -> str:
    if not difference:
        return "both counted the same"
    count, is_proxy = abs(difference), who == "proxy"
    counted = f"the {who} counted {count:,} {'more' if difference > 0 else 'fewer'} than the swarm"
    if difference > 0:
        reasons = [(counts.cut_off, "in flight when the users stopped")]
        reasons += [] if is_proxy else [(counts.retried, "tried again by the proxy")]
    else:
        reasons = [(counts.unanswered, "without an answer: refused, reset or timed out")]
        if not is_proxy:
            reasons += [
                (counts.by_nobody, "answered by the proxy itself"),
                (counts.died_unread, "answered by a replica after its last reading, before it died"),
            ]
    known = [f"{most:,} {words}" for most, words in reasons if most]
    if explained:
        return f"{counted}: up to {', and '.join(known)}"
    causes = f"only {', and '.join(known)}" if known else "nothing that is known"
    guess = "somebody else asked it too" if difference > 0 else "requests were lost, or a replica was not read"
    return f"{counted}, and {causes} would explain it: {guess}"
