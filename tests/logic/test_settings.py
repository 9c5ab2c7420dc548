"""The lab's knobs: what they take, what they stand for when empty, and what they say when wrong."""

from collections.abc import Callable
from typing import Any

import pytest

from lab import knobs as own
from lab.knobs import SettingsError, knob, number, share
from lab.settings import Settings, knobs


def test_every_default_is_a_value_its_knob_takes() -> None:
    assert Settings.from_environment({}) == Settings.from_environment(knobs())


def test_an_empty_value_is_the_default() -> None:
    assert Settings.from_environment(dict.fromkeys(knobs(), "  ")) == Settings.from_environment({})


@pytest.mark.parametrize(
    ("name", "text", "attribute", "value"),
    [
        ("LAB_PLAN", "spike", "plan", "spike"),
        ("LAB_RUN_TIME", "90", "run_seconds", 90),
        ("LAB_RUN_TIME", "1h30m", "run_seconds", 5400),
        ("LAB_SETTLE", "500ms", "settle_seconds", 0.5),
        ("LAB_SETTLE", "0", "settle_seconds", 0),
        ("LAB_THINK_TIME", "2s", "think_seconds", (2, 2)),
        ("LAB_THINK_TIME", "0.5s-1.5s", "think_seconds", (0.5, 1.5)),
        ("LAB_THINK_TIME", "0", "think_seconds", (0, 0)),
        ("LAB_ALLOWED_HOSTS", "a.example, B.example", "allowed_hosts", frozenset({"a.example", "b.example"})),
    ],
)
def test_a_knob_is_read(name: str, text: str, attribute: str, value: Any) -> None:
    assert getattr(Settings.from_environment({name: text}), attribute) == value


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({"LAB_PLAN": "Smoke"}, "LAB_PLAN=Smoke: takes one of manual, capacity, smoke, steady"),
        ({"LAB_RUN_TIME": "1 minute"}, "LAB_RUN_TIME=1 minute: takes a time such as 500ms, 10s, 5m or 1h30m"),
        ({"LAB_RUN_TIME": "-5s"}, "LAB_RUN_TIME=-5s: takes a time"),
        ({"LAB_RUN_TIME": "0"}, "LAB_RUN_TIME=0: takes a time above 0"),
        ({"LAB_TIMEOUT": "0s"}, "LAB_TIMEOUT=0s: takes a time above 0"),
        ({"LAB_THINK_TIME": "2s-1s"}, "LAB_THINK_TIME=2s-1s: takes a time or two, the shorter first"),
        ({"LAB_THINK_TIME": "-1s"}, "LAB_THINK_TIME=-1s: takes a time or two"),
        ({"LAB_PLAN": "capacity", "LAB_LIMITS": "rps>=10"}, "LAB_LIMITS: plan capacity takes at least one limit on"),
        ({"LAB_PLAN": "peak"}, "LAB_PLAN=peak: takes LAB_PEAK_USERS or LAB_PEAK_RPS"),
        ({"LAB_PLAN": "peak", "LAB_PEAK_USERS": "3000"}, "LAB_PEAK_USERS=3000: plan peak takes at most LAB_MAX_USERS"),
        ({"LAB_START_USERS": "3000"}, "LAB_START_USERS=3000: takes at most LAB_MAX_USERS"),
        ({"LAB_RESOLUTION": "0.1"}, "LAB_RESOLUTION=0.1: takes a share from 1% to 100%"),
        ({"LAB_SETTLE": "1s\n\x1b[2J"}, "LAB_SETTLE=1s\\x0a\\x1b[2J: takes a time"),
        ({"LAB_METRICS_URLS": "http://me:hunter2@api /x"}, "LAB_METRICS_URLS=http://…@api /x: takes URLs"),
        ({"LOCUST_USERS": "abc"}, "LOCUST_USERS=abc: takes a whole number of 1 or more"),
        ({"LOCUST_USERS": "１２"}, "LOCUST_USERS=１２: takes a whole number"),  # noqa: RUF001
        ({"LOCUST_SPAWN_RATE": "nan"}, "LOCUST_SPAWN_RATE=nan: takes a number above 0 such as 10 or 0.5"),
        ({"LOCUST_RUN_TIME": "zz"}, "LOCUST_RUN_TIME=zz: takes a time such as"),
        ({"LOCUST_WEB_PORT": "70000"}, "LOCUST_WEB_PORT=70000: takes a port from 1 to 65535"),
        ({"LAB_LIMITS": "p95<450"}, "LAB_LIMITS: p95 is given in us or ms or s"),
    ],
)
def test_a_wrong_value_is_told_with_its_knob_and_what_it_takes(environment: dict[str, str], says: str) -> None:
    with pytest.raises(SettingsError) as error:
        Settings.from_environment(environment)
    assert says in str(error.value)


@pytest.fixture
def no_own_knobs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own, "_own", {})


@pytest.mark.usefixtures("no_own_knobs")
def test_a_knob_of_the_users_own_is_read_and_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_READER_WEIGHT", "0")
    monkeypatch.setenv("LAB_READ_BACK", " ")
    assert knob("LAB_READER_WEIGHT", number, "3") == 0
    assert knob("LAB_READ_BACK", share, "5%") == 0.05
    assert own.own_knobs() == {"LAB_READER_WEIGHT": "0", "LAB_READ_BACK": "5%"}


@pytest.mark.usefixtures("no_own_knobs")
@pytest.mark.parametrize(
    ("name", "read", "text", "says"),
    [
        ("LAB_READER_WEIGHT", number, "-1", "LAB_READER_WEIGHT=-1: takes a whole number"),
        ("LAB_READER_WEIGHT", number, "1.5", "LAB_READER_WEIGHT=1.5: takes a whole number"),
        ("LAB_READ_BACK", share, "101%", "LAB_READ_BACK=101%: takes a share from 0% to 100%"),
    ],
)
def test_a_wrong_value_of_such_a_knob_is_refused_alike(
    monkeypatch: pytest.MonkeyPatch, name: str, read: Callable[[str], float], text: str, says: str
) -> None:
    monkeypatch.setenv(name, text)
    with pytest.raises(SettingsError) as error:
        knob(name, read, "1")
    assert says in str(error.value)
    assert not own.own_knobs()
