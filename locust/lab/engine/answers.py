"""What a request's answer says of itself: which replica gave it, and what went wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from locust.exception import RescheduleTask, StopUser

from lab.counts.names import replica_name
from lab.printable import one_line
from lab.reach import HostRefused

_ADDRESS = re.compile(r" object at 0x[0-9a-f]+")
MOST_CAUSES = 10


def replica_of(response: Any) -> str | None:
    """Which replica answered, by its X-Replica; "" where the answer does not say, None where there was no answer."""
    if not status_of(response):
        return None
    try:
        name = response.headers.get("X-Replica")
    except Exception:  # noqa: BLE001 - a client of the scenario's own may report whatever object it likes
        return ""
    return replica_name(name) if isinstance(name, str) else ""


def status_of(response: Any) -> int:
    """The answer's HTTP status; 0 where there is none."""
    try:
        return int(response.status_code or 0)
    except Exception:  # noqa: BLE001 - as above
        return 0


def describe(exception: object) -> str:
    """The failure in one line, without what differs from request to request."""
    if isinstance(exception, (RescheduleTask, StopUser)):
        return type(exception).__name__
    if isinstance(exception, BaseException) and (refused := _refused(exception)):
        return one_line(f"HostRefused: {refused}")
    return one_line(_ADDRESS.sub("", str(exception))) or type(exception).__name__


def _refused(error: BaseException) -> HostRefused | None:
    """That a host was refused, however deep in the error of a client that says of it in its own words."""
    deep = islice(causes(error), MOST_CAUSES + 1)
    return next((each for each in deep if isinstance(each, HostRefused)), None)


def causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what caused it, the innermost last: clients wrap errors in words of their own, and in arguments."""
    found: BaseException | None = error
    while found is not None:
        yield found
        inner = found.__cause__ or found.__context__ or getattr(found, "reason", None)
        if not isinstance(inner, BaseException):
            inner = next((argument for argument in found.args if isinstance(argument, BaseException)), None)
        found = inner
