"""The visits of open arrivals: a visitor runs one task per visit, timed from the intended start."""

from __future__ import annotations

import logging
import time
import traceback
from typing import TYPE_CHECKING, Any, Protocol

import gevent
from locust import FastHttpUser, HttpUser
from locust.event import EventHook
from locust.exception import InterruptTaskSet, RescheduleTask, RescheduleTaskImmediately, StopTest, StopUser

from lab.client import LeanHttpUser
from lab.locust_internals import end_after_task, is_between_tasks, prepare_tasks, run_one_task, share_listeners

if TYPE_CHECKING:
    from locust import User
    from locust.env import Environment

log = logging.getLogger(__name__)


class VisitCutOff(Exception):  # noqa: N818 - its name is what the report shows
    """A visit that was still waiting for its first answer when the stop ran out of time."""

    def __init__(self) -> None:
        super().__init__("visit cut off: no answer before the stop")


class VisitSource(Protocol):
    """What visits need of the source that makes them (lab/arrivals/source.py)."""

    @property
    def visitor_class(self) -> type[User]: ...

    @property
    def environment(self) -> Environment: ...

    def keeps(self, visits: Visits) -> bool: ...

    def fail(self, exception: Exception) -> None: ...


class Visits(gevent.Greenlet):  # type: ignore[type-arg] # it takes types for mypy alone
    """All visits of one visitor. The greenlet is parked between them: a new one for each would cost more."""

    def __init__(self, source: VisitSource) -> None:
        super().__init__()
        self._source = source
        self._visitor: User | None = None
        self._due: float | None = None
        self._late_ms = 0.0
        self._answered = False

    @property
    def in_flight(self) -> bool:
        """Whether a visit is under way."""
        return self._due is not None

    def begin(self, due: float) -> None:
        """Starts the visit that is due; the event loop calls this."""
        self._due = due
        if self.started:
            self.switch()
        else:
            self.start()

    @property
    def owed_ms(self) -> float:
        """How late the visit began, until its first answer is charged with that (ms)."""
        return self._late_ms

    def charge(self) -> float:
        """What is added to the response time of this answer (ms): for the first one, how late the visit began."""
        owed, self._late_ms, self._answered = self._late_ms, 0.0, True
        return owed

    def stop(self) -> None:
        """Stops as Locust stops a user: at once during a pause, else after the task."""
        if not self.in_flight or (self._visitor and is_between_tasks(self._visitor)):
            self.kill(block=False)
        elif self._visitor:
            end_after_task(self._visitor)

    def _run(self) -> None:
        hub = gevent.get_hub()
        try:
            while self._visit() and self._source.keeps(self):
                self._due = None
                while not self.in_flight:
                    hub.switch()
        finally:
            self._leave()

    def _visit(self) -> bool:
        """Runs one task; returns whether the visitor can be used again."""
        assert self._due is not None
        self._late_ms, self._answered = (time.monotonic() - self._due) * 1000, False
        try:
            run_one_task(self._visitor or self._enter())
        except (RescheduleTask, RescheduleTaskImmediately, InterruptTaskSet):
            pass
        except (StopUser, StopTest):
            return False
        except gevent.GreenletExit:
            if not self._answered and self._visitor and not is_between_tasks(self._visitor):
                self._source.fail(VisitCutOff())
            raise
        except Exception as error:  # noqa: BLE001 - whatever a task raises is reported as Locust reports it
            self._report(error)
        return True

    def _enter(self) -> User:
        visitor = self._source.visitor_class(self._source.environment)
        prepare_tasks(visitor)
        self._visitor = visitor
        try:
            visitor.on_start()
        except (StopUser, StopTest):
            raise
        except Exception as error:
            self._report(error)
            raise StopUser from error
        return visitor

    def _report(self, error: Exception) -> None:
        log.error("%s\n%s", error, traceback.format_exc())
        events = self._source.environment.events
        events.user_error.fire(user_instance=self._visitor, exception=error, tb=error.__traceback__)

    def _leave(self) -> None:
        visitor = self._visitor
        if visitor is None:
            return
        try:
            visitor.on_stop()
        finally:
            # visitor and client refer to each other: its connections would stay open until the next garbage collection
            if isinstance(visitor, LeanHttpUser):
                visitor.client.close()
            elif isinstance(visitor, FastHttpUser):
                visitor.client.client.close()
            elif isinstance(visitor, HttpUser):
                visitor.client.close()


class ChargedRequests(EventHook):
    """The request event, which adds to the first answer of a visit how late the visit began.

    `response_time` then counts from the intended start; `service_time` is the request's own time.
    """

    def fire(self, *, reverse: bool = False, **request: Any) -> None:
        visits = gevent.getcurrent()
        if isinstance(visits, Visits) and request.get("response_time") is not None:
            request["service_time"] = request["response_time"]
            request["response_time"] += visits.charge()
        super().fire(reverse=reverse, **request)


def charge_late_starts(environment: Environment) -> None:
    """Charges the requests of visits, for present and later listeners alike."""
    events = environment.events
    if not isinstance(events.request, ChargedRequests):
        charged = ChargedRequests()
        share_listeners(events.request, charged)
        events.request = charged
