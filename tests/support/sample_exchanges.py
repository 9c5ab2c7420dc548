"""Exchanges as a run keeps them: two failures, a task that died, and the slowest; one comes from a hostile service."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from lab.exchanges import exchange, taking
from lab.exchanges.keeping import Kept
from lab.exchanges.secrets import Known
from lab.results import files

BEGAN = 1795370012.25
_LIST = b'[{"name": "unit testing", "description": "checking a part by itself"}]'


def answered(status: int, body: bytes, sent: bytes = b"") -> Any:
    """What a client shows of an answer."""
    asked = {"Host": "api:5000", "User-Agent": "LeanHttpUser", "Authorization": "Bearer 5f3a9c21d07e"}
    method, path = ("POST", "/tests") if sent else ("GET", "/tests?limit=100")
    request = SimpleNamespace(method=method, url=f"http://api:5000{path}", headers=asked, body=sent)
    headers = {"Content-Type": "application/json", "X-Replica": "api-1", "Set-Cookie": "sid=77ab20c9; Path=/"}
    return SimpleNamespace(status_code=status, headers=headers, arrived=body, request=request)


def kept() -> Kept:
    """All of them."""
    found, known = Kept(), Known()
    sent = b'{"name": "load testing 5f3a-1", "description": "checking if it handles the expected load"}'
    busy = b'{"type": "about:blank", "title": "Service Unavailable", "status": 503, "detail": "the store is busy"}'
    failed: list[tuple[float, str, Any]] = [
        (31.5, "expected status 204, got 503", answered(503, busy, sent)),
        (10_000.0, "no answer: TimeoutError", SimpleNamespace(status_code=0, request=answered(0, b"", sent).request)),
    ]
    for time_ms, failure, response in failed:
        common: dict[str, Any] = {"at": BEGAN, "known": known, "time_ms": time_ms, "response": response}
        found.hear([taking.take(exchange.FAILURE, "POST /tests", failure=failure, **common)])
    slow: dict[str, Any] = {"at": BEGAN + 20, "known": known, "time_ms": 1840.0}
    found.hear([taking.take(exchange.SLOWEST, "GET /tests", response=answered(200, _LIST * 40), **slow)])
    try:
        {"items": 0}["total"]
    except KeyError as error:
        said = "KeyError: 'total'"
        found.hear([taking.take_exception("TASK Shopper.buy", said, error, at=BEGAN, known=known)])
    return found


def with_exchanges(folder: Path) -> Path:
    """The run's folder, with them in it."""
    files.write_json(folder / exchange.FILE, kept().document())
    return folder
