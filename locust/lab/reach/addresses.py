"""Where does what is sent to an address arrive, and is that near? Pure."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

Address = IPv4Address | IPv6Address

_NEAR = [
    ip_network(each)
    for each in (
        *("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7"),
        "198.18.0.0/15",  # for benchmarks of networks (RFC 2544); some container engines use it
    )
]
_NEVER = [
    ip_network(each)
    for each in (
        *("169.254.0.0/16", "fe80::/10", "0.0.0.0/32", "::/128", "224.0.0.0/4", "255.255.255.255/32", "ff00::/8"),
        # metadata services of clouds that are not link-local
        *("100.100.100.200/32", "168.63.129.16/32", "192.0.0.192/32", "fd00:ec2::254/128", "fd20:ce::254/128"),
    )
]
_STANDS_FOR_LAST = [ip_network(each) for each in ("::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96", "::/96")]
_SIX_TO_FOUR, _TEREDO, _LOCAL_NAT64 = (ip_network(each) for each in ("2002::/16", "2001::/32", "64:ff9b:1::/48"))
_ISATAP = (0x00005EFE, 0x02005EFE)


@lru_cache(maxsize=4096)
def address_of(host: str) -> Address | None:
    """The address that the text is; None where it is none."""
    with suppress(ValueError):
        return ip_address(host.partition("%")[0])
    return None


@lru_cache(maxsize=4096)
def is_near(address: Address) -> bool:
    """Whether it is loopback or private, and no metadata service."""
    return any(address in network for network in _NEAR) and not is_never(address)


@lru_cache(maxsize=4096)
def is_never(address: Address) -> bool:
    """Whether no load goes there, whatever leads to it, unless the address itself is named."""
    return any(address in network for network in _NEVER)


def stands_for(address: Address) -> Sequence[Address]:
    """Where what is sent to the address arrives: at the IPv4 addresses in it, where it has some."""
    if isinstance(address, IPv4Address):
        return (address,)
    number = int(address)
    last = IPv4Address(number & 0xFFFFFFFF)
    if number > 1 and any(address in network for network in _STANDS_FOR_LAST):
        return (last,)
    if address in _SIX_TO_FOUR:
        return (IPv4Address(number >> 80 & 0xFFFFFFFF),)
    if address in _TEREDO:
        return IPv4Address(number >> 64 & 0xFFFFFFFF), IPv4Address(~number & 0xFFFFFFFF)
    if number >> 32 & 0xFFFFFFFF in _ISATAP or address in _LOCAL_NAT64:
        return address, last
    return (address,)
