"""LeanHttpUser does what FastHttpUser does: hundreds of calls by both to one server, and every difference named."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.client_answers import serve
from tests.support.client_call import Call
from tests.support.client_calls import calls
from tests.support.lean import Environment, FastHttpUser, LeanHttpUser
from tests.support.scripted_server import ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Iterator

CALLS = list(calls())
OWN_AGENT = re.compile("LeanHttpUser|python/gevent-http-client-.*")
"""Each client names itself."""
DIFFERENCES = {
    r"(body|kind|default kind) \w+ form-(none|list)": (
        "as HttpUser: a field for each value, none for None; FastHttpUser sends Python's text of them"
    ),
    r"(|default )header (over default )?none": "as HttpUser: a header of None is left out; FastHttpUser sends 'None'",
    r"default header encoding": "the class's own Accept-Encoding counts; FastHttpUser puts its own in its place",
    r"path 11": "a path that begins with two slashes is sent as it is; FastHttpUser refuses it",
    r"params .*": "the URL of a response and of a report has its parameters, as HttpUser's",
    r"charset \S+ text/plain; charset=no-such": "an unknown charset is read as UTF-8; FastHttpUser raises LookupError",
    r"status (299|300|305)( raise_for_status)?": "as HttpUser: failures begin at 400; FastHttpUser lists good ones",
    r"encoding broken-gzip": "an undecodable body is a counted failure; in FastHttpUser it also ends the task",
    r"redirect to another host": "load stays on the host that was allowed as a target",
}
"""What differs, by a pattern of the calls' names, and why."""


def test_there_are_calls_enough_and_each_has_a_name() -> None:
    assert len(CALLS) >= 300
    assert len({call.name for call in CALLS}) == len(CALLS)


@pytest.fixture(scope="module")
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer(*[serve] * 5000) as running:
        yield running


def outcome(base: type[Any], call: Call, server: ScriptedServer) -> dict[str, Any]:
    """What the server received, what Locust heard, and what the task got."""
    environment, reports = Environment(), []
    environment.events.request.add_listener(lambda **report: reports.append(report))
    server.requests.clear()
    members = {"host": server.url, "default_headers": call.default_headers, "max_redirects": 3, "network_timeout": 5}
    user = type("Visitor", (base,), members)(environment)
    try:
        got = call.ask(user)
    except Exception:  # noqa: BLE001 - whatever a task would get
        got = "raised"
    user.client.client.clientpool.close()
    return {
        "received": [received(request) for request in server.requests],
        "reported": [reported(report) for report in reports],
        "got": got,
    }


def received(request: bytes) -> dict[str, Any]:
    """A request as far as it has a meaning: header names have no case, JSON has no spaces, boundaries have no name."""
    head, _, body = request.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = sorted(
        (name.lower(), OWN_AGENT.sub("agent", value)) for name, value in (line.split(": ", 1) for line in lines)
    )
    kind = dict(headers).get("content-type", "")
    if boundary := re.search("boundary=([0-9a-f]{32})$", kind):
        body = body.replace(boundary[1].encode(), b"boundary")
        headers = [(name, value.replace(boundary[1], "boundary")) for name, value in headers]
    content: Any = body
    if body[:1] in {b"{", b"["}:
        content = repr(json.loads(body))
        headers = [(name, "" if name == "content-length" else value) for name, value in headers]
    return {"line": first, "headers": headers, "body": content}


def reported(report: dict[str, Any]) -> dict[str, Any]:
    """A report without its times; how failures are named is each client's own."""
    return {
        **{name: report[name] for name in ("request_type", "name", "context", "response_length")},
        "url": report["url"].partition("//")[2].partition("/")[2],
        "failed": report["exception"] is not None,
    }


def test_every_difference_has_its_reason(server: ScriptedServer) -> None:
    unexplained, used = {}, set()
    for call in CALLS:
        stock, ours = outcome(FastHttpUser, call, server), outcome(LeanHttpUser, call, server)
        if stock == ours:
            continue
        reasons = [pattern for pattern in DIFFERENCES if re.fullmatch(pattern, call.name)]
        used.update(reasons)
        if not reasons:
            unexplained[call.name] = {part: (stock[part], ours[part]) for part in stock if stock[part] != ours[part]}
    assert unexplained == {}
    assert used == set(DIFFERENCES), "a difference that is none any more"
