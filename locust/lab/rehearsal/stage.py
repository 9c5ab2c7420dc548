"""Runs each task of each class once, one after the other, and notes what is seen of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import gevent
from gevent import Greenlet
from locust import TaskSet, User
from locust.env import Environment

from lab.counts.clock import CLOCK
from lab.engine import undone
from lab.engine.answers import describe
from lab.exchanges import exchange, taking
from lab.exchanges.exchange import Exchange
from lab.exchanges.secrets import Hiding, Known
from lab.generator import giving_way
from lab.generator.giving_way import NeverGaveWay, Watch
from lab.journeys import timing
from lab.locust_internals import prepare_tasks, tasks_of
from lab.rehearsal.ears import Ears
from lab.rehearsal.turn import Named, Role, Turn

LONGEST_SECONDS = 15.0
"""A turn is watched for so long."""
MOST_EXCHANGES = 20
"""A turn that makes more is ended: a look is no load."""
MOST_DEPTH = 5
"""Of TaskSets inside TaskSets."""
HELD_SECONDS = 0.1
"""How often it is looked whether a turn gives way; one that does not is ended after MOST_HELD of them."""
MOST_HELD = 25

Say = Callable[[Turn, Exchange | None], None]
"""Is told of a turn as it begins, and then of each of its exchanges."""


class Stage:
    """Where the turns are made."""

    def __init__(self, environment: Environment, known: Known, ears: Ears, say: Say) -> None:
        self._environment, self._known, self._ears, self._say = environment, known, ears, say
        self._turn = Turn("", "")
        self._job: Greenlet[..., None] | None = None
        environment.events.request.add_listener(self._on_request)
        self._watch = Watch(HELD_SECONDS, MOST_HELD, self._on_held)
        self._watch.start()

    def play(self, role: Role, user_class: type[User]) -> None:
        """Makes a user of the class, and has it do each of its tasks once."""
        made: list[User] = []
        if not self._make(role, "on_start", 1, lambda: made.append(self._begin(user_class))):
            return
        (user,) = made
        for name, weight, run in _tasks(user, tasks_of(user)):
            self._make(role, name, weight, run)
        self._make(role, "on_stop", 1, user.on_stop)

    def close(self) -> None:
        """Ends the watching."""
        self._watch.stop()

    def _begin(self, user_class: type[User]) -> User:
        user = user_class(self._environment)
        prepare_tasks(user)
        user.on_start()
        return user

    def _make(self, role: Role, task: str, weight: int, run: Callable[[], object]) -> bool:
        """Whether the turn came to its end without an exception."""
        self._turn = turn = Turn(role.name, task, weight)
        role.turns.append(turn)
        self._ears.peers = set()
        self._say(turn, None)
        self._job = gevent.spawn(self._run, turn, run)
        self._job.join(LONGEST_SECONDS)
        if not self._job.ready():
            turn.is_cut = True
            self._job.kill(timeout=1)
        turn.peers = self._ears.peers
        return not turn.error

    def _run(self, turn: Turn, run: Callable[[], object]) -> None:
        try:
            run()
        except undone.NO_ERRORS:
            pass
        except Exception as error:  # noqa: BLE001 - whatever a task may raise
            where = undone.line(error.__traceback__)
            # the message of this one says where
            at = "" if isinstance(error, NeverGaveWay) or not where else f", at {where}"
            turn.error = self._known.hide(f"{timing.describe(error)}{at}")

    def _on_held(self, frame: Any, seconds: float) -> None:
        self._turn.held[giving_way.place(frame)] = seconds

    def _on_request(  # noqa: PLR0913, PLR0917 - what Locust says of a request, by its names
        self,
        request_type: str,
        name: str,
        response_time: float | None = None,
        exception: Any = None,
        response: Any = None,
        url: str | None = None,
        **_: Any,
    ) -> None:
        turn = self._turn
        taken = taking.take(
            exchange.FAILURE if exception else exchange.SLOWEST,
            f"{request_type} {name}",
            at=CLOCK.now(),
            known=self._known,
            time_ms=response_time,
            failure=describe(exception) if exception else "",
            response=response,
            url=url,
        )
        turn.exchanges.append(taken)
        hide = Hiding(self._known).text
        turn.names.append(Named(hide(str(name)), hide(url) if url else None))
        self._say(turn, taken)
        if len(turn.exchanges) >= MOST_EXCHANGES and self._job is not None and not turn.is_cut:
            turn.is_cut = True
            gevent.spawn(self._job.kill, block=False)


def _tasks(user: User, holder: TaskSet, depth: int = 0, before: str = "") -> Iterator[tuple[str, int, Any]]:
    """Name, weight and what runs it, of each task: those of TaskSets after what their on_start does."""
    tasks = list(user.tasks if depth == 0 else holder.tasks)
    for task in dict.fromkeys(tasks):
        name, weight = f"{before}{getattr(task, '__name__', task)}", tasks.count(task)
        if not (isinstance(task, type) and issubclass(task, TaskSet)):
            yield name, weight, lambda task=task: holder.execute_task(task)
        elif depth < MOST_DEPTH:
            parent: Any = user if depth == 0 else holder
            inner = task(parent)
            yield f"{name}.on_start", weight, inner.on_start
            yield from _tasks(user, inner, depth + 1, f"{name}.")
            yield f"{name}.on_stop", weight, inner.on_stop
