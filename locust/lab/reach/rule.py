"""The one rule of where load may go, and what holds this process to it at each connect."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from lab.reach.addresses import Address, address_of, is_near, is_never, stands_for
from lab.reach.place import WrongUrl, host_of, parse, short

MOST_LED = 10_000
"""Addresses that names of LAB_ALLOWED_HOSTS may lead to."""
_GOES_OUT = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})


class HostRefused(OSError):  # noqa: N818 - its name is what the report shows
    """A client asked a host that no load may go to; the message says why."""


def refusal(url: str, allowed_hosts: Iterable[str]) -> str | None:
    """Why no load may go to this URL; None for loopback, private addresses, one-label names and allowed hosts.

    >>> refusal("http://api:5000", frozenset()), refusal("http://10.0.0.7", frozenset())
    (None, None)
    """
    try:
        host = parse(url, with_query=True).host
    except WrongUrl as error:
        return str(error)
    return Reach(allowed_hosts).refusal(host)


class Reach:
    """The rule, with what LAB_ALLOWED_HOSTS adds to it: names and addresses, spelled as `host_of` has them."""

    def __init__(self, allowed_hosts: Iterable[str]) -> None:
        self._allowed = frozenset(allowed_hosts)
        self._led: dict[str, None] = {}

    def refusal(self, host: str) -> str | None:
        """Why nothing may be asked of the host, by its name or address alone; None where that may be so."""
        try:
            host = host_of(host)
        except WrongUrl as error:
            return str(error)
        if host in self._allowed:
            return None
        address = address_of(host)
        if "." not in host if address is None else self._is_open(address):
            return None
        return (
            f"{short(host)} is not allowed as a target: load goes to loopback and private addresses and to Compose "
            f"services; add it to LAB_ALLOWED_HOSTS if it is yours to load"
        )

    def lead(self, host: str, addresses: Iterable[str]) -> list[str]:
        """Of the addresses that a name has, those that may be asked. Raises HostRefused where that is none of them.

        A name that is allowed may lead anywhere but to what no load ever goes to, unless that is named as well.
        """
        found = list(dict.fromkeys(addresses))
        kept = [each for each in found if self._leads(host, each)]
        if found and not kept:
            raise HostRefused(
                f"{short(host)} is not allowed as a target: it leads to {found[0]}, which is neither loopback nor "
                "private; add that address to LAB_ALLOWED_HOSTS if it is yours to load"
            )
        return kept

    def _leads(self, host: str, text: str) -> bool:
        address = address_of(text)
        if address is None or self._is_open(address):
            return address is not None
        if host not in self._allowed or any(map(is_never, stands_for(address))):
            return False
        if len(self._led) >= MOST_LED:
            self._led.clear()
        self._led[str(address)] = None
        return True

    def check(self, host: str) -> None:
        """Raises HostRefused where no connection may be made to this address, or to what is none."""
        address = address_of(host)
        if address is None:
            # a name, which the socket itself would look up: nobody would see where it leads
            raise HostRefused(
                f"{short(host) or 'no host'} is not allowed as a target: it was not looked up as others are"
            )
        if not self._is_open(address) and str(address) not in self._led and str(address) not in self._allowed:
            raise HostRefused(self.refusal(host) or host)

    def _is_open(self, address: Address) -> bool:
        return all(is_near(each) or str(each) in self._allowed for each in stands_for(address))


class _Held:
    """The rule that this process is held to, and who sees its connections."""

    rule: Reach | None = None
    seen: Callable[[Any, tuple[Any, ...]], None] | None = None


def hold_to(rule: Reach | None) -> None:
    """From now on no Python code in this process connects to an address that the rule refuses: HostRefused instead.

    It sees the address itself, at each connect, so it does not matter who has looked up which name, when, and how.
    Without a rule, everything is reached again.
    """
    _Held.rule = rule
    _watch()


def see_connects(seen: Callable[[Any, tuple[Any, ...]], None]) -> None:
    """From now on `seen` is called with each connection to a host that Python code in this process begins."""
    _Held.seen = seen
    _watch()


def check_name(host: str) -> None:
    """Raises HostRefused where this process is held to a rule that refuses the host: for those whom others look up."""
    if _Held.rule and (problem := _Held.rule.refusal(host)):
        raise HostRefused(problem)


@cache
def _watch() -> None:
    sys.addaudithook(_on_event)


def _on_event(event: str, arguments: tuple[Any, ...]) -> None:
    if event in _GOES_OUT and _Held.rule:
        address = arguments[1]
        # a path leads to a socket of this machine, a number to no network; without one it goes to who is connected
        host = address[0] if isinstance(address, tuple) and address else None
        if isinstance(host, (str, bytes, bytearray)):
            _Held.rule.check(host if isinstance(host, str) else host.decode("latin-1"))
            if _Held.seen and event == "socket.connect" and isinstance(address, tuple) and len(address) > 1:
                _Held.seen(arguments[0], address)
