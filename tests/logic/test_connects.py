"""Each connect is held to where load may go, whoever asks, and whatever the name led to when it was looked up."""

from __future__ import annotations

import _socket
import socket
from typing import TYPE_CHECKING, Any

import pytest

from lab import reach
from lab.engine.targets import CarefulResolver
from lab.reach import HostRefused, Reach
from tests.support.lean import Proxy, Reported
from tests.support.scripted_server import ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NAMED = frozenset({"staging.example.com", "203.0.113.9"})


class Names:
    """A resolver that knows each name by a list of addresses, and says the next of them each time."""

    def __init__(self, **known: list[str]) -> None:
        self._known = known

    def getaddrinfo(self, host: str, port: Any, *_: object, **__: object) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (self.gethostbyname(host), port))]

    def gethostbyname(self, host: str) -> str:
        addresses = self._known.get(host.replace(".", "_"), [host])
        return addresses.pop(0) if len(addresses) > 1 else addresses[0]

    def gethostbyname_ex(self, host: str) -> tuple[str, list[str], list[str]]:
        return host, [], [self.gethostbyname(host)]

    def close(self) -> str:
        return "closed"


@pytest.fixture
def held() -> Iterator[Callable[[Reach], None]]:
    """Holds this process to a rule for one test."""
    yield reach.hold_to
    reach.hold_to(None)


def looked_up(careful: CarefulResolver, host: Any) -> list[str]:
    return [
        careful.getaddrinfo(host, 80)[0][4][0],
        careful.gethostbyname(host),
        *careful.gethostbyname_ex(host)[2],
    ]


def test_a_host_that_is_refused_is_not_looked_up_whoever_asks() -> None:
    careful = CarefulResolver(Names(), Reach(NAMED))
    for host in ("127.0.0.1", "::1", "10.0.0.7", "203.0.113.9"):
        assert looked_up(careful, host) == [host] * 3
    refused: list[Any] = ["0x7f000001", "8.8.8.8", "other.example.com", b"other.example.com", "api.", "127.1", "a b"]
    for host in refused:
        for ask in (lambda host: careful.getaddrinfo(host, 80), careful.gethostbyname, careful.gethostbyname_ex):
            with pytest.raises(HostRefused):
                ask(host)
    assert careful.close() == "closed"


def test_a_name_counts_for_what_it_leads_to() -> None:
    """A name without a dot may be anybody's; one that is named may be public, but never a metadata service."""
    names = Names(api=["10.0.0.7"], ai=["203.0.113.5"], slack=["169.254.169.254"], staging_example_com=["203.0.113.7"])
    careful = CarefulResolver(names, Reach(NAMED))
    assert looked_up(careful, "api") == ["10.0.0.7"] * 3
    assert looked_up(careful, "staging.example.com") == ["203.0.113.7"] * 3
    names._known["staging_example_com"] = ["169.254.169.254"]
    for host in ("ai", "slack", "staging.example.com"):
        with pytest.raises(HostRefused, match=r"it leads to .*, which is neither loopback nor private"):
            careful.getaddrinfo(host, 80)


def test_of_several_addresses_those_that_are_refused_are_left_out() -> None:
    rule = Reach(NAMED)
    assert rule.lead("api", ["8.8.8.8", "10.0.0.7", "::ffff:8.8.8.8", "fd00::1"]) == ["10.0.0.7", "fd00::1"]
    assert rule.lead("nobody", []) == []


TCP, UDP = socket.SOCK_STREAM, socket.SOCK_DGRAM
CONNECTS: dict[str, Callable[[str], Any]] = {
    "socket": lambda host: socket.socket().connect((host, 9)),
    "connect_ex": lambda host: socket.socket().connect_ex((host, 9)),
    "socket of C": lambda host: _socket.socket().connect((host, 9)),
    "bytes": lambda host: _socket.socket().connect((host.encode(), 9)),
    "UDP": lambda host: socket.socket(type=UDP).sendto(b"", (host, 9)),
    "UDP, connected": lambda host: socket.socket(type=UDP).connect((host, 9)),
    "message": lambda host: socket.socket(type=UDP).sendmsg([b""], [], 0, (host, 9)),
    "IPv6": lambda host: socket.socket(socket.AF_INET6).connect((f"::ffff:{host}", 9, 0, 0)),
}


# the kernel itself sends nothing to these, should the rule fail
@pytest.mark.parametrize("host", ["240.0.0.1", "0.0.0.0"])
@pytest.mark.parametrize("connect", CONNECTS.values(), ids=CONNECTS)
@pytest.mark.filterwarnings("ignore:unclosed")
def test_nothing_connects_to_an_address_that_is_refused(
    held: Callable[[Reach], None], connect: Callable[[str], Any], host: str
) -> None:
    """However the address was found: by a client's own look-up, before the name changed, or not at all."""
    held(Reach(NAMED))
    with pytest.raises(HostRefused, match="is not allowed as a target"):
        connect(host)


@pytest.mark.filterwarnings("ignore:unclosed")
def test_what_is_near_and_what_is_no_address_is_reached_as_ever(held: Callable[[Reach], None]) -> None:
    held(Reach({"staging.example.com", "localhost"}))
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), 5).close()
        # it is the socket that looks this one up, out of sight
        with pytest.raises(HostRefused, match="it was not looked up as others are"):
            _socket.socket().connect(("localhost", 9))
    first, second = socket.socketpair()
    with first, second:
        first.sendmsg([b"x"])
        assert second.recv(1) == b"x"
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as kernel:
        kernel.connect((0, 0))


def test_what_a_proxy_would_look_up_is_refused_by_its_name(held: Callable[[Reach], None]) -> None:
    held(Reach(NAMED))
    with (
        ScriptedServer() as server,
        Reported("http://shop.example.com", proxy=Proxy("127.0.0.1", server.port)) as client,
    ):
        assert client.get("/").status_code == 0
        assert "HostRefused: shop.example.com is not allowed as a target" in str(client.failures[0])
        client.base_url = "http://staging.example.com"
        assert client.get("/").status_code == 200
        assert len(server.requests) == 1


def test_an_address_is_reached_after_an_allowed_name_has_led_to_it(held: Callable[[Reach], None]) -> None:
    rule = Reach({"staging.example.com"})
    held(rule)
    with pytest.raises(HostRefused):
        rule.check("240.0.0.1")
    CarefulResolver(Names(staging_example_com=["240.0.0.1"]), rule).gethostbyname("staging.example.com")
    rule.check("240.0.0.1")
