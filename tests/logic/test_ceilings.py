"""LAB_MAX_USERS holds where users are dealt out, whoever asks for them: a form, a plan, or the scenario's own shape."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

from lab.knobs import SettingsError
from lab.settings import Settings
from tests.support import lean  # noqa: F401 - Locust is asked not to patch this process

# after it, on purpose
from lab.engine.dispatch import Master  # isort: skip
from lab.judging.evidence import Interruption  # isort: skip
from lab.shapes import own_shapes  # isort: skip
from locust import LoadTestShape  # isort: skip

NAN, INFINITE = float("nan"), float("inf")
BEYOND = [(61, 10), (10**9, 1), (-1, 1), (5, NAN), (5, INFINITE), (5, 0), (5, -1)]


class Asks(LoadTestShape):
    """Asks for what it is told to."""

    said: ClassVar[tuple[Any, ...]] = ()

    def tick(self) -> Any:
        return self.said


@pytest.mark.parametrize("said", BEYOND)
def test_a_shape_that_asks_for_more_ends_the_run_with_its_reason(
    said: tuple[Any, ...], caplog: pytest.LogCaptureFixture
) -> None:
    interrupted: list[Interruption] = []
    plan: Any = own_shapes({"Asks": Asks}, ())["Asks"]()
    plan.runner = None
    plan.conductor = SimpleNamespace(
        run=None, settings=Settings.from_environment({"LAB_MAX_USERS": "60"}), interrupt=interrupted.append
    )
    Asks.said = (60, 10)
    assert plan.tick() == (60, 10)
    Asks.said = said
    assert plan.tick() is None
    assert interrupted == [Interruption.FAULT]
    assert "users" in str(caplog.records[-1].exc_info)


@pytest.mark.parametrize(("users", "rate"), BEYOND)
def test_the_master_deals_out_no_more(users: int, rate: float) -> None:
    master: Any = SimpleNamespace(most_users=60)
    with pytest.raises(ValueError, match="users"):
        Master.start(master, users, rate)


def test_open_arrivals_of_the_peak_are_users_as_well() -> None:
    knobs = {"LAB_PLAN": "peak", "LAB_PEAK_RPS": "61", "LAB_MAX_USERS": "60"}
    Settings.from_environment(knobs)
    with pytest.raises(SettingsError, match="LAB_PEAK_RPS=61: plan peak takes at most LAB_MAX_USERS"):
        Settings.from_environment({**knobs, "LAB_ARRIVALS": "open"})


@pytest.mark.parametrize(
    "text", ["1001h", "999999999999999h", "9" * 400, "9" * 400 + "ms", "\uff11s", "\u0661m", "1\uff10"]
)
def test_a_time_has_a_ceiling_and_one_way_to_write_its_digits(text: str) -> None:
    with pytest.raises(SettingsError, match=r"takes a time"):
        Settings.from_environment({"LAB_RUN_TIME": text})
