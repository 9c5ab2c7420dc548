"""LAB_FAULT as text and in time: what it says, what it does not take, and that a mistake is one line."""

from __future__ import annotations

import contextlib
import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as some

from lab.faults import FaultError, parse, refusal
from lab.knobs import SettingsError
from lab.settings import Settings


def test_a_list_of_faults_is_read_in_the_order_of_their_times() -> None:
    faults = parse("pause postgres for 5s at 2m, kill api at 60s; delay 50ms at 180s for 30s,cut for 500ms at 4m")
    assert [(each.verb, each.service, each.at, each.seconds, each.delay_seconds) for each in faults] == [
        ("kill", "api", 60, 0, 0),
        ("pause", "postgres", 120, 5, 0),
        ("delay", None, 180, 30, 0.05),
        ("cut", None, 240, 0.5, 0),
    ]
    assert [each.text for each in faults][2] == "delay 50ms at 180s for 30s"
    assert [each.is_of_the_way for each in faults] == [False, False, True, True]
    assert [each.over for each in faults] == [60, 125, 210, 240.5]


def test_the_longest_delay_is_a_minute() -> None:
    assert parse("delay 1m for 3s at 5s")[0].delay_seconds == 60


def test_nothing_is_no_fault() -> None:
    assert parse("") == parse("  ") == ()


@pytest.mark.parametrize("name", ["api-2", "worker", "worker-1", "my.store_2", "masterful"])
def test_a_service_or_one_of_its_replicas_can_be_named(name: str) -> None:
    assert parse(f"kill {name} at 1s")[0].service == name


BY_WORDS = "after what is done stand 'at' and 'for', each once and with its time"
NO_TIME = "is not a time such as 500ms, 10s, 5m or 1h30m"
NO_LENGTH = "is not a time above 0 such as 500ms, 10s, 5m or 1h30m"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("burn api at 5s", "there is no 'burn'; there are kill, pause, stop, delay, cut"),
        ("Kill api at 5s", "there is no 'Kill'; there are kill, pause, stop, delay, cut"),
        ("kill", "it does not say when; a whole one is 'kill api at 60s'"),
        ("kill api", "it does not say when; a whole one is 'kill api at 60s'"),
        ("kill at 5s", "it is written like 'kill api at 60s'"),
        ("kill api postgres at 5s", "it is written like 'kill api at 60s'"),
        ("kill api at 5s at 6s", BY_WORDS),
        ("kill api at", BY_WORDS),
        ("kill api at 5s soon", BY_WORDS),
        ("kill api at 5s in 6s", BY_WORDS),
        ("kill api at noon", f"'noon' {NO_TIME}"),
        ("kill api at -5s", f"'-5s' {NO_TIME}"),
        ("kill api for 3s at 5s", "a kill has no duration (stop has one); a whole one is 'kill api at 60s'"),
        ("kill API at 5s", "'API' is no name of a service"),
        ("kill master at 5s", "no fault is done to master: it does the judging"),
        ("pause master-1 for 1s at 5s", "no fault is done to master-1: it does the judging"),
        ("stop chaos for 1s at 5s", "no fault is done to chaos: it does the faults"),
        ("pause api at 5s", "it does not say for how long; a whole one is 'pause api for 5s at 60s'"),
        ("stop api at 5s", "it does not say for how long; a whole one is 'stop api for 5s at 60s'"),
        ("pause api for 0s at 5s", f"'0s' {NO_LENGTH}"),
        ("delay api for 3s at 5s", f"'api' {NO_TIME}"),
        ("delay for 3s at 5s", "it is written like 'delay 50ms for 30s at 60s'"),
        ("delay 0s for 3s at 5s", f"'0s' {NO_LENGTH}"),
        ("delay 61s for 3s at 5s", "a delay is at most 60s"),
        ("cut api for 3s at 5s", "it is written like 'cut for 5s at 60s'"),
    ],
)
def test_a_mistake_is_one_line_that_says_which_fault_and_what_would_be_right(text: str, says: str) -> None:
    with pytest.raises(FaultError) as error:
        parse(f"kill api at 1s,  {text.replace(' ', '  ')}")
    assert str(error.value) == f"'{text}': {says}"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("kill api at 5s,", "between two commas stands nothing; a fault is such as 'kill api at 60s'"),
        (", ".join(f"kill api at {at}0s" for at in range(101)), "101 faults are more than a run takes: 100"),
    ],
)
def test_a_list_that_is_none_is_explained(text: str, says: str) -> None:
    with pytest.raises(FaultError, match=f"^{says}$"):
        parse(text)
    assert len(parse(text.rpartition(",")[0])) in (1, 100)


