"""What a signal does to the master: before all began it ends it; then it ends the run, in order, and once is enough.

Left to Python and Locust 2.47, Ctrl-C is raised in whichever greenlet runs (an audit, or a page of the UI), and a
second signal tears up the end that the first has begun.
"""

from __future__ import annotations

import os
import signal
from types import FrameType

import gevent

from lab.judging.verdict import ExitCode

_leave = os._exit  # before lab/engine/last_word.py puts something in its place
SIGNALS = (signal.SIGINT, signal.SIGTERM)
STOPS_WITHIN_SECONDS = 7.0
"""How long a run may take to stop after a signal: `docker compose stop` kills after 10 s."""
AUDITS_WITHIN_SECONDS = 5.5
"""How long after a signal the audit of the writes may end: the verdict has to be written as well."""
REACH_ALL_SECONDS = 2.0
"""How long after its workers have left a signal to the whole lab has reached the master as well."""


def end_before_the_start() -> None:
    """A signal ends the master at once, until Locust and `end_in_order` answer them."""
    for number in SIGNALS:
        signal.signal(number, _end)


def end_in_order() -> None:
    """Has Ctrl-C do what SIGTERM does."""
    gevent.signal_handler(signal.SIGINT, os.kill, os.getpid(), signal.SIGTERM)


def once_is_enough() -> None:
    """The end has begun, and does not take long: further signals change nothing."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _end(_: int, __: FrameType | None) -> None:
    os.write(1, b"NO VERDICT: the plan was interrupted before it began\n")
    _leave(ExitCode.INTERRUPTED)
