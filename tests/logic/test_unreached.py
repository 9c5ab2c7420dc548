"""What speaks against a worker is what found no way to an endpoint that answered another one."""

from __future__ import annotations

import pytest

from lab.counts.answers import Answers
from lab.counts.unreached import Unreached, is_own


def row(second: int, endpoint: str, answered: int = 0, **failures: int) -> Answers:
    named = {message.replace("_", " "): count for message, count in failures.items()}
    return Answers(second, endpoint, {5.0: answered} if answered else {}, named, 0.0, 0.0)


def test_only_what_answered_another_worker_counts() -> None:
    unreached = Unreached()
    assert not unreached.count(1, [row(7, "GET /", HostNotFound=3)]), "nobody was answered so far"
    assert not unreached.count(1, [row(8, "GET /", 5)])
    assert not unreached.count(1, [row(9, "GET /", HostNotFound=3)]), "it was answered itself alone"
    assert unreached.count(2, [row(9, "GET /", HostNotFound=3), row(9, "GET /", 1, BadStatus_503=9)]) == {9: 3}
    assert not unreached.count(2, [row(9, "GET /other", HostNotFound=3)])


@pytest.mark.parametrize(
    "failure",
    [
        "HostNotFound: api",
        "NoFreePort: all ports towards this address are in use",
        "ConnectionError(MaxRetryError('HTTPConnectionPool(host=x): NameResolutionError(...)'))",
        "gaierror(-2, 'Name or service not known')",
        "OSError(101, 'Network is unreachable')",
        "OSError(24, 'Too many open files')",
    ],
)
def test_what_never_left_the_machine_is_the_workers_own(failure: str) -> None:
    assert is_own(failure)


@pytest.mark.parametrize(
    "failure", ["ConnectionRefused", "ConnectTimeout after 5 s", "BadStatus 404", "ReadTimeout after 5 s", "no name"]
)
def test_what_a_service_can_have_done_is_not(failure: str) -> None:
    assert not is_own(failure)
