"""The pool of rows that are given once: which comes when, what comes back, and what a run does when it is empty."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import gevent
import pytest

from tests.support import lean  # noqa: F401 - Locust is asked not to patch this process

# after it, on purpose
from lab.data.pool import Pool  # isort: skip
from lab.engine.lending import end_run  # isort: skip
from lab.judging.evidence import Interruption  # isort: skip


def test_a_pool_gives_each_row_once_then_what_came_back_and_then_nothing() -> None:
    pool = Pool(5, wraps=False)
    assert pool.take("a", 2, held=True) == [0, 1]
    assert pool.take("b", 2, held=False) == [2, 3]
    pool.give_back("a", [1, 77])
    assert (pool.take("b", 9, held=False), pool.take("b", 9, held=False), pool.given) == ([4, 1], [], 5)


def test_a_pool_that_wraps_begins_again() -> None:
    pool = Pool(2, wraps=True)
    assert (pool.take("a", 5, held=False), pool.given) == ([0, 1, 0, 1, 0], 5)


def test_what_a_lost_worker_held_goes_on_to_others_and_what_it_had_used_does_not() -> None:
    pool = Pool(4, wraps=False)
    pool.take("a", 2, held=True)
    pool.take("a", 1, held=False)
    pool.release(["a", "b"])
    assert pool.take("b", 9, held=True) == [3]
    pool.release(["b"])
    assert pool.take("b", 9, held=True) == [0, 1]


@pytest.mark.parametrize(
    ("cause", "one_load", "interruption"),
    [
        (Interruption.DATA, True, [Interruption.DATA]),
        (None, True, []),  # it was to last as long as the rows
        (None, False, [Interruption.DATA]),  # other loads were to come
    ],
)
def test_a_run_that_its_rows_end_is_whole_where_it_holds_one_load(
    cause: Interruption | None, one_load: bool, interruption: list[Interruption]
) -> None:
    stopped, noted = [], list[Interruption]()
    shape = SimpleNamespace(holds_one_load=one_load)
    runner: Any = SimpleNamespace(environment=SimpleNamespace(shape_class=shape), stop=lambda: stopped.append(1))
    end_run(runner, noted.append, cause)
    gevent.sleep(0)
    assert (noted, stopped) == (interruption, [1])
