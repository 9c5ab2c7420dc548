"""A call of a user's client, and what a task sees of its response."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

Ask = Callable[[Any], Any]


class Call(NamedTuple):
    """A named call: what it does with a user, and the default headers of its class."""

    name: str
    ask: Ask
    default_headers: dict[str, Any] | None = None


def look(response: Any) -> dict[str, Any]:
    """What a task sees of a response."""
    seen: dict[str, Any] = {"status": response.status_code, "url": response.url.partition("/")[2]}
    seen |= {"content": response.content, "text": response.text, "x-server": (response.headers or {}).get("X-Server")}
    try:
        seen["json"] = repr(response.json())
    except (ValueError, TypeError):
        seen["json"] = "none"
    seen["history"] = [each.status_code for each in response.history] if response.status_code else []
    seen["asked"] = response.request.method
    return seen


def to(method: str, path: str, **options: Any) -> Ask:
    """Asks and looks."""
    return lambda user: look(user.client.request(method, path, **options))
