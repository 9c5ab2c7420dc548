"""A URL in its parts: read once, and rebuilt in ASCII so that no other parser has anything left to read otherwise."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple
from urllib.parse import quote

import idna

from lab.printable import printable

MOST_LETTERS = 2000
"""Of a URL."""

_URL = re.compile(
    r"(?P<scheme>https?)://(?:(?P<login>[\w.~!$&'()*+,;=:%-]*)@)?"
    r"(?P<host>\[[0-9a-f:.]+\]|[^\[\]/?#@\\:%]+)(?::(?P<port>[0-9]{1,5}))?(?P<path>(?:/[^?#\\]*)?)(?P<query>\?[^#\\]*)?",
    re.ASCII | re.IGNORECASE,
)
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_BROKEN = re.compile(r"\s|%(?![0-9A-Fa-f]{2})")
_PATH = re.compile(r"/(?!/)(?:[a-z0-9._~!$&'()*+,;=:@/-]|%(?![01]|7f|2f|5c)[0-9a-f]{2})*", re.ASCII | re.IGNORECASE)
_SAFE = "/?%:@!$&'()*+,;=~-._"
_EXAMPLE = "it takes a URL such as http://api:5000"


class WrongUrl(ValueError):  # noqa: N818 - its name says what is wrong
    """A text that is no URL which every parser reads alike; the message says what is wrong with it."""


class Place(NamedTuple):
    """A URL in its parts: lower-case ASCII host (an IPv6 address without brackets), path with its query, or empty."""

    scheme: str
    login: str
    host: str
    port: int | None
    path: str

    @property
    def url(self) -> str:
        """The URL, rebuilt."""
        return self._rebuilt(f"{self.login}@" if self.login else "")

    @property
    def shown(self) -> str:
        """The same without user and password."""
        return self._rebuilt("")

    @property
    def origin(self) -> tuple[str, str, int]:
        """Scheme, host and port."""
        return self.scheme, self.host, self.port or (443 if self.scheme == "https" else 80)

    @property
    def authority(self) -> str:
        """Host and port, as in a Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}" if self.port else host

    def _rebuilt(self, login: str) -> str:
        return f"{self.scheme}://{login}{self.authority}{self.path}"


def parse(url: str, *, with_query: bool = False) -> Place:
    """The parts of the URL of a service. Raises WrongUrl for what one parser could read otherwise than the next."""
    if len(url) > MOST_LETTERS or url != printable(url) or _BROKEN.search(url):
        raise WrongUrl(f"{short(url)} is no target: {_EXAMPLE}, without spaces and control characters")
    found = _URL.fullmatch(url)
    if found is None or (found["query"] and not with_query):
        raise WrongUrl(f"{short(url) or 'an empty host'} is no target: {_EXAMPLE}")
    scheme, login, host, port, path, query = found.groups(default="")
    if port and not 0 < int(port) < 65536:
        raise WrongUrl(f"{short(url)} is no URL: a port is a number from 1 to 65535")
    path = quote(path.rstrip("/") + query, _SAFE)
    return Place(scheme.lower(), login, host_of(host), int(port) if port else None, path)


def host_of(text: str) -> str:
    """The host as it is kept: an address in its usual spelling, or a name in ASCII (IDNA). Raises WrongUrl."""
    if text.startswith("[") or ":" in text:
        try:
            address = IPv6Address(text.strip("[]").partition("%")[0])
            return str(address.ipv4_mapped or address)
        except ValueError:
            raise WrongUrl(f"{short(text)} is no address") from None
    name = text.lower() if text.isascii() else _in_ascii(text)
    labels = name.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        try:
            return str(IPv4Address(name))
        except ValueError:
            raise WrongUrl(
                f"{short(text)} is not allowed as a target: some read it as an address, and others do not; "
                "write it like 127.0.0.1"
            ) from None
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        ends = ": it ends with a dot" if name.endswith(".") else ""
        raise WrongUrl(f"{short(text)} is no name of a host{ends}")
    return name


def _in_ascii(name: str) -> str:
    try:
        return idna.encode(name, uts46=True, std3_rules=True).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError):
        raise WrongUrl(f"{short(name)} is no name of a host") from None


def path_problem(path: object) -> str | None:
    """Why this is no plain path on the service's own origin, in which every parser finds the same; None where it is.

    >>> path_problem("/tests"), path_problem("//host/x")
    (None, "'//host/x' is no path of its own: it takes one such as /tests")
    """
    if isinstance(path, str) and len(path) <= MOST_LETTERS and _PATH.fullmatch(path):
        return None
    return f"{short(str(path))!r} is no path of its own: it takes one such as /tests"


def short(text: str, most: int = 100) -> str:
    """What a message shows of a text: no password, nothing strange, and not too much."""
    return printable(re.sub(r"(?<=//)[^/@]*@", "…@", text), most)
