"""All that the lab takes of Locust beyond its public interface, each with the reason or the defect.

No other module uses a private name of Locust. tests/logic/test_locust_internals.py is red where one does, and where
Locust renames what is used here, or mends it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import TYPE_CHECKING, Any

import gevent
from locust import User
from locust.dispatch import UsersDispatcher
from locust.user.task import LOCUST_STATE_RUNNING, LOCUST_STATE_STOPPING, LOCUST_STATE_WAITING, DefaultTaskSet

if TYPE_CHECKING:
    from gevent.pool import Group
    from locust import TaskSet
    from locust.argument_parser import LocustArgumentParser
    from locust.event import EventHook
    from locust.runners import MasterRunner, WorkerNode, WorkerRunner


def listen_first(hook: EventHook, handler: Callable[..., None]) -> None:
    """Has the handler called before all others. Locust calls them in the order in which they came, its own first."""
    hook._handlers.insert(0, handler)


def share_listeners(of: EventHook, other: EventHook) -> None:
    """Has both call the same listeners, present and later ones: Locust has no way to put a hook in another's place."""
    other._handlers = of._handlers


def listeners(of: EventHook) -> list[Callable[..., Any]]:
    """All that listen, in the order in which they came."""
    return list(of._handlers)


def has_option(parser: LocustArgumentParser, option: str) -> bool:
    """Whether the command line has the option already: argparse says so only by failing."""
    return option in parser._option_string_actions


def replace_count_of_requests(request: EventHook, ours: Callable[..., None]) -> None:
    """Has every request counted once instead of twice; all other listeners stay."""
    replace_listener(request, "Runner.__init__.<locals>.on_request", ours)


def replace_report_of_errors(user_error: EventHook, ours: Callable[..., None]) -> None:
    """Has a worker report what ended a task as we do: Locust sends all that it says, secrets as well."""
    replace_listener(user_error, "WorkerRunner.__init__.<locals>.on_user_error", ours)


def replace_listener(hook: EventHook, name: str, ours: Callable[..., None]) -> None:
    """Puts ours in the place of Locust's own listener of that name."""
    # a listener of the scenario may be a callable without a name
    (locusts,) = (each for each in hook._handlers if getattr(each, "__qualname__", "") == name)
    hook._handlers[hook._handlers.index(locusts)] = ours


def send_report(runner: WorkerRunner) -> None:
    """Sends a worker's report now: Locust sends none between its last one and its word that it has stopped."""
    runner._send_stats()


def take_next_spawn(runner: WorkerRunner) -> None:
    """Has a worker take its users whenever they are dealt. Locust drops what the master's wall clock has dated back."""
    runner.last_received_spawn_timestamp = 0


def is_between_tasks(user: User) -> bool:
    """Whether the user is in a pause. Locust shows nobody which users wait for an answer when a test stops."""
    return user._state == LOCUST_STATE_WAITING


def end_after_task(user: User) -> None:
    """Has the user end before its next task."""
    user._state = LOCUST_STATE_STOPPING


def have_users_stop_in_peace() -> None:
    """Has users of any class stop without a request that nobody counts, and without an error where they are told twice.

    Locust kills one in a pause, which may end before the kill arrives: such a user would ask once more, and its answer
    would be lost. Two stops can come at once, the master's and a signal of the worker's own; Locust looks which users
    are stopping before it spawns what stops them, and the second one raises in each.
    """
    stop = User.stop

    @wraps(stop)
    def stop_in_peace(user: User, force: bool = False) -> bool:
        if not force and user._state == LOCUST_STATE_STOPPING:
            return False
        if not force and is_between_tasks(user):
            end_after_task(user)
            user.group.killone(user.greenlet)
            return True
        killed: bool = stop(user, force)
        return killed

    User.stop = stop_in_peace  # type: ignore[method-assign, assignment]


def start_as(user: User, group: Group, run: Callable[[], None]) -> Any:
    """Starts the user as Locust does, but with a `run` of ours: its own one is final. Returns its greenlet."""
    user._group = group
    # Locust finds the user of a greenlet in its first argument
    user._greenlet = group.spawn(_run_as, user, run)
    return user._greenlet


def _run_as(user: User, run: Callable[[], None]) -> None:
    user._state = LOCUST_STATE_RUNNING
    run()


def greenlet_of(user: User) -> Any:
    """The greenlet that the user lives in: its own, or that of a visitor of open arrivals, which is the present one."""
    return user._greenlet or gevent.getcurrent()


def prepare_tasks(user: User) -> None:
    """Makes a user ready for single tasks, as `run` would: Locust runs all of a user's tasks or none."""
    user._taskset_instance = DefaultTaskSet(user)
    user._state = LOCUST_STATE_RUNNING


def run_one_task(user: User) -> None:
    """Runs a task of the user, chosen by weight."""
    tasks: Any = user._taskset_instance
    tasks.execute_task(tasks.get_next_task())


def tasks_of(user: User) -> TaskSet:
    """What runs the user's tasks, once it is ready for single ones."""
    tasks: Any = user._taskset_instance
    return tasks  # type: ignore[no-any-return] # Locust calls it None before the user begins


def dispatcher_of(master: MasterRunner) -> UsersDispatcher | None:
    """Who deals the users out, and knows where they are."""
    return master._users_dispatcher


def give_dispatcher(master: MasterRunner, dispatcher: UsersDispatcher | None) -> None:
    """Gives it back: Locust forgets it a minute after a worker was lost, and would begin with no users."""
    master._users_dispatcher = dispatcher


def is_deal_due(dispatcher: UsersDispatcher) -> bool:
    """Whether workers came or went since the users were dealt out. Locust asks itself only while it deals."""
    return dispatcher._rebalance


class OrderedDispatcher(UsersDispatcher):
    """Deals users out in an order of ours, which may name a worker more than once: Locust gives all as many."""

    def __init__(
        self,
        worker_nodes: list[WorkerNode],
        user_classes: list[type[User]],
        in_order: Callable[[Iterable[str]], list[str]],
    ) -> None:
        """`in_order` says of ids of workers in which order users are dealt to them, again and again."""
        self.in_order = in_order
        super().__init__(worker_nodes, user_classes)

    def deal_anew_if_it_is_another(self) -> None:
        """Has those who are there already dealt out anew with the next deal, where the order is no more what it was."""
        before = self._worker_nodes
        self._sort_workers()
        if self._worker_nodes != before:
            self._prepare_rebalance()

    def _sort_workers(self) -> None:
        self._worker_nodes = list({node.id: node for node in self._worker_nodes}.values())
        super()._sort_workers()
        nodes = {node.id: node for node in self._worker_nodes}
        self._worker_nodes = [nodes[worker] for worker in self.in_order(nodes)]
