"""Where the master listens and where workers find it: names, IPv4, IPv6, and names with several addresses."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from lab.engine import endpoints


def named(monkeypatch: pytest.MonkeyPatch, *answers: list[str] | None) -> None:
    """A resolver that gives these answers in turn, the last for good; None is a name that it does not know."""
    left = list(answers)

    def getaddrinfo(*_: Any, **__: Any) -> list[Any]:
        found = left.pop(0) if len(left) > 1 else left[0]
        if found is None:
            raise socket.gaierror("not known")
        return [(0, 0, 0, "", (each, 0)) for each in found for _ in range(2)]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


@pytest.mark.parametrize(
    ("host", "written"),
    [
        ("[::1]", "tcp://[::1]:5557"),
        ("::1", "tcp://[::1]:5557"),
        ("10.0.0.2", "tcp://10.0.0.2:5557"),
        ("*", "tcp://*:5557"),
    ],
)
def test_an_address_of_ipv6_has_brackets_for_zeromq_and_none_for_the_resolver(host: str, written: str) -> None:
    assert endpoints.endpoint(endpoints.bare(host), 5557) == written


def test_a_name_that_comes_a_moment_later_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    named(monkeypatch, None, ["fd00::7"])
    assert endpoints.own_address("swarm-master") == "fd00::7"


def test_a_name_that_stays_unknown_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    named(monkeypatch, None)
    with pytest.raises(OSError, match="not known"):
        endpoints.own_address("nobody", within_seconds=0)


@pytest.mark.parametrize(
    ("found", "answer", "taken"),
    [
        (None, [], "master"),
        (["10.0.0.2"], [], "master"),
        (["fd00::2", "10.0.0.2"], ["10.0.0.2"], "10.0.0.2"),
        (["fd00::2", "10.0.0.2"], ["fd00::2", "10.0.0.2"], "fd00::2"),
        (["fd00::2", "10.0.0.2"], [], "fd00::2"),
    ],
)
def test_of_several_addresses_a_worker_takes_one_that_answers(
    monkeypatch: pytest.MonkeyPatch, found: list[str] | None, answer: list[str], taken: str
) -> None:
    named(monkeypatch, found)
    assert endpoints.masters_address("master", 5557, lambda address, _: address in answer) == taken
