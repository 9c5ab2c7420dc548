"""Bodies of Locust's own clients are bounded as those of LeanHttpUser are, and all else of them is as ever."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any

import pytest
import requests
from locust.contrib.fasthttp import FastResponse

from lab.client import room
from lab.engine import other_clients
from tests.logic.test_client_room import MOST, bomb, endless
from tests.support.lean import Environment, FastHttpUser, HttpUser
from tests.support.scripted_server import GOOD, ScriptedServer, Talk, answer, replies

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(autouse=True)
def _bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "LEAST_BYTES", MOST)
    monkeypatch.setattr(room, "TIDIES_EVERY_SECONDS", 0.0)
    monkeypatch.setattr(FastResponse, "_content", FastResponse._content)
    monkeypatch.setattr(requests.Response, "content", requests.Response.content)
    other_clients.bound()


CASES: dict[str, tuple[Callable[[Talk], None], int | None]] = {
    "endless": (endless, None),
    "a bomb": (bomb("gzip", gzip.compress(bytes(100 * MOST), compresslevel=1)), None),
    "long": (replies(answer(bytes(900_000))), 900_000),
    "encoded": (bomb("gzip", gzip.compress(b"good" * 1000)), 4000),
    "empty": (replies(answer(b"", "204 No Content")), 0),
    "good": (replies(GOOD), 4),
}


@pytest.mark.parametrize("kind", [HttpUser, FastHttpUser])
@pytest.mark.parametrize(("script", "length"), CASES.values(), ids=CASES)
def test_a_body_is_read_up_to_the_bound(kind: type[Any], script: Callable[[Talk], None], length: int | None) -> None:
    reports: list[dict[str, Any]] = []
    with ScriptedServer(script) as server:
        environment = Environment()
        environment.events.request.add_listener(lambda **report: reports.append(report))
        client = type("Visitor", (kind,), {"host": server.url})(environment).client
        first, second = client.get("/"), client.get("/")
        assert (first.content or b"")[:4] in (b"", b"good", bytes(4))
        assert second.content == b"good"
        (client if hasattr(client, "close") else client.client.clientpool).close()
    failed, last = (report["exception"] for report in reports)
    assert last is None
    if length is None:
        assert repr(failed).startswith("BodyTooLarge: ")
    else:
        assert (failed, reports[0]["response_length"], len(first.content or b"")) == (None, length, length)
