"""Users are shared by what each worker can carry: its CPU, and what its users were seen to cost it."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.support import lean  # noqa: F401 - Locust is asked not to patch this process

# after it, on purpose
from lab.counts.health import Health  # isort: skip
from lab.engine.dispatch import Dispatcher  # isort: skip
from lab.engine.sharing import Shares, in_turn  # isort: skip
from locust import User, task  # isort: skip
from locust.runners import WorkerNode  # isort: skip


def report(**figures: Any) -> list[tuple[int, dict[str, Any]]]:
    """What a worker says of itself in a report of one second."""
    return [(1, {"health": [(7, Health(seconds=1.0, machine="m", cores=8).document() | figures)]})]


def shares(**workers: dict[str, Any]) -> Shares:
    made = Shares()
    for worker, figures in workers.items():
        made.hear(worker, report(**figures))
    return made


@pytest.mark.parametrize(
    ("workers", "parts"),
    [
        ({"a": {}, "b": {}}, [1, 1]),
        ({"a": {}, "b": {"cpus": 0.1}}, [10, 1]),
        ({"a": {}, "b": {"cpus": 0.5}, "c": {}}, [2, 1, 2]),
        # a little less is no difference
        ({"a": {}, "b": {"cpus": 0.85}}, [1, 1]),
        # four share the two cores of one machine, another has one to itself
        ({**{k: {"machine": "small", "cores": 2} for k in "abcd"}, "e": {"machine": "big"}}, [1, 1, 1, 1, 2]),
        # an idle swarm shows nothing of what users cost
        ({"a": {"users": 10, "cpu_seconds": 0.1}, "b": {"users": 10, "cpu_seconds": 0.3}}, [1, 1]),
        # a core of half the speed, and one that others take half of
        ({"a": {"users": 10, "cpu_seconds": 0.4}, "b": {"users": 10, "cpu_seconds": 0.8}}, [2, 1]),
        (
            {"a": {"users": 10, "cpu_seconds": 0.4}, "b": {"users": 10, "cpu_seconds": 0.4, "waited_seconds": 0.4}},
            [2, 1],
        ),
    ],
)
def test_parts_are_what_workers_can_carry(workers: dict[str, dict[str, Any]], parts: list[int]) -> None:
    assert list(shares(**workers).parts(workers).values()) == parts


def test_what_users_cost_holds_while_they_are_few_and_is_forgotten_with_the_run() -> None:
    made = shares(a={"users": 10, "cpu_seconds": 0.4}, b={"users": 10, "cpu_seconds": 0.8})
    assert made.parts("ab") == {"a": 2, "b": 1}
    for worker in "ab":
        made.hear(worker, report(users=1, cpu_seconds=0.01))
    assert made.parts("ab") == {"a": 2, "b": 1}
    assert made.parts("abc") == {"a": 1, "b": 1, "c": 1}, "of one nothing was seen"
    made.begin()
    assert made.parts("ab") == {"a": 1, "b": 1}


def test_nothing_known_is_alike() -> None:
    assert Shares().parts(["b", "a"]) == {"a": 1, "b": 1}
    assert Shares().parts([]) == {}


class Reader(User):
    @task
    def read(self) -> None:
        pass


def dealt(dispatcher: Dispatcher, users: int) -> dict[str, int]:
    dispatcher.new_dispatch(users, 1e6)
    for there in dispatcher:
        last = there
    return {worker: sum(classes.values()) for worker, classes in last.items()}


def dispatcher(parts: dict[str, int]) -> Dispatcher:
    nodes = [WorkerNode(worker) for worker in sorted(parts)]
    return Dispatcher(nodes, [Reader], in_order=lambda workers: in_turn(workers, parts))


@pytest.mark.parametrize("users", [1, 7, 100, 1001])
def test_alike_workers_are_dealt_to_in_turn(users: int) -> None:
    found = dealt(dispatcher(dict.fromkeys("abc", 1)), users)
    assert sum(found.values()) == users
    assert max(found.values()) - min(found.values()) <= 1


def test_users_are_dealt_by_parts_up_and_down() -> None:
    made = dispatcher({"a": 3, "b": 1})
    assert dealt(made, 100) == {"a": 75, "b": 25}
    assert dealt(made, 40) == {"a": 30, "b": 10}


def test_users_are_dealt_anew_when_parts_change_and_not_otherwise() -> None:
    parts = {"a": 1, "b": 1}
    made = dispatcher(parts)
    assert dealt(made, 100) == {"a": 50, "b": 50}
    due = []
    for part in (1, 3):
        parts["a"] = part
        made.deal_anew_if_it_is_another()
        due.append(made.is_due)
    assert due == [False, True]
    assert dealt(made, 100) == {"a": 75, "b": 25}
    assert dealt(made, 200) == {"a": 150, "b": 50}


def test_who_comes_and_goes_changes_the_parts_of_nobody_else() -> None:
    made = dispatcher({"a": 3, "b": 1, "c": 3})
    assert dealt(made, 70) == {"a": 30, "b": 10, "c": 30}
    made.remove_worker(WorkerNode("c"))
    assert dealt(made, 80) == {"a": 60, "b": 20}
    made.add_worker(WorkerNode("c"))
    assert dealt(made, 70) == {"a": 30, "b": 10, "c": 30}


def test_the_order_spreads_what_it_gives() -> None:
    order = in_turn("abc", {"a": 10, "b": 5, "c": 1})
    assert Counter(order) == {"a": 10, "b": 5, "c": 1}
    assert Counter(order[:6]) == {"a": 4, "b": 2}
