"""The master: what ends a run where its workers are gone, and that nothing tears a run that is being set up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import gevent
import pytest
from gevent.pool import Group

from tests.support import lean  # noqa: F401 - Locust is asked not to patch this process

# after it, on purpose
from lab.engine.admission import Admission, Strangers  # isort: skip
from lab.engine.refusals import REFUSALS  # isort: skip
from lab.engine.dispatch import LOOKS_EVERY_SECONDS, NO_WORKER_SECONDS, Master  # isort: skip
from locust.runners import STATE_INIT, STATE_MISSING, STATE_RUNNING, STATE_STOPPED, STATE_STOPPING  # isort: skip
from locust.rpc import Message  # isort: skip
from locust.runners import STATE_SPAWNING, WorkerNode, WorkerNodes  # isort: skip

if TYPE_CHECKING:
    from collections.abc import Iterable

LOOKS = round(NO_WORKER_SECONDS / LOOKS_EVERY_SECONDS)


@pytest.fixture
def master() -> Master:
    """A master in a run, without a port and without greenlets."""
    made = Master.__new__(Master)
    made.state, made.greenlet, made._looks_alone = STATE_RUNNING, Group(), 0
    workers(made, ())
    return made


def workers(master: Master, states: Iterable[str]) -> None:
    master.clients = WorkerNodes()
    for number, state in enumerate(states):
        master.clients[f"w{number}"] = WorkerNode(f"w{number}", state=state)


@pytest.mark.parametrize(
    ("state", "states", "becomes"),
    [
        # all workers have said for a moment that they are gone: they did not hear a master that stood still
        (STATE_RUNNING, (), STATE_RUNNING),
        (STATE_RUNNING, (STATE_MISSING,), STATE_RUNNING),
        (STATE_STOPPING, (), STATE_STOPPED),
        (STATE_STOPPING, (STATE_MISSING,), STATE_STOPPED),
        (STATE_STOPPING, (STATE_INIT,), STATE_STOPPED),
        (STATE_STOPPING, (STATE_RUNNING,), STATE_STOPPING),
    ],
)
def test_a_run_is_over_when_it_was_stopped(master: Master, state: str, states: tuple[str, ...], becomes: str) -> None:
    master.state = state
    workers(master, states)
    master.check_stopped()
    assert master.state == becomes


def test_a_run_waits_for_workers_that_may_come_back_and_not_for_ever(master: Master) -> None:
    assert [master._is_forsaken() for _ in range(LOOKS + 1)] == [False] * LOOKS + [True]


@pytest.mark.parametrize(
    ("state", "states"), [(STATE_RUNNING, (STATE_RUNNING,)), (STATE_RUNNING, (STATE_INIT,)), (STATE_STOPPED, ())]
)
def test_who_is_there_or_needs_nobody_is_not_forsaken(master: Master, state: str, states: tuple[str, ...]) -> None:
    for _ in range(LOOKS):
        assert not master._is_forsaken()
    there, master.state = list(states), state
    workers(master, there)
    assert not master._is_forsaken()
    workers(master, ())
    master.state = STATE_RUNNING
    assert not master._is_forsaken(), "it counts from the last worker on"


def test_a_stop_waits_until_the_run_is_set_up(master: Master, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run whose folder is there has to come to its end, with its verdict."""
    done: list[str] = []

    def set_up() -> None:
        gevent.sleep(0.05)
        done.append("set up")
        master.state = STATE_SPAWNING
        gevent.sleep(60)

    master.state, master._stops = STATE_INIT, False
    master._deal = gevent.spawn(set_up)
    monkeypatch.setattr("locust.runners.MasterRunner.stop", lambda *_: done.append("stopped"))
    gevent.spawn(master.stop).join(10)
    assert (done, master._deal.dead) == (["set up", "stopped"], True)
    master.state, master._deal = STATE_INIT, None
    master.stop()
    assert done[2:] == ["stopped"], "nothing is set up: there is nothing to wait for"


def test_a_report_without_what_the_recorder_counted_is_noted_and_ends_nothing(
    master: Master, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker whose listener died sends one: what it counted is missing, and the verdict has to say so."""
    before = REFUSALS.counts()
    master.admission = Admission({})
    monkeypatch.setattr(master.admission, "is_admitted", lambda _: True)
    master._waiting, master.strangers = {}, Strangers()
    master.handle_message("w0", Message("stats", {"user_count": 3}, "w0"))
    (sentence,) = REFUSALS.sentences(before)
    assert "Reports that cannot be what a worker counted were refused (1)" in sentence
    assert "w0: it lacks what the lab's recorder counted" in sentence
