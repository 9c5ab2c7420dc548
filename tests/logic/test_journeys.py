"""Journeys and own figures: timed and counted as what they are, and never as requests."""

from __future__ import annotations

import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import gevent
import pytest

from tests.support import lean

# after it, on purpose
from locust import HttpUser  # isort: skip
from locust.exception import RescheduleTask, StopUser  # isort: skip
from lab.arrivals.visitor import Visitor  # isort: skip
from lab.counts.endpoints import Endpoints  # isort: skip
from lab.counts.marks import Mark  # isort: skip
from lab.counts.recorder import Recorder, rows  # isort: skip
from lab.counts.tally import Tally, together  # isort: skip
from lab.counts.templates import Templates  # isort: skip
from lab.engine.counting import Counting  # isort: skip
from lab.journeys import Journeys, journey, measure, timing  # isort: skip
from lab.journeys.timing import marks  # isort: skip

from lab.journeys.visiting import note_classes, visiting  # isort: skip


@pytest.fixture(autouse=True)
def nothing_is_left_over() -> Iterator[None]:
    marks.begin()
    yield
    marks.begin()


def counted() -> dict[str, Tally]:
    """What was marked since the last look, by name, whatever the second."""
    found = Endpoints()
    for mark in marks.drain():
        found.mark(mark)
    return found.marks


