"""Hosts and URLs as the knobs name them. What is none is a ValueError that says what would be one."""

from __future__ import annotations

import re

from lab.reach.place import WrongUrl, host_of, parse

TRACE_ID = "{trace_id}"
"""What stands for the id in LAB_TRACE_URL."""


def hosts(text: str) -> frozenset[str]:
    """Names and addresses of hosts, apart by spaces or commas, each as it is compared (place.py)."""
    try:
        return frozenset(map(host_of, text.replace(",", " ").split()))
    except WrongUrl as error:
        raise ValueError(f"names and addresses such as shop.example.com and 203.0.113.9: {error}") from error


def urls(text: str) -> tuple[str, ...]:
    """URLs, apart by spaces."""
    try:
        return tuple(url for url in text.split() if parse(url, with_query=True))
    except WrongUrl as error:
        raise ValueError("URLs such as http://api:5000/metrics, apart by spaces") from error


def host_url(text: str) -> str:
    """The URL of a host, or nothing."""
    if text and not re.fullmatch(r"https?://[^/\s?#]+\S*", text):
        bare = re.sub(r"^\w*:?/*", "", text) if "/" in text else text
        raise ValueError(f"a URL such as http://{bare or 'api:5000'}")
    return text


def trace_url(text: str) -> str:
    """Where a trace is shown: a URL with {trace_id} in it, or nothing."""
    try:
        place = parse(text.replace(TRACE_ID, "0" * 32), with_query=True) if text else None
    except WrongUrl:
        place = None
    if text and (place is None or place.login or TRACE_ID not in text):
        raise ValueError("a URL with {trace_id} in it, such as https://tempo.internal/trace/{trace_id}")
    return text


def optional_port(text: str) -> int | None:
    """A port, or nothing."""
    if text and not (re.fullmatch(r"[0-9]{1,5}", text) and 0 < int(text) < 65536):
        raise ValueError("a port from 1 to 65535")
    return int(text) if text else None
