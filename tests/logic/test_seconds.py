"""Since when does the load stand, and was it ever missing for too long?"""

from __future__ import annotations

import pytest

from lab.counts.health import Health, from_document, lag_bucket
from lab.counts.seconds import Load, Seconds

STEADY, SHORT, STARTING = Load(20, 20, True), Load(15, 20, True), Load(5, 20, False)


@pytest.mark.parametrize(
    ("loads", "steady_since", "not_held"),
    [
        ([STARTING, STARTING], None, None),
        ([STARTING, STEADY], 102, None),  # from the second that begins then
        ([STEADY, STEADY, STEADY], 101, None),
        ([STEADY, SHORT], None, None),
        ([STEADY, SHORT, STEADY], 103, None),
        ([STEADY, SHORT, SHORT], None, None),  # two seconds are within the patience
        ([STEADY, SHORT, SHORT, SHORT], None, "15 of 20 were there for 3 s"),
        ([STEADY, SHORT, SHORT, SHORT, SHORT], None, "15 of 20 were there for 4 s"),
        ([STEADY, SHORT, SHORT, STEADY, SHORT, SHORT], None, None),
        ([SHORT, SHORT], None, None),  # it began before its first second
        ([SHORT, SHORT, SHORT, STEADY], 104, "15 of 20 were there for 3 s"),
        ([STARTING] * 9, None, None),  # users who are still to come are not missing
        ([STARTING, SHORT, SHORT, SHORT], None, "15 of 20 were there for 3 s"),
        ([Load(25, 20, True)] * 4, None, "25 of 20 were there for 4 s"),
    ],
)
def test_the_load_of_each_second(loads: list[Load], steady_since: int | None, not_held: str | None) -> None:
    seconds = Seconds(99, patience_seconds=3)
    for second, load in enumerate(loads, 100):
        seconds.note(second, load)
    assert (seconds.steady_since, seconds.not_held) == (steady_since, not_held)
    settled = [second for second in range(200) if seconds.is_settled(second, settle_seconds=2)]
    assert settled == ([] if steady_since is None else list(range(steady_since + 2, 200)))
    assert seconds.most_users == max(load.there for load in loads)
    assert [seconds.take(second) for second in range(100, 100 + len(loads))] == [load.there for load in loads]
    assert seconds.take(100) is None  # it was taken


def test_without_a_second_there_were_no_users() -> None:
    assert (Seconds(99, 3).most_users, Seconds(99, 3).take(99)) == (0, None)


IDLE = STEADY._replace(asks_nothing=True)
EMPTY = Load(0, 0, True, asks_nothing=True)


@pytest.mark.parametrize(
    ("loads", "asks_nothing"),
    [
        ([IDLE] * 3, False),
        ([IDLE] * 4, True),
        ([IDLE] * 5, True),
        ([IDLE] * 3 + [STEADY] + [IDLE] * 3, False),
        ([STEADY] * 9, False),
        ([EMPTY] * 9, False),  # where nobody is, nobody could ask
        ([IDLE] * 4 + [STEADY], False),
    ],
)
def test_users_who_ask_nothing_for_four_seconds_in_a_row_will_not_ask(loads: list[Load], asks_nothing: bool) -> None:
    seconds = Seconds(99, 3)
    for second, load in enumerate(loads, 100):
        seconds.note(second, load)
    assert seconds.asks_nothing is asks_nothing


def test_a_step_begins_anew() -> None:
    seconds = Seconds(99, 3)
    seconds.note(100, STEADY)
    seconds.begin_step()
    assert seconds.steady_since is None


@pytest.mark.parametrize(
    ("late_ms", "kept_ms"), [(0.0, 0.0), (0.099, 0.0), (0.1, 0.1), (0.123, 0.12), (1.25, 1.2), (99.9, 100.0)]
)
def test_lateness_is_kept_to_two_digits(late_ms: float, kept_ms: float) -> None:
    assert lag_bucket(late_ms) == kept_ms


def test_stretches_of_a_worker_add_up_each_figure_in_its_way() -> None:
    one = Health(seconds=2, expected_seconds=3, users=5, cpu_seconds=1, cpus=1.0, periods=10, throttled=5, jump_ms=3)
    other = Health(seconds=3, users=4, cpu_seconds=2, cpus=0.5, files=7, files_limit=100, offset_ms=-2.0, host="b")
    one.lag(1.234)
    other.lag(1.2)
    other.lag(0.0)
    one.add(other)
    assert (one.seconds, one.expected_seconds, one.cpu_seconds, one.throttled) == (5, 3, 3, 5)  # sums
    assert (one.users, one.files, one.jump_ms, one.host) == (5, 7, 3, "b")  # the most
    assert (one.cpus, one.files_limit, one.offset_ms, one.visits_limit) == (0.5, 100, -2.0, None)  # the least known
    assert one.periods == 10
    assert one.lags == {1.2: 2, 0.0: 1}
    one.add(Health(periods=4.0))
    assert one.periods == 14


def test_shares_are_of_what_could_be_had() -> None:
    health = Health(
        seconds=10, expected_seconds=12, cpu_seconds=4, waited_seconds=2, cpus=0.5, periods=100, throttled=25
    )
    assert health.cpu_share == pytest.approx(0.8)
    assert health.waited_share == pytest.approx(0.2)
    assert health.throttled_share == 0.25
    assert health.silent_seconds == 2
    nothing = Health()
    assert (nothing.cpu_share, nothing.waited_share, nothing.throttled_share, nothing.silent_seconds) == (0, 0, 0, 0)
    assert Health(seconds=5, expected_seconds=3).silent_seconds == 0
    assert Health(periods=10, throttled=30).throttled_share == 1
    assert Health(periods=10, throttled=13).throttled_share == 1


def test_a_document_has_what_is_not_usual_and_is_read_back() -> None:
    # 0.8954 s of 10 are 0.090 to three digits, 0.895 s would be 0.089: a digit less, and a run is judged in two ways
    health = Health(seconds=10.00004, users=5, waited_seconds=0.8954321, lags={1.2: 3, 0.0: 7}, periods=0.0)
    document = health.document()
    lags = {"0": 7, "1.2": 3}
    assert document == {"seconds": 10.00004, "users": 5, "waited_seconds": 0.8954321, "lags": lags, "periods": 0.0}
    assert from_document({**document, "unknown": 3}) == health
    assert from_document({}) == Health()
