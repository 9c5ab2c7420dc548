"""Both ends count the same requests, or what is known explains the difference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from lab.service import double_entry
from lab.service.double_entry import LostWorker, RequestCounts

LOST = LostWorker(number=2, host="a81b", heard=120.0, answered=13, users=10)


@pytest.mark.parametrize(
    ("books", "agree", "says"),
    [
        ({"served": 1000}, True, None),
        ({"served": 1000, "proxied": 1000}, True, None),
        ({}, None, None),
        (
            {"served": 997},
            False,
            "the replicas counted 3 fewer than the swarm, and nothing that is known would explain it",
        ),
        ({"served": 1001}, False, "somebody else asked it too"),
        # what users ask of /health and the like, replicas count apart
        ({"served": 930, "apart": 70}, True, None),
        ({"served": 930, "apart": 60}, False, "the replicas counted 10 fewer than the swarm"),
        ({"served": 930, "apart": 70, "proxied": 1000}, True, None),
        ({"served": 998, "unanswered": 5, "answered": 995}, True, "up to 5 without an answer"),
        ({"served": 994, "unanswered": 5, "answered": 995}, False, "only 5 without an answer"),
        ({"served": 990, "by_nobody": 10}, True, "10 answered by the proxy itself"),
        ({"served": 990, "died_unread": 12}, True, "12 answered by a replica after its last reading, before it died"),
        ({"served": 1003, "cut_off": 20}, True, "up to 20 in flight when the users stopped"),
        ({"served": 1003, "retried": 3}, True, "3 tried again by the proxy"),
        ({"served": 1000, "proxied": 1003, "retried": 3}, False, "the proxy counted 3 more than the swarm"),
        # what was cut off is counted, and explains no more than that
        ({"served": 1004, "cut_off": 3}, False, "only 3 in flight when the users stopped would explain it"),
        # a lost worker took the answers of a second along, and those that its ten users waited for
        (
            {"served": 1016, "lost": [LOST]},
            True,
            "more than the swarm: 16 answers of worker 2 (a81b)'s last second are missing: it was lost",
        ),
        ({"served": 1016, "cut_off": 4, "lost": [LOST]}, True, "12 to 16 answers of worker 2"),
        ({"served": 1003, "cut_off": 4, "lost": [LOST]}, True, "up to 39 of worker 2"),
        ({"served": 1000, "proxied": 1016, "lost": [LOST]}, True, "the proxy counted 16 more than the swarm: 16"),
        # and no more than that
        ({"served": 1039, "lost": [LOST]}, True, "39 answers of worker 2 (a81b)'s last second"),
        ({"served": 1040, "lost": [LOST]}, False, "only 39 of worker 2 (a81b)'s last second would explain it"),
        (
            {"served": 1070, "lost": [LOST, replace(LOST, number=4)]},
            True,
            "70 answers of worker 2 (a81b)'s and worker 4 (a81b)'s last second are missing: they were lost",
        ),
        # it takes nothing along that the service has not
        ({"served": 999, "lost": [LOST]}, False, "nothing that is known would explain it"),
    ],
)  # fmt: skip
def test_both_ends_count_the_same_or_the_difference_is_explained(
    books: Mapping[str, Any], agree: bool | None, says: str | None
) -> None:
    given: dict[str, Any] = {"answered": 1000, "by_nobody": 0, "unanswered": 0, "cut_off": 0, **books}
    entry = double_entry.audit(RequestCounts(**given))
    assert entry["agree"] is agree
    told = " ".join(row["because"] for row in entry["differences"])
    assert says in told if says else not told