class Clock:
    """A clock that goes on as it is told."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        monkeypatch.setattr(timing, "time", SimpleNamespace(monotonic=lambda: self.now))


def asked(recorder: Recorder, exception: Exception | None = None, **more: Any) -> None:
    """A request of the present greenlet ends."""
    counting = Counting(
        recorder, lean.locust_stats.RequestStats(use_response_times_cache=False), Templates(grouped=True)
    )
    counting.on_request("POST", "/orders", 12.0, 0, exception, **more)


def test_what_is_inside_is_timed_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    with journey("checkout"):
        clock.now += 1.5
        with journey("pay"):
            clock.now += 0.25
    found = counted()
    assert {name: (tally.times, tally.failures) for name, tally in found.items()} == {
        "JOURNEY checkout": ({1750.0: 1}, {}),
        "JOURNEY pay": ({250.0: 1}, {}),
    }


def test_a_request_that_fails_inside_fails_every_journey_that_it_is_in() -> None:
    recorder = Recorder()
    with journey("browse"):
        asked(recorder)
    with journey("checkout"), journey("pay"):
        asked(recorder, ValueError("expected status 201, got 500"))
        asked(recorder, ValueError("the first one tells"))
    asked(recorder, ValueError("after it"))
    found = counted()
    reason = {"POST /orders: expected status 201, got 500": 1}
    assert (found["JOURNEY checkout"].failures, found["JOURNEY pay"].failures) == (reason, reason)
    assert (found["JOURNEY browse"].failed, found["JOURNEY browse"].successes) == (0, 1)


def test_a_request_that_a_greenlet_of_the_user_makes_counts_for_its_journey() -> None:
    recorder = Recorder()
    with journey("checkout"):
        gevent.joinall([gevent.spawn(asked, recorder, ValueError("no")) for _ in range(2)])
    # another user, who is on no journey
    gevent.spawn(asked, recorder, ValueError("no")).join()
    assert counted()["JOURNEY checkout"].failures == {"POST /orders: no": 1}


def test_an_exception_fails_it_and_goes_on_its_way() -> None:
    with pytest.raises(KeyError), journey("checkout"):
        raise KeyError("total")
    assert counted()["JOURNEY checkout"].failures == {"KeyError: 'total'": 1}


@pytest.mark.parametrize("ending", [StopUser, RescheduleTask])
def test_a_task_that_ends_in_order_ends_it_in_order(ending: type[Exception]) -> None:
    with pytest.raises(ending), journey("checkout"):
        raise ending
    assert counted()["JOURNEY checkout"].successes == 1


def test_one_that_the_end_of_the_run_cuts_off_is_not_counted() -> None:
    def user() -> None:
        with journey("checkout"):
            gevent.sleep(60)

    greenlet = gevent.spawn(user)
    gevent.sleep(0)
    greenlet.kill()
    assert counted() == {}


def test_of_open_arrivals_it_counts_from_when_the_visitor_was_due(monkeypatch: pytest.MonkeyPatch) -> None:
    Clock(monkeypatch)
    monkeypatch.setattr(gevent.getcurrent(), "owed_ms", 400.0, raising=False)
    with journey("checkout"):
        pass
    assert counted()["JOURNEY checkout"].times == {400.0: 1}


def test_any_class_of_users_can_have_both_and_visitors_do() -> None:
    class Shopper(Journeys, HttpUser):
        abstract = True

    assert issubclass(Visitor, Journeys)
    user = SimpleNamespace()
    with Shopper.journey(user, "  check\nout "):  # type: ignore[arg-type] # it needs nothing of the user
        Shopper.measure(user, "tokens/s", 41.5)  # type: ignore[arg-type] # as above
    assert set(counted()) == {"JOURNEY check out", "MEASURE tokens/s"}


def test_a_figure_is_kept_to_three_digits_whatever_its_size() -> None:
    for figure in (0, 0.00012345, 41.52, 1_234_567):
        measure("tokens/s", figure)
    tally = counted()["MEASURE tokens/s"]
    assert tally.times == {0.0: 1, 0.000123: 1, 41.5: 1, 1_230_000.0: 1}
    assert tally.max_ms == 1_234_567
    assert tally.sum_ms == pytest.approx(1_234_608.52012345)


@pytest.mark.parametrize("figure", [-1, float("nan"), float("inf"), "41", None, True, 1e13])
def test_what_is_no_figure_is_refused_by_name(figure: Any) -> None:
    with pytest.raises(ValueError, match=r"measure\('tokens/s', "):
        measure("tokens/s", figure)
    assert counted() == {}


@pytest.mark.parametrize("name", ["", " \n"])
def test_a_name_is_asked_for(name: str) -> None:
    with pytest.raises(ValueError, match="take a name"), journey(name):
        pass
    with pytest.raises(ValueError, match="take a name"):
        measure(name, 1)


def test_names_are_bounded() -> None:
    for number in range(300):
        measure(f"figure {number}", 1)
    found = counted()
    assert (len(found), found["(others)"].successes) == (201, 100)


def test_who_asks_is_known_in_every_greenlet_that_the_user_starts() -> None:
    seen, recorder = [], Recorder()

    class Base:
        def on_start(self) -> None:
            asked(recorder)
            gevent.spawn(lambda: seen.append(visiting())).join()

        def run(self) -> None:
            self.on_start()

    class Buyer(Base):
        def on_start(self) -> None:
            super().on_start()
            asked(recorder)

    note_classes([Base, Buyer])  # type: ignore[list-item] # as users are
    for user in (Base(), Buyer()):
        gevent.spawn(user.run).join()
    assert seen == ["Base", "Buyer"]
    whole = Endpoints()
    for row in rows(recorder.drain()):
        whole.answer(row)
    assert {name: tally.requests for name, tally in whole.marks.items()} == {"CLASS Base": 1, "CLASS Buyer": 2}
    assert together(whole.values()).requests == 3
    assert visiting() == ""


def test_a_mark_travels_as_it_was_counted() -> None:
    before = int(time.time())
    measure("tokens/s", 41.5)
    (mark,) = marks.drain()
    assert mark == Mark(mark.second, "MEASURE tokens/s", {41.5: 1}, {}, 41.5, 41.5)
    assert abs(mark.second - before) < 60
    assert marks.drain() == []


def test_what_is_secret_is_hidden_before_it_travels() -> None:
    for secret in ("one", "two"):
        with pytest.raises(KeyError), journey("log in"):
            raise KeyError(secret)
    (mark,) = marks.drain(lambda text: text.replace("one", "…").replace("two", "…"))
    assert mark.failures == {"KeyError: '…'": 2}
