"""A locustfile as Locust's documentation has it, on FastHttpUser and on ours: only the import is another."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.programs import locust
from tests.support.scripted_server import ScriptedServer, Talk, answer

if TYPE_CHECKING:
    from pathlib import Path

IMPORTS = {"theirs": "from locust import FastHttpUser", "ours": "from lab.client import LeanHttpUser as FastHttpUser"}


def serve(talk: Talk) -> None:
    while request := talk.request():
        path = request.split(b" ")[1]
        if path.startswith(b"/json"):
            body = request.partition(b"\r\n\r\n")[2] if b"null" in request else b'{"foo": 42, "bar": null}'
            talk.send(answer(body, "200 OK", "Content-Type: application/json"))
        elif path.startswith(b"/does_not"):
            talk.send(answer(b"", "404 Not Found"))
        else:
            talk.send(answer(b"Success", "200 OK", "Content-Type: text/plain"))


def run(folder: Path, imports: str) -> dict[str, Any]:
    (folder / "http_user.py").write_text(IMPORTS[imports])
    with ScriptedServer(*[serve] * 50) as server:
        options = ("--skip-log", "--only-summary", "--users", "3", "--spawn-rate", "100", "--run-time", "30s")
        done = locust("documented", *options, "--stop-timeout", "2", "--host", server.url, folder=folder)
        assert imports == "theirs" or server.connections == 2, "one for each user who got there"
        assert all(b"X-Client: quickstart" in one for one in server.requests if b" /item" in one)
    line = next((line for line in done.stdout.splitlines() if line.startswith("{")), None)
    assert line, done.stdout + done.stderr
    told: dict[str, Any] = json.loads(line)
    return told


def test_the_documented_locustfile_runs_with_only_the_import_changed(tmp_path: Path) -> None:
    told = {}
    for imports in IMPORTS:
        folder = tmp_path / imports
        folder.mkdir()
        told[imports] = run(folder, imports)
    theirs, ours = told["theirs"], told["ours"]
    assert ours["requests"] == theirs["requests"]
    assert len(ours["requests"]) > 15
    assert ours["errors"] == theirs["errors"] == []
    # the same failures at the same requests; what the network did has a name of its own here
    assert [one.partition(":")[0] for one in ours["failures"]] == [one.partition(":")[0] for one in theirs["failures"]]
    assert "GET refused: ConnectionRefused" in ours["failures"]
    assert "GET /does_not_exist/: BadStatus 404" in ours["failures"]
    same = ("asserted", "POST /json")
    assert [one for one in ours["failures"] if any(name in one for name in same)] == [
        one for one in theirs["failures"] if any(name in one for name in same)
    ]


@pytest.mark.parametrize("imports", IMPORTS)
def test_a_user_without_a_host_says_so(tmp_path: Path, imports: str) -> None:
    (tmp_path / "http_user.py").write_text(IMPORTS[imports])
    done = locust("hostless", "--users", "1", "--run-time", "1s", folder=tmp_path)
    assert "--host" in done.stderr
