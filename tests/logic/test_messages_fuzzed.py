"""Messages changed by chance: refused by name, or taken in without harm. `make fuzz` takes 200,000 of them."""

from __future__ import annotations

import math
import os
import random
from itertools import repeat
from typing import Any, cast

import pytest

from lab.counts.clock import CLOCK
from lab.counts.timeline import Timeline, together
from lab.engine import reports
from lab.ledger.books import Books
from lab.service.both_ends import Observer
from tests.support import lean  # noqa: F401 - Locust is asked not to patch this process
from tests.support.fuzzing import another_value, other_bytes, places
from tests.support.sample_messages import MESSAGES, NOW, RUN, WORKER, packed, report

# after `lean`, on purpose
from lab.engine import frames  # isort: skip
from lab.engine.hearing import Hearing  # isort: skip

CASES = int(os.environ.get("FUZZ", "1500"))
NAME = WORKER.encode()


class Surroundings:
    """What a hearing needs of the master, and has no part in it here."""

    def __init__(self) -> None:
        self.lost: set[str] = set()
        self.observer = Observer(NOW - 60, 1.0)
        self.examine = self.observer.examine

    def hear(self, answers: Any, _: Any) -> None:
        self.observer.hear(answers)

    def who(self, _: str) -> tuple[int, str]:
        return 1, "host"

    def name(self, _: str) -> str:
        return "Worker 1 (host)"

    def note(self, _: str) -> None: ...

    def look_at_clock(self, *_: Any) -> None: ...


def a_hearing() -> tuple[Hearing, Timeline]:
    timeline, around = Timeline(NOW - 60), cast(Any, Surroundings())
    return Hearing(RUN, timeline, around, around, lambda _: None), timeline


def test_bytes_changed_by_chance_are_refused_or_read() -> None:
    rng, read = random.Random(12), 0
    kinds = list(MESSAGES.items())
    known = [packed(kind, data) for kind, data in kinds]
    for _ in repeat(None, CASES // 2):
        frame = other_bytes(rng.choice(known), rng)
        try:
            message = frames.read(NAME, frames.parts_of(frame))
        except reports.NotReadable:
            continue
        read += 1
        assert message.node_id == WORKER
    assert 0 < read < CASES // 4, "some changes do no harm, most do"


@pytest.mark.parametrize("ahead", [0, 10**6])
def test_rows_changed_by_chance_change_no_figure_for_the_worse(monkeypatch: pytest.MonkeyPatch, ahead: int) -> None:
    monkeypatch.setattr(type(CLOCK), "second", lambda _: NOW + ahead)
    rng, original = random.Random(120 + ahead), report()
    known, taken = list(places(original)), 0
    hearing, timeline = a_hearing()
    for case in range(CASES // 4):
        if case % 500 == 0:
            hearing, timeline = a_hearing()
        frame = packed("stats", another_value(original, rng, known))
        try:
            heard = frames.read(NAME, frames.parts_of(frame)).data["lab"]
            reports.check_in_place(heard, 0, NOW)
        except (reports.NotReadable, KeyError):
            continue
        if hearing.take(WORKER, heard, [batch for _, batch in heard["batches"]]):
            taken += 1
            assert_sound(hearing.books, timeline)
    assert taken > CASES // 40, "most of what is tried is not refused for its first byte"


def assert_sound(books: Books, timeline: Timeline) -> None:
    """No figure is less than none, and each is a number."""
    seconds = [found for _, found, _ in timeline.unsettled(NOW + 3600)]
    whole = together(tally for found in seconds for tally in (*found.values(), *found.marks.values()))
    assert min((*whole.times.values(), *whole.failures.values()), default=0) >= 0
    assert all(map(math.isfinite, (whole.sum_ms, whole.max_ms, *whole.times)))
    ledger = books.ledger(0)
    assert min(ledger.sent, ledger.acknowledged, ledger.refused, ledger.read_back, ledger.stale) >= 0
