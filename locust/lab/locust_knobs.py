"""Knobs of Locust's own that people set, read first: Locust would name an option that nobody has given."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from typing import Any

from lab.knobs import optional_count, optional_time, value_of


def optional_rate(text: str) -> float | None:
    """How many a second, more than none, or nothing."""
    if text and not (re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text) and float(text)):
        raise ValueError("a number above 0 such as 10 or 0.5")
    return float(text) if text else None


def optional_port(text: str) -> int | None:
    """A port, or nothing."""
    if text and not (re.fullmatch(r"[0-9]{1,5}", text) and 0 < int(text) < 65536):
        raise ValueError("a port from 1 to 65535")
    return int(text) if text else None


PORTS = ("LOCUST_WEB_PORT", "LOCUST_MASTER_BIND_PORT", "LOCUST_MASTER_NODE_PORT")
KNOBS: Mapping[str, Callable[[str], Any]] = {
    "LOCUST_USERS": optional_count,
    "LOCUST_SPAWN_RATE": optional_rate,
    "LOCUST_RUN_TIME": optional_time,
    **dict.fromkeys(PORTS, optional_port),
}


def check(environment: Mapping[str, str] = os.environ) -> None:
    """Raises SettingsError at the first that has a value that Locust would not take."""
    for name, read in KNOBS.items():
        value_of(name, read, "", environment)
