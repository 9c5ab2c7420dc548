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
        attendance = SimpleNamespace(
            lost=set(),
            note=self.notes.append,
            name=lambda _: "Worker 1 (vm)",
            who=lambda _: (1, "vm"),
            look_at_clock=lambda *_: None,
        )
        instruments = SimpleNamespace(hear=lambda _: None, examine=lambda *_: None)
        timeline = SimpleNamespace(merge=lambda _: None, examine=lambda *_: None)
        self.hearing = Hearing(
            "5f3a",
            cast("Any", timeline),
            cast("Any", instruments),
            cast("Any", attendance),
            lambda since: self.left_out.append(CLOCK.second() - since),
        )

    def hear(self, silence: Silence | None) -> None:
        report = Report(run="5f3a", build={}, sent=0.0, wall_offset=None, cut_off=0, in_tasks=0, batches=[])
        self.hearing.take("w", report, [{"answers": [], "writes": [], "health": [], "silence": silence}])


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
