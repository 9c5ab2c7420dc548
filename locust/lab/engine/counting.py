"""Counts what Locust's request event says, whoever fires it: every request once, with its name grouped and bounded."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lab.counts.names import MOST_LETTERS, MOST_TYPE_LETTERS, Names
from lab.engine.answers import describe, replica_of, status_of
from lab.exchanges.keeping import Keeping
from lab.exchanges.secrets import Known
from lab.journeys.visiting import fail_open_journeys, visiting
from lab.ledger.writes import writes
from lab.printable import printable

if TYPE_CHECKING:
    from locust.stats import RequestStats

    from lab.counts.recorder import Recorder
    from lab.counts.templates import Templates

MOST = 1e12
MOST_TYPES = 100
"""Of requests, such as GET, that are told apart."""
NO_TIME = "the event has no response time, so it cannot be measured"
REPLACED = "the scenario has replaced a clock of Python's (time.perf_counter, time.monotonic or time.time)"
NOT_ITS_CLOCKS = f"{REPLACED}, as freezegun does, so it cannot be measured"
_PERF_COUNTER, _MONOTONIC, _TIME = time.perf_counter, time.monotonic, time.time


class Counting:
    """A listener of the request event, in place of Locust's own."""

    def __init__(
        self, recorder: Recorder, stats: RequestStats, templates: Templates, exchanges: Keeping | None = None
    ) -> None:
        self._recorder, self._stats, self._templates = recorder, stats, templates
        self._types = Names(MOST_TYPES, MOST_TYPE_LETTERS)
        self._exchanges = exchanges or Keeping(Known())

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
        recorder, failed, request_type = self._recorder, bool(exception), self._types.kept(str(request_type))
        name, replica = recorder.kept(self._templates.of(str(name), url), replica_of(response))
        endpoint = request_type, name, replica, visiting()
        time_ms, unmeasured = _measured(response_time)
        length = _amount(response_length) or 0
        # of open arrivals alone (lab/arrivals/visit.py)
        if service_time is not None and recorder.waits(service_time, time.monotonic()) and not failed:
            recorder.succeed_closed(endpoint, service_time)
        if context:
            writes.note(context, status_of(response), replica or "", is_wrong=failed)
        if not failed and time_ms is not None:
            recorder.succeed(endpoint, time_ms, int(length))
            if time_ms > (exchanges := self._exchanges).slow.get((request_type, name), exchanges.slow_from):
                exchanges.take_slow((request_type, name), time_ms, response, url)
            return
        # what is rare goes into Locust's tables as Locust does it
        self._stats.log_request(request_type, name, time_ms, int(length))  # type: ignore[arg-type]
        reason = exception if failed else unmeasured
        text = self._exchanges.known.shown(said := describe(reason))
        self._stats.log_error(request_type, name, _shown(reason) if text == said else text)
        recorder.fail(endpoint, text)
        fail_open_journeys(f"{request_type} {name}: {text}")
        self._exchanges.take_failed((request_type, name), time_ms, text, response, url)


def has_its_clocks() -> bool:
    """Whether all clients take the time as they did when the lab came up, before the scenario was there."""
    return time.perf_counter is _PERF_COUNTER and time.monotonic is _MONOTONIC and time.time is _TIME


def _measured(response_time: object) -> tuple[float | None, str]:
    """The time of a success, or none, and why there is none."""
    return (_amount(response_time), NO_TIME) if has_its_clocks() else (None, NOT_ITS_CLOCKS)


def _shown(reason: object) -> str:
    """The reason of a failure as Locust's own tables have it."""
    return printable(reason if isinstance(reason, str) else repr(reason), MOST_LETTERS)


def _amount(figure: object) -> float | None:
    """The figure where it can be one of an answer: the master takes no report with another in it."""
    return figure if isinstance(figure, (int, float)) and 0 <= figure < MOST else None
