"""Work that users left undone, on a worker: tasks, on_start and on_stop that an exception ended, each counted once.

Locust says of the first two (`user_error`), and goes on as if nothing was. Of an on_stop it only writes to its log.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from gevent import GreenletExit
from locust import TaskSet
from locust.rpc import Message
from locust.runners import WorkerRunner

from lab.counts.recorder import TASK
from lab.engine.targets import visitors
from lab.generator import giving_way
from lab.journeys import timing
from lab.journeys.timing import describe
from lab.journeys.visiting import note_classes
from lab.locust_internals import replace_report_of_errors
from lab.printable import MOST_OF_A_LINE

if TYPE_CHECKING:
    from locust import User
    from locust.env import Environment

    from lab.counts.recorder import Recorder
    from lab.exchanges.keeping import Keeping

NO_ERRORS = (*timing.NO_ERRORS, GreenletExit)
"""What a task raises to be left, rather than because it failed."""
_NOT_THEIRS = ("locust", "lab", "gevent")
MOST_KINDS = 40
"""Kinds of exceptions whose first traceback is in the log."""


def count(environment: Environment, recorder: Recorder, exchanges: Keeping) -> None:
    """Has the recorder count whatever dies in the environment's users, and the first of each kind kept."""

    def die(where: str, error: BaseException, user: str) -> None:
        said = exchanges.known.shown(describe(error))
        recorder.die(where, said, user)
        exchanges.take_exception(f"{TASK} {where}", said, error)

    def note(user_instance: Any, exception: BaseException, tb: TracebackType | None, **_: Any) -> None:
        user = user_instance.user if isinstance(user_instance, TaskSet) else user_instance
        name = type(user).__name__
        die(place(name, tb), exception, name)

    environment.events.user_error.add_listener(note)

    def tell(exception: BaseException, tb: TracebackType | None, **_: Any) -> None:
        said = {"msg": str(exception), "traceback": "".join(traceback.format_tb(tb))}
        hidden = {part: exchanges.known.shown(text) for part, text in said.items()}
        runner.client.send(Message("exception", hidden, runner.client_id))

    runner: Any = environment.runner
    if isinstance(runner, WorkerRunner):
        replace_report_of_errors(environment.events.user_error, tell)
    for logger in ("locust.user.task", "locust.user.users"):
        logging.getLogger(logger).addFilter(OnceEach())
    note_classes(visitors(environment))
    for user_class in visitors(environment):
        for holder in _holders(user_class, set()):
            _report_on_stop(holder, user_class.__name__, die)


class OnceEach(logging.Filter):
    """Lets the first traceback of each kind into the log: Locust writes one for every task that died."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: set[str] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is written."""
        text = record.getMessage()
        if "Traceback" not in text:
            return True
        kind = text.rstrip().rpartition("\n")[2][:MOST_OF_A_LINE]
        if kind in self._seen or len(self._seen) >= MOST_KINDS:
            return False
        self._seen.add(kind)
        record.msg, record.args = "%s(more of these are counted, and not written here)", (text,)
        return True


def place(user: str, tb: TracebackType | None) -> str:
    """Where it was: the user's class and the first function of its own, "Shopper.buy"; the class where there is none.

    >>> place("Shopper", None)
    'Shopper'
    """
    own = next(_own(tb), None)
    return f"{user}.{own.tb_frame.f_code.co_name}" if own else user


def line(tb: TracebackType | None) -> str:
    """The last line of the scenario's own that it came from, "shop.py:14"; empty where there is none."""
    files = [(each.tb_frame.f_code.co_filename, each.tb_lineno) for each in _own(tb)]
    own = [f"{Path(file).name}:{number}" for file, number in files if not giving_way.is_library(file)]
    return own[-1] if own else ""


def _own(tb: TracebackType | None) -> Iterator[TracebackType]:
    """What of it is neither the lab's nor Locust's."""
    while tb is not None:
        if str(tb.tb_frame.f_globals.get("__name__", "")).partition(".")[0] not in _NOT_THEIRS:
            yield tb
        tb = tb.tb_next


def _holders(holder: type, seen: set[type]) -> Iterator[type]:
    """The class of users, and every class of tasks in it."""
    if holder in seen:
        return
    seen.add(holder)
    yield holder
    for task in getattr(holder, "tasks", ()):
        if isinstance(task, type):
            yield from _holders(task, seen)


def _report_on_stop(holder: Any, user: str, die: Callable[[str, BaseException, str], None]) -> None:
    on_stop: Callable[[Any], None] = holder.on_stop

    @wraps(on_stop)
    def reporting(self: User | TaskSet) -> None:
        try:
            on_stop(self)
        except NO_ERRORS:
            raise
        except Exception as error:
            # one that calls that of its base class is reported by the innermost
            if not getattr(error, "is_counted", False):
                error.is_counted = True  # type: ignore[attr-defined]
                die(place(user, error.__traceback__), error, user)
            raise

    holder.on_stop = reporting
