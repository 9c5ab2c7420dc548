"""No client reaches a host that load may not go to, though the host's name led to another one when it was checked."""

from __future__ import annotations

import json

from tests.support.programs import printed_by
from tests.support.scripted_server import ScriptedServer

CLIENTS = ("lean", "fast", "http", "socket", "urllib", "asyncio", "lab")


def test_a_name_that_changes_after_it_was_checked_helps_no_client() -> None:
    with ScriptedServer() as near, ScriptedServer(host="127.0.0.9", port=near.port) as forbidden:
        told = json.loads(printed_by("reach_out", str(near.port)))
        assert {name: first for name, (first, *_) in told.items()} == dict.fromkeys(CLIENTS, "200")
        for name, (_, second, literal) in told.items():
            assert "127.0.0.9" in second, (name, second)
            assert "is not allowed as a target" in second, (name, second)
            assert "127.0.0.9 is not allowed as a target" in literal, (name, literal)
        assert (near.connections, forbidden.connections) == (len(CLIENTS), 0)
