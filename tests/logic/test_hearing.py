"""What the master says of workers that did not hear it, and what it leaves out because of that."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.support import lean  # noqa: F401 - Locust is asked not to patch this process

# after it, on purpose
from lab.engine.hearing import Hearing, unheard  # isort: skip
from lab.counts.clock import CLOCK  # isort: skip
from lab.engine.link import Report, Silence  # isort: skip


@pytest.mark.parametrize(
    ("cut_off", "is_own", "says"),
    [
        (12, False, "stalled or cut, and stopped its users: 12 answers were cut off; what was measured then"),
        (1, False, "and stopped its users: 1 answer was cut off; "),
        # that nothing is missing is said as well
        (0, False, "and stopped its users: 0 answers were cut off; "),
        # the master stood still itself, which is said already
        (3, True, "Worker 2 (vm) stopped its users meanwhile: 3 answers were cut off."),
        (0, True, None),
    ],
)
def test_a_worker_that_did_not_hear_the_master(cut_off: int, is_own: bool, says: str | None) -> None:
    sentence = unheard("Worker 2 (vm)", Silence(seconds=5.2, cut_off=cut_off, is_over=True), is_own=is_own)
    assert (says or "None") in str(sentence)
    assert is_own or "did not hear the master for 6 s" in str(sentence)


class Swarm:
    """A hearing, with what it notes and from when on it leaves out, in seconds before now."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.left_out: list[int] = []
        self.lost: set[str] = set()
        self.present = ["w1", "w2"]
        attendance = SimpleNamespace(
            lost=self.lost,
            note=self.notes.append,
            name=lambda _: "Worker 1 (vm)",
            who=lambda worker: (int(worker[1:]), "vm"),
            look_at_clock=lambda *_: None,
            present=lambda: iter(self.present),
        )
        instruments = SimpleNamespace(hear=lambda *_: None, examine=lambda *_: None)
        timeline = SimpleNamespace(merge=lambda *_: None, examine=lambda *_: None)
        self.hearing = Hearing(
            "5f3a",
            cast("Any", timeline),
            cast("Any", instruments),
            cast("Any", attendance),
            lambda since: self.left_out.append(CLOCK.second() - since),
        )

    def hear(
        self, silence: Silence | None, worker: str = "w1", answers: int = 0, users: int = 0, until: int = 0
    ) -> None:
        report = Report(
            run="5f3a", build={}, sent=0.0, until=until, wall_offset=None, cut_off=0, in_tasks=0, batches=[]
        )
        rows: list[Any] = [(100, "GET /tests", {1.0: answers}, {}, 1.0, 1.0)] if answers else []
        health = [(100, {"users": users})]
        self.hearing.take(
            worker,
            report,
            [{"answers": rows, "marks": [], "writes": [], "health": health, "silence": silence, "exchanges": []}],
        )


def test_a_silence_is_left_out_when_it_is_noticed_and_said_once_when_it_is_over() -> None:
    swarm = Swarm()
    swarm.hear(None)
    assert (swarm.notes, swarm.left_out) == ([], [])
    swarm.hear(Silence(seconds=3.1, cut_off=2, is_over=False))
    assert (swarm.notes, swarm.left_out) == ([], [4])
    swarm.hear(Silence(seconds=7.0, cut_off=2, is_over=True))
    assert ([note[:44] for note in swarm.notes], swarm.left_out) == (
        ["Worker 1 (vm) did not hear the master for 7 "],
        [4, 7],
    )


def test_a_master_that_stood_still_blames_no_link() -> None:
    swarm = Swarm()
    swarm.hearing.stand_still()
    swarm.hear(Silence(seconds=5.0, cut_off=1, is_over=True))
    assert swarm.notes == ["Worker 1 (vm) stopped its users meanwhile: 1 answer was cut off."]
    assert swarm.left_out == [5]


def test_a_worker_that_is_lost_takes_its_last_second_along() -> None:
    swarm = Swarm()
    for worker, answers in (("w1", 30), ("w2", 20), ("w1", 31), ("w2", 21)):
        swarm.hear(None, worker, answers, users=3)
    swarm.lost.add("w2")
    assert [(lost.number, lost.answered, lost.users) for lost in swarm.hearing.lost()] == [(2, 21, 3)]
    # nobody asks any more
    swarm.hear(None, "w1")
    swarm.lost.add("w1")
    assert [(lost.number, lost.answered) for lost in swarm.hearing.lost()] == [(1, 0), (2, 21)]


def test_a_worker_that_is_lost_before_it_told_of_an_answer_can_have_asked_as_much_as_the_busiest() -> None:
    swarm = Swarm()
    swarm.hear(None, "w2")  # its users came after this
    for answers in (30, 40, 5):
        swarm.hear(None, "w1", answers, users=4)
    swarm.lost |= {"w2", "w3"}
    assert [(lost.number, lost.answered, lost.users) for lost in swarm.hearing.lost()] == [(2, 40, 4), (3, 40, 4)]


def test_a_second_is_heard_of_when_every_worker_that_is_there_has_told_of_it() -> None:
    swarm = Swarm()
    swarm.hear(None, "w1", until=105)
    assert swarm.hearing.heard_until == 0
    swarm.hear(None, "w2", until=104)
    assert swarm.hearing.heard_until == 104
    swarm.present = ["w1"]
    assert swarm.hearing.heard_until == 105
    swarm.present = []
    assert swarm.hearing.heard_until == 0
