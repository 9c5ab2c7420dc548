"""Times journeys and takes in figures, in whichever greenlet of a user they come about."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from math import isfinite
from typing import Any

import gevent
from locust.exception import InterruptTaskSet, RescheduleTask, RescheduleTaskImmediately, StopTest, StopUser

from lab.counts.marks import JOURNEY, MEASURE, Marks
from lab.counts.names import MOST_LETTERS
from lab.journeys import visiting
from lab.journeys.visiting import Open
from lab.printable import one_line

MOST_FIGURE = 1e12
NO_ERRORS = (StopUser, StopTest, InterruptTaskSet, RescheduleTask, RescheduleTaskImmediately)
"""Exceptions by which a task ends in order."""

marks = Marks()
"""What was timed and measured in this process and not yet reported: a worker drains it once a second."""


@contextmanager
def journey(name: str) -> Iterator[None]:
    """Times what is inside as one, for tables, report and limits such as "JOURNEY checkout:p95<=3s".

    It has failed where a request inside failed, or an exception left it. It is no request: it is in no count of them.
    One that the end of the run cuts off is not counted.
    """
    mark, here = f"{JOURNEY} {_text(name)}", Open()
    visiting.begin(here)
    # of open arrivals, what begins a visit counts from when the visitor was due (lab/arrivals/visit.py)
    began = time.monotonic() - getattr(gevent.getcurrent(), "owed_ms", 0.0) / 1000
    try:
        yield
    except NO_ERRORS:
        _end(mark, here, began)
        raise
    except Exception as error:
        here.fail(describe(error))
        _end(mark, here, began)
        raise
    else:
        _end(mark, here, began)
    finally:
        visiting.end(here)


def _end(mark: str, here: Open, began: float) -> None:
    if here.reason is None:
        marks.succeed(mark, (time.monotonic() - began) * 1000)
    else:
        marks.fail(mark, here.reason)


def measure(name: str, figure: float) -> None:
    """Takes in a figure of the scenario's own, for report and limits such as "tokens/s:p50>=20".

    Raises ValueError where it is no finite figure from 0 on.
    """
    if isinstance(figure, bool) or not isinstance(figure, (int, float)) or not isfinite(figure):
        raise ValueError(f"measure({name!r}, {figure!r}): takes a figure, such as 41.5")
    if not 0 <= figure <= MOST_FIGURE:
        raise ValueError(f"measure({name!r}, {figure!r}): takes a figure from 0 to {MOST_FIGURE:g}")
    marks.succeed(f"{MEASURE} {_text(name)}", float(figure))


def describe(error: BaseException) -> str:
    """The error in one line: its type, and what it says."""
    text = str(error).strip()
    return one_line(f"{type(error).__name__}: {text}" if text else type(error).__name__)


class Journeys:
    """The two as methods: `class Shopper(Journeys, HttpUser)`."""

    def journey(self, name: str) -> Any:
        """As the function: `with self.journey("checkout"):`."""
        return journey(name)

    def measure(self, name: str, figure: float) -> None:
        """As the function."""
        measure(name, figure)


def _text(name: str) -> str:
    """The name, in one line and as long as names are. Raises ValueError where there is none."""
    text = " ".join(str(name).split())
    if not text:
        raise ValueError("a journey and a figure take a name")
    return text[: MOST_LETTERS - 10]
