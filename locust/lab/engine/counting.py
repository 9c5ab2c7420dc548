"""Counts what Locust's request event says, whoever fires it: every request once, with its name grouped and bounded."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lab.engine.answers import describe, replica_of, status_of
from lab.ledger.writes import writes

if TYPE_CHECKING:
    from locust.stats import RequestStats

    from lab.counts.names import Names
    from lab.counts.recorder import Recorder

NO_TIME = "the event has no response time, so it cannot be measured"


class Counting:
    """A listener of the request event, in place of Locust's own."""

    def __init__(self, recorder: Recorder, stats: RequestStats, names: Names) -> None:
        self._recorder, self._stats, self._names = recorder, stats, names

    def on_request(  # noqa: PLR0913, PLR0917 - what Locust says of a request, by its names
        self,
        request_type: str,
        name: str,
        response_time: float | None,
        response_length: int | None = 0,
        exception: Any = None,
        response: Any = None,
        context: Mapping[str, Any] | None = None,
        service_time: float | None = None,
        url: str | None = None,
        **_: Any,
    ) -> None:
        recorder, replica, failed = self._recorder, replica_of(response), bool(exception)
        request_type, name = self._names.counted(request_type, name, url)
        # of open arrivals alone (lab/arrivals/visit.py)
        if service_time is not None and recorder.waits(service_time, time.monotonic()) and not failed:
            recorder.succeed_closed(request_type, name, service_time, replica)
        if context:
            writes.note(context, status_of(response), replica or "", is_wrong=failed)
        if not isinstance(response_time, (int, float)):
            response_time = None
        if not failed and response_time is not None:
            recorder.succeed(request_type, name, response_time, response_length or 0, replica)
            return
        # what is rare goes into Locust's tables as Locust does it
        self._stats.log_request(request_type, name, response_time, response_length or 0)  # type: ignore[arg-type]
        reason = exception if failed else NO_TIME
        self._stats.log_error(request_type, name, reason)
        recorder.fail(request_type, name, describe(reason), replica)
