"""Readings and answers joined: what a run knows of its replicas in the end."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from typing import Any

import pytest

from lab.counts.timeline import Answers
from lab.service.both_ends import Observer, Service, from_document
from lab.service.metrics import PROXY, Durability, Scrape

BEGAN = 100


@dataclass(frozen=True)
class Given:
    """What may be different with two replicas. Seconds are those of the run; only b ever dies."""

    restarts: int | None = None
    unread: tuple[str, ...] = ()
    mute: Container[int] = ()  # seconds without a reading of b
    dead: Container[int] = ()  # seconds without an answer of b
    late: int = 0  # seconds before the first reading
    stranger: int = 0  # requests of somebody else, to each
    slow_ms: float = 1.0
    proxy: bool = False
    nobody: int = 0  # failures a second that name no replica
    nameless: int = 0  # successes a second that name none
    cut_off: int | None = None

    def read(self, observer: Observer, second: int, served: dict[str, float], strangers: int = 0) -> None:
        """The readings at the beginning of the second; a restart forgets what b has served."""
        if second == self.restarts:
            served["b"] = 0.0
        for name, count in served.items():
            if self._can_be_read(name, second):
                restarted = name == "b" and self.restarts is not None and second >= self.restarts
                started = 105.0 if restarted else 1.0
                observer.read(name, "api", Scrape("replica", second, started, {"served": count + strangers}, {}))
        if self.proxy:
            counters = {"proxied": sum(served.values())}
            observer.read("proxy", "proxy", Scrape(PROXY, second, 1.0, counters, {"busy": 0.1}))

    def _can_be_read(self, name: str, second: int) -> bool:
        if name in self.unread or second < BEGAN + self.late:
            return False
        return name != "b" or second not in self.mute

    def answer(self, observer: Observer, second: int, served: dict[str, float]) -> None:
        """The answers of the second, as a worker counts them."""
        for name in [name for name in served if name != "b" or second not in self.dead]:
            answers = Answers(second, "GET /tests", {self.slow_ms: 50}, {}, 50 * self.slow_ms, self.slow_ms, name)
            observer.hear([answers])
            served[name] += 50
        if self.nobody:
            observer.hear([Answers(second, "GET /tests", {}, {"got 503": self.nobody}, 0.0, 0.0, "")])
        if self.nameless:
            observer.hear([Answers(second, "GET /tests", {1.0: self.nameless}, {}, 0.0, 0.0, "")])


def observed(seconds: int = 20, **more: Any) -> Service:
    """Two replicas that answer 50 requests a second each; what `more` says of them is different."""
    given = Given(**more)
    observer = Observer(BEGAN - 0.5, 1.0)
    served = {"a": 0.0, "b": 0.0}
    for second in range(BEGAN, BEGAN + seconds):
        given.read(observer, second, served)
        given.answer(observer, second, served)
        observer.settle(second, 1)
    given.read(observer, BEGAN + seconds, served, given.stranger)
    concluded = observer.conclude(1, users=500, cut_off=given.cut_off)
    assert concluded
    return concluded


@pytest.mark.parametrize(
    ("more", "agree", "replicas"),
    [
        ({}, True, 2000),
        ({"proxy": True}, True, 2000),
        ({"stranger": 30}, False, 2060),
        ({"stranger": 30, "slow_ms": 900.0}, True, 2060),  # 90 requests are in flight at any time: 60 may be cut off
        ({"restarts": 110}, True, 1950),  # it answered for a second after its last reading
        ({"late": 3}, None, None),  # what they counted before their first reading is not known
        ({"unread": ("a",)}, True, 1000),  # who is not read explains its own answers, and nothing of the others
        ({"unread": ("a",), "nameless": 5}, False, 1000),
        ({"unread": ("a", "b")}, None, None),
        ({"nobody": 200}, False, 2000),  # a share of the requests may be so, not all of them
        ({"proxy": True, "nobody": 5}, False, 2000),  # the proxy did not count what it is said to have answered
        ({"nobody": 5}, True, 2000),  # failures that name no replica: the proxy's own
        ({"nameless": 5}, False, 2000),  # what succeeded and names none is no failure of a proxy
        ({"stranger": 30, "slow_ms": 900.0, "cut_off": 60}, True, 2060),  # what was cut off was counted
        ({"stranger": 30, "slow_ms": 900.0, "cut_off": 59}, False, 2060),
    ],
)
def test_both_ends_agree_or_not(more: dict[str, Any], agree: bool | None, replicas: int | None) -> None:
    entry = observed(**more).double_entry
    assert entry
    assert (entry["agree"], entry["replicas"]) == (agree, replicas), entry


def test_a_restart_is_an_outage_and_a_run_without_one_has_none() -> None:
    assert observed().outages == []
    (outage,) = observed(restarts=110).outages
    assert outage["replica"] == "b"


def test_a_replica_that_is_late_to_say_how_it_is_and_answers_the_swarm_is_there() -> None:
    """An overloaded one may take seconds for its page of metrics."""
    assert observed(mute=range(105, 115)).outages == []
    assert observed(mute=range(105, 130)).outages == []
    (outage,) = observed(mute=range(105, 115), dead=range(105, 115)).outages
    assert (outage["replica"], outage["back_after_seconds"]) == ("b", 11)


def test_a_replica_that_falls_silent_for_good_is_gone() -> None:
    observer = Observer(BEGAN - 0.5, 1.0)
    for second in range(BEGAN, BEGAN + 20):
        for name in ("a", "b") if second < BEGAN + 8 else ("a",):
            observer.read(name, "api", Scrape("replica", second, 1.0, {"served": 1.0 * second}, {}))
            observer.hear([Answers(second, "GET /tests", {1.0: 9}, {}, 9.0, 1.0, name)])
        observer.settle(second, 1)
    concluded = observer.conclude(1, users=1)
    assert concluded
    (outage,) = concluded.outages
    assert (outage["replica"], outage["back_after_seconds"]) == ("b", None)


def test_what_an_acknowledged_write_survives_is_known_once_for_each_store() -> None:
    observer = Observer(BEGAN, None)
    whole, half = Durability("sqlite", "power cut", "synchronous=FULL"), Durability("postgresql", "kill", "fsync=off")
    for name, durability in (("a", whole), ("b", whole), ("c", half), ("d", None)):
        for second in (BEGAN, BEGAN + 1):
            said = durability if second == BEGAN else None  # a store that is away for a moment says nothing of itself
            observer.read(name, "api", Scrape("replica", second, 1.0, {"served": 0.0}, {}, durability=said))
    concluded = observer.conclude(1, users=1)
    assert concluded
    assert concluded.durability == [whole._asdict(), half._asdict()]
    assert from_document(concluded.document()).durability == concluded.durability


@pytest.mark.parametrize(("is_read", "agree"), [(True, False), (False, True)])
def test_who_cannot_be_read_at_the_last_look_may_have_counted_more(is_read: bool, agree: bool) -> None:
    """It was paused less than a second after its last reading, and the run's end came too soon to call it gone."""
    observer = Observer(BEGAN - 0.5, 1.0)
    for second in range(BEGAN, BEGAN + 9):
        observer.read("a", "api", Scrape("replica", second, 1.0, {"served": 9.0 * (second - BEGAN)}, {}))
        observer.hear([Answers(second, "GET /tests", {1.0: 9}, {}, 9.0, 1.0, "a")])
        observer.settle(second, 1)
    observer.look_last(BEGAN + 10)
    if is_read:
        observer.read("a", "api", Scrape("replica", BEGAN + 10.1, 1.0, {"served": 75.0}, {}))
    concluded = observer.conclude(1, users=1, cut_off=0)
    assert concluded
    assert concluded.double_entry
    assert concluded.double_entry["agree"] is agree


def test_what_is_known_survives_its_file() -> None:
    known = observed(proxy=True)
    assert from_document(known.document()) == known


def test_answers_from_before_the_run_and_nobody_at_all_are_nothing() -> None:
    observer = Observer(BEGAN, None)
    observer.hear([Answers(BEGAN - 1, "GET /tests", {1.0: 9}, {}, 9.0, 1.0, "a")])
    observer.settle(BEGAN, 1)
    assert observer.conclude(1, users=1) is None
    observer.read("a", "api", Scrape("replica", BEGAN, 1.0, {"served": 9.0}, {}))
    concluded = observer.conclude(1, users=1)
    assert concluded
    assert concluded.double_entry
    assert (concluded.double_entry["swarm"], concluded.double_entry["replicas"]) == (0, 0)
