"""Readings and answers joined: what a run knows of its replicas in the end."""

from __future__ import annotations

from typing import Any

import pytest

from lab.counts.timeline import Answers
from lab.service.both_ends import Observer, Service, from_document
from lab.service.metrics import PROXY, Durability, Scrape

BEGAN = 100


def observed(seconds: int = 20, **more: Any) -> Service:
    """Two replicas that answer 50 requests a second each; what `more` says of them is different."""
    given = {
        "restarts": None,
        "unread": (),
        "mute": (),
        "dead": (),
        "stranger": 0,
        "slow_ms": 1.0,
        "proxy": False,
        "nobody": 0,
        "nameless": 0,
        "cut_off": None,
        "late": 0,
        **more,
    }
    observer = Observer(BEGAN - 0.5, 1.0)
    served = {"a": 0.0, "b": 0.0}
    for second in range(BEGAN, BEGAN + seconds + 1):
        if second == given["restarts"]:
            served["b"] = 0.0
        for name, count in served.items():
            says = name not in given["unread"] and not (name == "b" and second in given["mute"])
            if says and second >= BEGAN + given["late"]:
                started = 1.0 if name != "b" or second < (given["restarts"] or second + 1) else 105.0
                extra = given["stranger"] if second == BEGAN + seconds else 0
                observer.read(name, "api", Scrape("replica", second, started, {"served": count + extra}, {}))
        if given["proxy"]:
            observer.read(
                "proxy", "proxy", Scrape(PROXY, second, 1.0, {"proxied": sum(served.values())}, {"busy": 0.1})
            )
        if second == BEGAN + seconds:
            break
        for name in [name for name in served if name != "b" or second not in given["dead"]]:
            times = {given["slow_ms"]: 50}
            observer.hear([Answers(second, "GET /tests", times, {}, 50 * given["slow_ms"], given["slow_ms"], name)])
            served[name] += 50
        observer.hear(
            [Answers(second, "GET /tests", {}, {"got 503": given["nobody"]}, 0.0, 0.0, "")] if given["nobody"] else []
        )
        if given["nameless"]:
            observer.hear([Answers(second, "GET /tests", {1.0: given["nameless"]}, {}, 0.0, 0.0, "")])
        observer.settle(second, 1)
    concluded = observer.conclude(1, users=500, cut_off=given["cut_off"])
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
        ({"unread": ("a",)}, None, None),  # who is not read may have counted anything
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
