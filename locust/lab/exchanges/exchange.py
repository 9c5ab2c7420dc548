"""What is kept of a request: the same on a worker, in its messages, in exchanges.json, and on the pages."""

from __future__ import annotations

from typing import TypedDict

FILE = "exchanges.json"
FAILURE, SLOWEST, TRACED = "failure", "slowest", "traced"
"""Why an exchange is kept."""

MOST_LINE = 1000
"""Characters of a request's first line, which has the URL."""
MOST_HEADERS = 40
MOST_NAME, MOST_VALUE = 100, 300
"""Characters of a header's name and of its value."""
MOST_BODY = 2000
"""Characters of a body, or of a traceback, that are kept."""
MOST_FAILURE = 300


class Message(TypedDict):
    """A request or an answer. Texts are printable, and secrets in them are hidden."""

    line: str
    """Method and URL; of an answer its status."""
    headers: list[tuple[str, str]]
    body: str
    size: int | None
    """Bytes of the whole body; None where it was not read."""


class Exchange(TypedDict):
    """A request with its answer, each None as far as the client does not show it."""

    kept_as: str
    at: float
    """When it ended, by the master's clock (s since 1970)."""
    endpoint: str
    failure: str
    """Empty for a success."""
    time_ms: float | None
    request: Message | None
    answer: Message | None
    trace: str
    """Where an exception came from, for a task that one ended; else empty."""
    trace_id: str
    """What the request is found by in a tracing system (LAB_TRACE); empty where it carried none."""
