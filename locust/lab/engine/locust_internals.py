"""What the lab takes of Locust that is not its public interface, each with the reason why."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from locust.user.task import LOCUST_STATE_WAITING

from lab.arrivals import schedule

if TYPE_CHECKING:
    from locust import User
    from locust.event import EventHook
    from locust.runners import WorkerRunner


def listen_first(hook: EventHook, handler: Callable[..., None]) -> None:
    """Has the handler called before all others. Locust calls them in the order in which they came, its own first."""
    hook._handlers.insert(0, handler)


def replace_count_of_requests(request: EventHook, ours: Callable[..., None]) -> None:
    """Has every request counted once instead of twice; all other listeners stay."""
    (locusts,) = (
        each for each in request._handlers if getattr(each, "__qualname__", "") == "Runner.__init__.<locals>.on_request"
    )
    request._handlers[request._handlers.index(locusts)] = ours


def send_report(runner: WorkerRunner) -> None:
    """Sends a worker's report now: Locust sends none between its last one and its word that it has stopped."""
    runner._send_stats()


def users_in_tasks(runner: WorkerRunner) -> list[User]:
    """Who is not between two tasks; a source of open arrivals is in none itself, and fails its own visits."""
    users: list[User] = [greenlet.args[0] for greenlet in runner.user_greenlets if not greenlet.ready()]
    return [
        user
        for user in users
        if user._state != LOCUST_STATE_WAITING and getattr(user, "arrivals", schedule.CLOSED) != schedule.OPEN
    ]
