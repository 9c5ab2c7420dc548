"""Does a task give way? All users of a worker share one thread: a task that holds it stops all, and the reports.

A loop without a request, heavy computing and drivers that wait in C are such tasks. Without this a worker falls
silent, and nobody can say why.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import gevent
from gevent import getcurrent
from gevent.monkey import get_original

WAKES_SECONDS = 0.5
MOST_WAKES = 5
"""A task that holds the thread for so many of them is ended: a worker that is silent for longer is given up."""
_SIGNAL = signal.SIGURG
"""Nobody uses it, and where nobody listens it is ignored."""
_USERS = ("locust.user", "lab.arrivals", "lab.rehearsal")
_NOT_THEIRS = ("locust", "lab", "gevent")


class NeverGaveWay(Exception):  # noqa: N818 - its name is what the report shows
    """Raised inside a task that held the thread for too long; the message says for how long and where."""


class Watch:
    """Looks from a thread of its own whether the event loop turns; if not, interrupts whoever holds it, to see it.

    Wakes of that thread are counted, not seconds: while the machine is paused it is, too. A user is blamed where it is
    the same one at each of them.
    """

    def __init__(
        self,
        wakes_seconds: float = WAKES_SECONDS,
        most_wakes: int = MOST_WAKES,
        on_held: Callable[[FrameType, float], None] = lambda _frame, _seconds: None,
    ) -> None:
        """`on_held` is told where a user's task holds the thread, and for how long (s), at each wake that finds so."""
        self._wakes_seconds, self._most, self._on_held = wakes_seconds, most_wakes, on_held
        self._wakes = self._held = 0
        self._suspect: Any = None
        self._is_over = False
        self._waking = get_original("_thread", "allocate_lock")()
        self._waking.acquire()

    def start(self) -> None:
        """Begins, in the main thread."""
        signal.signal(_SIGNAL, self._look)
        gevent.spawn(self._turn)
        # gevent has greenlets stand in for threads: these are real
        main = get_original("_thread", "get_ident")()
        get_original("_thread", "start_new_thread")(self._wake, (main,))

    def stop(self) -> None:
        """Looks no more."""
        self._is_over = True
        if self._waking.locked():
            self._waking.release()

    def _turn(self) -> None:
        """Shows that the loop turns."""
        while not self._is_over:
            self._wakes, self._suspect = 0, None
            gevent.sleep(self._wakes_seconds / 2)

    def _wake(self, main: int) -> None:
        while not self._waking.acquire(timeout=self._wakes_seconds):
            self._wakes += 1
            # one wake without a turn is chance
            if self._wakes > 1 and not self._is_over:
                signal.pthread_kill(main, _SIGNAL)

    def _look(self, _signal: int, frame: FrameType | None) -> None:
        if self._wakes < 2 or frame is None or not _is_of_a_user(frame):
            self._suspect = None
            return
        if self._suspect is not getcurrent():
            self._suspect, self._held = getcurrent(), 1
        self._held += 1
        self._on_held(frame, self._held * self._wakes_seconds)
        if self._held >= self._most:
            self._suspect = None
            seconds = self._most * self._wakes_seconds
            raise NeverGaveWay(f"it held the thread of all users for {seconds:g} s, at {place(frame)}")


def place(frame: FrameType | None) -> str:
    """Where that is: the innermost line of the user's own code.

    >>> place(None)
    'an unknown place'
    """
    while frame is not None:
        name = str(frame.f_globals.get("__name__", ""))
        if name.partition(".")[0] not in _NOT_THEIRS and not is_library(frame.f_code.co_filename):
            return f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno} in {frame.f_code.co_name}"
        frame = frame.f_back
    return "an unknown place"


def is_library(file: str) -> bool:
    """Whether the file is Python's own, or of a package that is installed."""
    return file.startswith("<frozen") or "site-packages" in file or str(Path(threading.__file__).parent) in file


def _is_of_a_user(frame: FrameType | None) -> bool:
    while frame is not None:
        if str(frame.f_globals.get("__name__", "")).startswith(_USERS):
            return True
        frame = frame.f_back
    return False
