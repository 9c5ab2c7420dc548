"""Whose page asks: the UI's own, another site's, or none; and by which name was the UI found?

A name that its owner points at this machine (DNS rebinding) is to a browser a site of its own, with the UI's answers
in it. A page at another port of this machine is to it the same site, though not the same origin.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection
from urllib.parse import urlsplit

from werkzeug.datastructures import Headers

CHANGES_NOTHING = frozenset({"GET", "HEAD", "OPTIONS"})
_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(?::[0-9]{1,5})?", re.IGNORECASE)
_EVERYWHERE = frozenset({"", "*", "0.0.0.0", "::"})


def is_loopback(address: str) -> bool:
    """Whether only this machine reaches what listens at this address or name."""
    try:
        return address == "localhost" or ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


class Names:
    """The names by which the UI may be asked: those of loopback, where it is published, and those of LAB_UI_HOSTS.

    Where it is published on all addresses, any address is one of its own: it is names that can be pointed elsewhere.
    """

    def __init__(self, published: str, more: Collection[str] = ()) -> None:
        """`published` is the address, or the name, at which it is published."""
        self._names = frozenset({published, *more, "localhost"})
        self._any_address = published in _EVERYWHERE

    def has(self, host: str) -> bool:
        """Whether that is what a request for the UI may have in its Host."""
        match = _HOST.fullmatch(host)
        name = match["name"].lower().strip("[]") if match else ""
        if not name or name in self._names:
            return bool(name)
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        return self._any_address or is_loopback(name) or str(address) in self._names


def refusal(method: str, headers: Headers, names: Names) -> str | None:
    """Why the request is not answered, in a sentence; None where it is."""
    host = headers.get("Host", "")
    if not names.has(host):
        return f"{host[:100]!r} is no name of this lab's UI: add it to LAB_UI_HOSTS if it is yours"
    if method in CHANGES_NOTHING:
        # a link from elsewhere may lead here; nothing else of another site's page gets an answer that it could use
        is_navigation = method != "OPTIONS" and headers.get("Sec-Fetch-Mode") == "navigate"
        return None if is_navigation or _is_own(headers) else "a request from another site"
    origin = headers.get("Origin")
    if origin is not None and _netloc(origin) != host.lower():
        return "a request from another site"
    return None if _is_own(headers) else "a request from another site"


def _netloc(origin: str) -> str:
    """Host and port of an origin; empty for what is none, such as `null`."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def _is_own(headers: Headers) -> bool:
    """Whether the browser says that its own page asks, or that a person did; one that says nothing is no browser."""
    return headers.get("Sec-Fetch-Site", "none") in ("same-origin", "none")
