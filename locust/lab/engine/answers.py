"""What a request's answer says of itself: which replica gave it, and what went wrong."""

from __future__ import annotations

from typing import Any

from locust.exception import RescheduleTask, StopUser

from lab.counts.names import MOST_REPLICA_LETTERS


def replica_of(response: Any) -> str | None:
    """Which replica answered, by its X-Replica; "" where the answer does not say, None where there was no answer."""
    if not getattr(response, "status_code", 0):
        return None
    headers = response.headers
    return (headers.get("X-Replica") or "")[:MOST_REPLICA_LETTERS] if headers is not None else ""


def describe(exception: BaseException) -> str:
    """The failure in one line, without what differs from request to request."""
    if isinstance(exception, (RescheduleTask, StopUser)):
        return type(exception).__name__
    text = str(exception).strip().splitlines()
    return text[0][:200] if text else type(exception).__name__
