"""Rows that are given once over all workers: none twice, none lost, however workers come, go and lose messages."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gevent
import msgpack
import pytest

from tests.support import lean

# after it, on purpose
from locust.rpc import Message  # isort: skip
from lab.data import Rows, desk  # isort: skip
from lab.data.desk import Desk  # isort: skip
from lab.engine import reports  # isort: skip
from lab.engine.lending import Lender  # isort: skip
from lab.engine.link import ROWS  # isort: skip
from lab.judging.evidence import Interruption  # isort: skip

RUN = "5f3a9c21"


class Swarm:
    """A lender and desks that talk to it through a link that may lose messages, in either direction."""

    def __init__(self, loses: float = 0.0) -> None:
        self.chance, self.loses = random.Random(7), loses
        self.desks: dict[str, Desk] = {}
        self.there: list[Any] = []
        clients = SimpleNamespace(all=self.there)
        runner: Any = SimpleNamespace(clients=clients, send_message=self.answer)
        self.lender = Lender(runner)
        self.ended: list[Interruption | None] = []
        self.lender.on_end = self.ended.append
        self.lender.begin(RUN)

    def worker(self, name: str) -> Desk:
        self.there.append(SimpleNamespace(id=name, state="running"))
        found = self.desks[name] = Desk(lambda question: self.ask(name, dict(question)))
        found.begin(RUN)
        return found

    def ask(self, name: str, question: dict[str, Any]) -> None:
        if self.chance.random() >= self.loses:
            # as it travels: the master takes nothing that is of another form
            kind, data, node = reports.read(msgpack.dumps((ROWS, question, name)))
            gevent.spawn(self.lender.hear, Message(kind, data, node))

    def answer(self, kind: str, answer: dict[str, Any], name: str) -> None:
        assert kind == ROWS
        if self.chance.random() >= self.loses:
            gevent.spawn(self.desks[name].hear, msgpack.loads(msgpack.dumps(answer)))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Rows, "all", [])
    monkeypatch.setattr(Rows, "giver", None)
    monkeypatch.setattr(Rows, "is_too_late", False)
    monkeypatch.setattr(desk, "ASKS_EVERY_SECONDS", 0.0)
    monkeypatch.setattr(desk, "ANSWERED_WITHIN_SECONDS", 0.01)
    monkeypatch.setattr(desk, "AGAIN_AFTER_SECONDS", 0.001)
    monkeypatch.setattr(desk, "PATIENCE_SECONDS", 0.02)


@pytest.fixture
def rows_of(tmp_path: Path) -> Callable[..., Rows]:
    def made(count: int, **settings: Any) -> Rows:
        path = tmp_path / "accounts.json"
        path.write_text(str(list(range(count))))
        return Rows(path, **{"once": True, **settings})

    return made


def takes(at: Desk, count: int, held: bool = False) -> list[Any]:
    """What so many users get who ask at a time."""
    users = [gevent.spawn(at.take, 0, held=held) for _ in range(count)]
    gevent.joinall(users, timeout=20)
    return [user.value for user in users]


def soon(condition: Callable[[], Any]) -> None:
    """Returns when that is so."""
    with gevent.Timeout(20):
        while not condition():
            gevent.sleep(0.001)


@pytest.mark.parametrize("loses", [0.0, 0.3])
def test_none_is_given_twice_and_none_lost_over_three_workers(loses: float, rows_of: Callable[..., Rows]) -> None:
    rows_of(300)
    swarm = Swarm(loses)
    workers = [swarm.worker(name) for name in "abc"]
    got = gevent.joinall([gevent.spawn(takes, each, 110) for each in workers], timeout=30)
    places = [place for each in got for place in each.value or ()]
    assert Counter(place for place in places if place is not None) == Counter(range(300))
    assert places.count(None) == 30
    soon(lambda: swarm.lender.rows()[0]["short"] == 30)
    (row,) = swarm.lender.rows()
    assert (row["given"], row["held"]) == (300, False)
    assert swarm.ended == [Interruption.DATA]


def test_as_many_rows_as_users_are_enough_wherever_the_users_are(rows_of: Callable[..., Rows]) -> None:
    rows_of(7)
    swarm = Swarm()
    got = [takes(swarm.worker("a"), 5, held=True), takes(swarm.worker("b"), 2, held=True)]
    assert sorted(got[0] + got[1]) == list(range(7))
    assert swarm.ended == []


def test_a_user_waits_for_the_row_of_one_that_leaves_elsewhere(rows_of: Callable[..., Rows]) -> None:
    rows_of(1)
    swarm = Swarm()
    one, other = swarm.worker("a"), swarm.worker("b")
    assert takes(one, 1, held=True) == [0]
    waits = gevent.spawn(other.take, 0, held=True)
    gevent.sleep(0.005)
    assert not waits.ready()
    one.give_back(0, 0)
    assert waits.get(timeout=5) == 0
    assert takes(one, 1, held=True) == [None]
    soon(lambda: swarm.ended == [Interruption.DATA])


def test_a_row_for_a_user_that_was_ended_while_it_waited_goes_to_another(rows_of: Callable[..., Rows]) -> None:
    rows_of(1)
    swarm = Swarm()
    at = swarm.worker("a")
    leaves = gevent.spawn(at.take, 0, held=False)
    gevent.sleep(0)
    leaves.kill()
    assert takes(at, 1) == [0]


def test_users_that_are_stopped_wait_for_nothing_and_are_not_said_to_have_gone_without(
    rows_of: Callable[..., Rows],
) -> None:
    rows_of(2)
    swarm = Swarm(loses=1.0)
    at = swarm.worker("a")
    waits = gevent.spawn(at.take, 0, held=False)
    gevent.sleep(0)
    at.close()
    assert waits.get(timeout=5) is None
    assert at.take(0, held=True) is None
    at.open()
    swarm.loses = 0.0
    assert takes(at, 2) == [0, 1]
    assert swarm.ended == []


def test_rows_whose_answer_a_worker_that_leaves_has_not_heard_go_to_others(rows_of: Callable[..., Rows]) -> None:
    rows_of(4)
    swarm = Swarm()
    one, other = swarm.worker("a"), swarm.worker("b")
    assert takes(one, 1) == [0]
    swarm.desks["a"] = SimpleNamespace(hear=lambda _: None)  # type: ignore[assignment] # it reads nothing any more
    leaves = gevent.spawn(one.take, 0, held=False)
    soon(lambda: swarm.lender.rows()[0]["given"] == 2)
    one.close()
    assert leaves.get(timeout=5) is None
    gevent.sleep(0.005)
    assert sorted(takes(other, 3)) == [1, 2, 3]
    assert swarm.lender.rows()[0]["unsure"] == 0


def test_rows_that_a_killed_worker_may_have_used_go_to_nobody_and_are_told(rows_of: Callable[..., Rows]) -> None:
    rows_of(4)
    swarm = Swarm()
    one, other = swarm.worker("a"), swarm.worker("b")
    assert takes(one, 2) == [0, 1]
    swarm.there[0].state = "missing"
    assert takes(other, 3) == [2, 3, None]
    assert swarm.lender.rows()[0]["unsure"] == 2


def test_a_question_of_another_run_is_not_answered_and_a_new_run_begins_with_all_rows(
    rows_of: Callable[..., Rows],
) -> None:
    rows_of(2)
    swarm = Swarm()
    at = swarm.worker("a")
    assert takes(at, 2) == [0, 1]
    at.begin("another")
    asks = gevent.spawn(at.take, 0, held=False)
    gevent.sleep(0.03)
    assert not asks.ready()
    swarm.lender.begin("another")
    assert asks.get(timeout=5) == 0


def test_a_message_about_rows_that_there_are_not_is_no_message(rows_of: Callable[..., Rows]) -> None:
    rows_of(2)
    swarm = Swarm()
    swarm.worker("a")
    for where in ("wanted", "back", "short"):
        question: dict[str, Any] = {"run": RUN, "number": 1, "heard": 0, "wanted": [], "back": [], "short": []}
        question[where] = [(9, False, 1)] if where == "wanted" else [(9, 1)]
        with pytest.raises(ValueError, match="there are no rows 9"):
            swarm.lender.hear(Message(ROWS, question, "a"))
    for wrong in ({"number": 0}, {"wanted": [(0, False, 0)]}, {"back": [(0, -1)]}, {"short": [(-1, 1)]}, {"run": 5}):
        known = {"run": RUN, "number": 1, "heard": 0, "wanted": [], "back": [], "short": []}
        with pytest.raises(reports.NotReadable):
            reports.read(msgpack.dumps((ROWS, {**known, **wrong}, "a")))


class User:
    def __init__(self) -> None:
        self._greenlet = gevent.getcurrent()


def test_a_user_has_its_row_until_it_is_gone_and_ends_where_there_is_none(rows_of: Callable[..., Rows]) -> None:
    rows = rows_of(1)
    seen: list[Any] = []

    def visit(seconds: float) -> None:
        user: Any = User()
        try:
            seen.append((rows.of(user), rows.of(user)))
        except lean.StopUser:
            seen.append("ended")
        gevent.sleep(seconds)

    first = gevent.spawn(visit, 10)
    gevent.sleep(0)
    gevent.spawn(visit, 0).join()
    first.kill()
    gevent.sleep(0)
    gevent.spawn(visit, 0).join()
    assert seen == [(0, 0), "ended", (0, 0)]


def test_shuffled_it_is_each_row_once_as_well(rows_of: Callable[..., Rows]) -> None:
    rows = rows_of(100, order="random", at_end="wrap", seed=3)
    first, second = [next(rows) for _ in range(100)], [next(rows) for _ in range(100)]
    assert sorted(first) == list(range(100)) != first
    assert second == first
