"""The lab's own locustfile, on a worker that finds no name any more after some seconds, where ORPHANED says so."""

from __future__ import annotations

import os
import socket
from typing import Any

import gevent
from locust import events

from locustfile import *  # noqa: F403 - all that Locust finds there

SECONDS = 3


def find_nothing(*_: Any, **__: Any) -> Any:
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


def lose_names() -> None:
    resolver: Any = gevent.get_hub().resolver
    resolver.getaddrinfo = find_nothing


@events.test_start.add_listener
def on_test_start(**_: Any) -> None:
    if os.environ.get("ORPHANED"):
        gevent.spawn_later(SECONDS, lose_names)
