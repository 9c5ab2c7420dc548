"""The worker's part: counts every answer, hands everything in before it leaves, and leaves after the master."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import gevent
from locust.exception import RescheduleTask, StopUser
from locust.runners import WorkerRunner

from lab.counts.recorder import Recorder, rows
from lab.engine import locust_tables
from lab.engine.dispatch import remember_default_options
from lab.generator.vitals import Vitals
from lab.ledger.writes import writes

if TYPE_CHECKING:
    from collections.abc import Callable

    from locust.env import Environment
    from locust.event import EventHook

log = logging.getLogger(__name__)

REPORT = "lab"
"""Where in Locust's own report travels what a worker has to say: {"answers": rows of the recorder, "writes": …,
"health": what its vitals drained}."""
RUN = "lab_run"
"""Which of Locust's options holds the id of the run: they travel from the master to the workers."""
MASTER_LEAVES_WITHIN_SECONDS = 15


class Worker:
    """Joins the recorder to Locust's events on a worker."""

    def __init__(self, environment: Environment) -> None:
        assert isinstance(environment.runner, WorkerRunner)
        self.environment, self.runner = environment, environment.runner
        remember_default_options()
        self.recorder = Recorder()
        self.vitals = Vitals(lambda: self.runner.user_count)
        self.vitals.start()
        self._dismissed = False
        # a worker that saw failed requests did its work: what they mean is for the master to say
        environment.process_exit_code = 0
        events = environment.events
        _replace_count_of_locust(events.request, self._on_request)
        # before Locust writes its report: its tables are filled here
        events.report_to_master._handlers.insert(0, self._on_report)
        events.test_start.add_listener(self._on_test_start)
        events.test_stop.add_listener(self._on_test_stop)
        events.quitting.add_listener(self._on_quitting)
        events.quit.add_listener(self._on_quit)

    def _on_test_start(self, **_: Any) -> None:
        self.recorder.drain()
        self.vitals.begin()
        writes.begin(getattr(self.environment.parsed_options, RUN, ""), max(0, self.runner.worker_index))

    def _on_request(  # noqa: PLR0913, PLR0917 - what Locust says of a request, by its names
        self,
        request_type: str,
        name: str,
        response_time: float | None,
        response_length: int,
        exception: BaseException | None = None,
        response: Any = None,
        context: Mapping[str, Any] | None = None,
        service_time: float | None = None,
        **_: Any,
    ) -> None:
        replica = replica_of(response)
        # of open arrivals alone (lab/arrivals/visit.py)
        if service_time is not None and self.recorder.waits(service_time, time.monotonic()) and exception is None:
            self.recorder.succeed_closed(request_type, name, service_time, replica)
        if context:
            status = getattr(response, "status_code", 0) or 0
            writes.note(context, status, replica or "", is_wrong=exception is not None)
        if exception is None and response_time is not None:
            self.recorder.succeed(request_type, name, response_time, response_length, replica)
            return
        # what is rare goes into Locust's tables as Locust does it
        self.runner.stats.log_request(request_type, name, response_time, response_length)  # type: ignore[arg-type]
        if exception is not None:
            self.runner.stats.log_error(request_type, name, exception)  # type: ignore[arg-type]
            self.recorder.fail(request_type, name, describe(exception), replica)

    def _on_report(self, data: dict[str, Any], **_: Any) -> None:
        counts = self.recorder.drain()
        locust_tables.fill(self.runner.stats, counts)
        data[REPORT] = {
            "answers": list(rows(counts)),
            "writes": writes.drain(),
            "health": self.vitals.drain(),
        }

    def _on_test_stop(self, **_: Any) -> None:
        writes.hand_in()
        # before Locust says "stopped": the master counts nothing after that
        self.runner._send_stats()
        # all users have stopped: nothing is left to wait for before the worker is ready again; a start sets it anew
        self.environment.stop_timeout = 0.0

    def _on_quitting(self, **_: Any) -> None:
        # Locust ends the runner's greenlets on the master's word, and leaves them be on a signal
        self._dismissed = not len(self.runner.greenlet)
        self.runner.stop()

    def _on_quit(self, **_: Any) -> None:
        """Stays until the master is gone: whoever waits for the first container to exit must see the master's exit."""
        deadline = time.monotonic() + MASTER_LEAVES_WITHIN_SECONDS
        while self._dismissed and time.monotonic() < deadline:
            try:
                socket.create_connection((self.runner.master_host, self.runner.master_port), timeout=1).close()
            except OSError:
                return
            gevent.sleep(0.2)


def _replace_count_of_locust(request: EventHook, ours: Callable[..., None]) -> None:
    """Has every request counted once instead of twice; all other listeners stay."""
    (locusts,) = (each for each in request._handlers if each.__qualname__ == "Runner.__init__.<locals>.on_request")
    request._handlers[request._handlers.index(locusts)] = ours


def replica_of(response: Any) -> str | None:
    """Which replica answered, by its X-Replica; "" where the answer does not say, None where there was no answer."""
    if not getattr(response, "status_code", 0):
        return None
    headers = response.headers
    return (headers.get("X-Replica") or "") if headers is not None else ""


def describe(exception: BaseException) -> str:
    """The failure in one line, without what differs from request to request."""
    if isinstance(exception, (RescheduleTask, StopUser)):
        return type(exception).__name__
    text = str(exception).strip().splitlines()
    return text[0][:200] if text else type(exception).__name__
