"""Do both ends count the same? Requests as the swarm, the proxy and the replicas counted them over the whole run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Books:
    """What was counted from the first user to the last; None where nobody counts."""

    answered: int  # answers that came, failures among them
    by_nobody: int  # of these, answers that name no replica though others do: the proxy's own
    unanswered: int  # requests without an answer: refused, reset, timed out
    cut_off: int  # requests in flight at most when the users were stopped
    proxied: int | None = None
    served: int | None = None
    retried: int = 0  # by the proxy
    died_unread: int = 0  # answers of replicas that were restarted or killed, since their last reading


def audit(books: Books) -> dict[str, Any]:
    """The counts side by side, and for each difference whether it is explained, and by what."""
    swarm = books.answered + books.unanswered
    differences = []
    if books.proxied is not None:
        differences.append(_difference("proxy", books.proxied - swarm, books, _proxy_bounds(books)))
    if books.served is not None:
        differences.append(_difference("replicas", books.served - swarm, books, _replica_bounds(books)))
    return {
        "swarm": swarm,
        "proxy": books.proxied,
        "replicas": books.served,
        "agree": all(row["explained"] for row in differences) if differences else None,
        "differences": [row for row in differences if row["difference"]],
    }


def _proxy_bounds(books: Books) -> tuple[int, int]:
    """How many less and how many more than the swarm the proxy may have counted."""
    return -books.unanswered, books.cut_off


def _replica_bounds(books: Books) -> tuple[int, int]:
    return -books.unanswered - books.by_nobody - books.died_unread, books.cut_off + books.retried


def _difference(who: str, difference: int, books: Books, bounds: tuple[int, int]) -> dict[str, Any]:
    explained = bounds[0] <= difference <= bounds[1]
    return {
        "who": who,
        "difference": difference,
        "explained": explained,
        "because": _because(who, difference, books, explained),
    }


def _because(who: str, difference: int, books: Books, explained: bool) -> str:
    if not difference:
        return "both counted the same"
    count, is_proxy = abs(difference), who == "proxy"
    counted = f"the {who} counted {count:,} {'more' if difference > 0 else 'less'} than the swarm"
    if difference > 0:
        reasons = [(books.cut_off, "in flight when the users stopped")]
        reasons += [] if is_proxy else [(books.retried, "tried again by the proxy")]
    else:
        reasons = [(books.unanswered, "without an answer: refused, reset or timed out")]
        if not is_proxy:
            reasons += [
                (books.by_nobody, "answered by the proxy itself"),
                (books.died_unread, "answered by a replica after its last reading, before it died"),
            ]
    known = [f"{most:,} {words}" for most, words in reasons if most]
    if explained:
        return f"{counted}: up to {', and '.join(known)}"
    causes = f"only {', and '.join(known)}" if known else "nothing that is known"
    guess = "somebody else asked it too" if difference > 0 else "requests were lost, or a replica was not read"
    return f"{counted}, and {causes} would explain it: {guess}"
