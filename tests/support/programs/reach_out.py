"""What each kind of client gets of a host that leads elsewhere as soon as it has been checked.

    python reach_out.py PORT

127.0.0.9 stands for an address that load may not go to: a server listens there, and at 127.0.0.1, at this port.
"""

from __future__ import annotations

import os

os.environ["LOCUST_SKIP_MONKEY_PATCH"] = "1"

from gevent import monkey

monkey.patch_all()

import asyncio
import json
import sys
import urllib.request
from collections import defaultdict
from collections.abc import Callable
from ipaddress import ip_network
from typing import Any

import gevent
from gevent import socket
from locust import FastHttpUser, HttpUser
from locust.env import Environment

from lab.asking.asker import Asker
from lab.client import LeanHttpUser
from lab.engine import targets
from lab.reach import addresses

PORT = int(sys.argv[1])
FORBIDDEN = "127.0.0.9"
addresses._NEAR[:] = [each for each in addresses._NEAR if str(each) != "127.0.0.0/8"]
addresses._NEAR.append(ip_network("127.0.0.1/32"))


class Fickle:
    """Where names lead: first to where they may, and then to where they may not."""

    def __init__(self, behind: Any) -> None:
        self._behind, self._asked = behind, defaultdict[str, int](int)

    def getaddrinfo(self, host: str, port: Any, *_: object, **__: object) -> list[Any]:
        self._asked[host] += 1
        address = host if host[0].isdigit() else "127.0.0.1" if self._asked[host] == 1 else FORBIDDEN
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._behind, name)


hub = gevent.get_hub()
hub.resolver = Fickle(hub.resolver)  # type: ignore[assignment] # it stands in for it
targets.hold_to(frozenset())


def user(kind: type[Any]) -> Callable[[str], str]:
    def ask(host: str) -> str:
        client = type("Visitor", (kind,), {"host": f"http://{host}:{PORT}", "abstract": False})(Environment()).client
        with client.get("/", catch_response=True, headers={"Connection": "close"}) as response:
            return str(response.status_code or getattr(response, "error", None) or response)

    return ask


def plain(host: str) -> str:
    with socket.create_connection((host, PORT), 5) as connection:
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
        return connection.recv(12).split()[1].decode()


def library(host: str) -> str:
    with urllib.request.urlopen(f"http://{host}:{PORT}/", timeout=5) as answer:
        return str(answer.status)


def lab(host: str) -> str:
    with Asker(f"http://{host}:{PORT}") as asker:
        return str(asker.ask("GET", "/", 5).status)


async def _cooperative(host: str) -> str:
    reader, writer = await asyncio.open_connection(host, PORT)
    writer.write(b"GET / HTTP/1.0\r\n\r\n")
    said = (await reader.read(12)).split()[1].decode()
    writer.close()
    return said


CLIENTS: dict[str, Callable[[str], str]] = {
    "lean": user(LeanHttpUser),
    "fast": user(FastHttpUser),
    "http": user(HttpUser),
    "socket": plain,
    "urllib": library,
    "asyncio": lambda host: asyncio.run(_cooperative(host)),
    "lab": lab,
}


def outcome(ask: Callable[[str], str], host: str) -> str:
    try:
        return ask(host)
    except Exception as error:  # noqa: BLE001 - whatever a client makes of a refusal
        return f"{type(error).__name__}: {error}"


print(
    json.dumps(
        {
            # a name by client, asked twice, and then the address itself
            name: [outcome(ask, f"{name}-fickle"), outcome(ask, f"{name}-fickle"), outcome(ask, FORBIDDEN)]
            for name, ask in CLIENTS.items()
        }
    )
)