@pytest.mark.parametrize(
    ("text", "plan", "says"),
    [
        ("kill api at 10s", "steady", None),
        ("kill api at 55s", "steady", None),
        (
            "kill api at 55.1s",
            "steady",
            (
                "'kill api at 55.1s': plan steady measures 60 s (LAB_RUN_TIME); the fault is over after 55.1 s, and to "
                "see the recovery takes 5 s more (LAB_FAILURE_TIME)"
            ),
        ),
        (
            "pause api for 10s at 46s",
            "soak",
            (
                "'pause api for 10s at 46s': plan soak measures 60 s (LAB_RUN_TIME); the fault is over after 56 s, and "
                "to see the recovery takes 5 s more (LAB_FAILURE_TIME)"
            ),
        ),
        ("pause api for 5s at 10s, kill api at 20s", "peak", None),
        (
            "pause api for 5s at 10s, kill api at 19s",
            "peak",
            "'kill api at 19s' begins before the recovery from 'pause api for 5s at 10s' can be seen: not before 20s",
        ),
        (
            "kill api at 20s, pause api for 5s at 20s",
            "steady",
            "'pause api for 5s at 20s' begins before the recovery from 'kill api at 20s' can be seen: not before 25s",
        ),
        ("kill api at 10s", "capacity", "plan capacity takes no faults: steady, peak, soak do"),
        ("kill api at 10s", "manual", "plan manual takes no faults: steady, peak, soak do"),
        ("", "capacity", None),
    ],
)
def test_faults_fit_into_the_plan_and_not_into_each_other(text: str, plan: str, says: str | None) -> None:
    assert refusal(parse(text), plan, 60, 5) == says


@pytest.mark.parametrize(
    ("knobs", "says"),
    [
        ({"LAB_PLAN": "steady", "LAB_FAULT": "burn api at 5s"}, "LAB_FAULT: 'burn api at 5s': there is no 'burn'"),
        ({"LAB_PLAN": "capacity", "LAB_FAULT": "kill api at 5s"}, "LAB_FAULT: plan capacity takes no faults"),
        ({"LAB_FAULT": "kill api at 5s"}, "LAB_FAULT: plan manual takes no faults"),
        ({"LAB_PLAN": "steady", "LAB_RUN_TIME": "9s", "LAB_FAULT": "kill api at 5s"}, "plan steady measures 9 s"),
        ({"LAB_PLAN": "steady", "LAB_LIMITS": "recovery<=10s"}, "recovery<=10s is a limit on the recovery from faults"),
        ({"LAB_PLAN": "steady", "LAB_LIMITS": "lost<=3"}, "lost<=0 is the only such limit"),
        ({"LAB_PLAN": "capacity", "LAB_LIMITS": "p95<=1s lost<=0"}, "plan capacity takes no limit on lost writes"),
        ({"LAB_PLAN": "steady", "LAB_LIMITS": "GET /tests:recovery<=1s"}, "recovery is of the whole service"),
    ],
)
def test_a_start_with_a_mistake_is_refused_with_the_knob(knobs: dict[str, str], says: str) -> None:
    with pytest.raises(SettingsError) as error:
        Settings.from_environment(knobs)
    assert says in str(error.value)


def test_faults_and_their_limits_are_taken_by_a_plan_that_holds_a_load() -> None:
    knobs = {"LAB_PLAN": "soak", "LAB_FAULT": "kill api at 1m", "LAB_LIMITS": "recovery<=10s lost<=0 p95<=1s"}
    settings = Settings.from_environment(knobs)
    assert [limit.unit for limit in settings.limits] == ["s", "writes", "ms"]
    assert not any(limit.is_of_a_step or limit.is_of_sums for limit in settings.limits[:2])


TIMES = some.integers(0, 7200).map(lambda seconds: f"{seconds}s")
LASTING = some.integers(1, 600).map(lambda seconds: f"{seconds}s")
NAMES = some.sampled_from(["api", "postgres", "worker-3", "proxy"])
FAULTS = some.one_of(
    some.builds("kill {} at {}".format, NAMES, TIMES),
    some.builds("{} {} for {} at {}".format, some.sampled_from(["pause", "stop"]), NAMES, LASTING, TIMES),
    some.builds("delay {}ms at {} for {}".format, some.integers(1, 60000), TIMES, LASTING),
    some.builds("cut for {} at {}".format, LASTING, TIMES),
)


@given(some.lists(FAULTS, min_size=1, max_size=10))
def test_what_is_written_right_is_read_and_each_fault_stands_for_itself(texts: list[str]) -> None:
    faults = parse(" , ".join(texts))
    assert sorted(each.text for each in faults) == sorted(texts)
    assert [each.at for each in faults] == sorted(each.at for each in faults)
    assert all(parse(each.text) == (each,) for each in faults)


@given(some.text(max_size=60))
def test_whatever_is_written_is_read_or_refused_in_one_line(text: str) -> None:
    with contextlib.suppress(FaultError):
        said = parse(text)
        assert len(said) == len([part for part in re.split("[,;]", text) if part.strip()])


@given(some.lists(FAULTS, min_size=2, max_size=6), some.integers(1, 30))
def test_faults_that_are_taken_never_meet(texts: list[str], room: int) -> None:
    faults = parse(",".join(texts))
    if refusal(faults, "soak", 10_000, room) is None:
        for before, fault in pairwise(faults):
            assert fault.at - before.over >= room
        assert all(each.over + room <= 10_000 for each in faults)
