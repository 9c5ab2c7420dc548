"""The link: what a worker counted reaches the master once, however often it is sent, and in its order."""

from __future__ import annotations

from typing import Any

import pytest

from lab.engine.link import MOST_UNACKNOWLEDGED, Ack, Inbox, Outbox, Report


def report(batches: list[tuple[int, Any]]) -> Report:
    return Report(run="5f3a", build={}, sent=0.0, until=0, wall_offset=None, cut_off=0, in_tasks=0, batches=batches)


def ack(heard: int) -> Ack:
    return Ack(sent=0.0, time=0.0, run="5f3a", heard=heard)


@pytest.mark.parametrize(
    ("reports_lost", "acks_lost"),
    [
        (set(), set()),  # a link that is well
        ({2, 3}, set()),  # two reports in a row are lost: the next one has their counts as well
        (set(), {1, 2, 3, 4}),  # reports come and acknowledgements do not: they come again, and count once
        ({1, 4}, {2}),  # both
    ],
)
def test_each_batch_is_heard_once_and_in_its_order(reports_lost: set[int], acks_lost: set[int]) -> None:
    outbox, inbox, heard = Outbox(), Inbox(), list[Any]()
    for second in range(1, 7):
        sent = outbox.add({"answers": second})
        if second not in reports_lost:
            heard += [batch["answers"] for batch in inbox.new("w", report(sent))]
            if second not in acks_lost:
                outbox.hear(ack(inbox.heard("w")))
    assert heard == [1, 2, 3, 4, 5, 6]


def test_the_batches_of_two_workers_are_numbered_apart() -> None:
    inbox = Inbox()
    for worker in ("a", "b"):
        assert [batch["x"] for batch in inbox.new(worker, report([(1, {"x": worker})]))] == [worker]
    assert (inbox.heard("a"), inbox.heard("b"), inbox.heard("nobody")) == (1, 1, 0)


def test_what_is_kept_for_a_silent_master_is_bounded_and_what_is_let_go_is_counted() -> None:
    outbox = Outbox()
    for number in range(MOST_UNACKNOWLEDGED + 7):
        kept = outbox.add({"number": number})
    assert (len(kept), kept[0][0], outbox.lost) == (MOST_UNACKNOWLEDGED, 8, 7)


def test_silence_counts_from_the_last_acknowledgement() -> None:
    now = 100.0
    outbox = Outbox(lambda: now)
    now = 104.0
    assert outbox.silent_seconds == 4
    outbox.hear(ack(0))
    now = 105.5
    assert outbox.silent_seconds == 1.5
    outbox.excuse()
    assert outbox.silent_seconds == 0
    now = 107.5
    assert outbox.silent_seconds == 2
