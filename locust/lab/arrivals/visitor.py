"""What users.py builds on: users that arrive, think and wait for answers as the knobs say, and knobs of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from locust import between

from lab.arrivals.source import OpenArrivals
from lab.journeys import Journeys
from lab.knobs import SettingsError, knob, number, share

__all__ = ["SettingsError", "Visitor", "knob", "number", "share"]


class Visitor(Journeys, OpenArrivals):
    """A user whose pace and patience are knobs; `class Reader(Visitor, LeanHttpUser)` adds the client.

    LAB_THINK_TIME passes between two of its tasks, an answer may take LAB_TIMEOUT, and with LAB_KEEP_ALIVE=false each
    request has a connection of its own. With LAB_ARRIVALS=open a user is a source of one visit a second, and each visit
    runs one task. A class that sets one of these attributes itself keeps its own value.
    """

    abstract = True
    connection_timeout: float
    network_timeout: float
    default_headers: Mapping[str, Any] | None

    @classmethod
    def set_up(
        cls,
        *,
        arrivals: str,
        arrival_spacing: str,
        think_seconds: tuple[float, float],
        timeout_seconds: float,
        keep_alive: bool,
    ) -> None:
        """Gives all visitors what the lab's knobs say; locustfile.py calls it before it loads users.py."""
        cls.arrivals, cls.arrival_spacing = arrivals, arrival_spacing
        cls.wait_time = between(*think_seconds)
        cls.connection_timeout = cls.network_timeout = timeout_seconds
        cls.default_headers = {} if keep_alive else {"Connection": "close"}
