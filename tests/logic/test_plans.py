"""Plans: which users at which time, told from data alone."""

import pytest

from lab.plans import stages
from lab.plans.stages import MOST_GLANCES, PLANS, Hold, Progress, advance, start, users_for


@pytest.mark.parametrize(
    ("name", "users", "run_seconds", "holds"),
    [
        ("smoke", 20, None, [(4, 10)]),  # small whatever the knobs say
        ("smoke", 2, 5, [(2, 5)]),
        ("steady", 20, None, [(20, 60)]),
        ("steady", 20, 30, [(20, 30)]),
        ("ramp", 20, 100, [(2 * n, 10) for n in range(1, 11)]),
        ("ramp", 3, 100, [(1, 10), (1, 10), (1, 10), (1, 10), (2, 10), (2, 10), (2, 10), (2, 10), (3, 10), (3, 10)]),
        ("spike", 50, 60, [(5, 20), (50, 20), (5, 20)]),
        ("spike", 1, 60, [(1, 20), (1, 20), (1, 20)]),  # never none at all
        ("soak", 20, None, [(20, 3600)]),
    ],
)
def test_a_plan_becomes_users_and_seconds(
    name: str, users: int, run_seconds: float | None, holds: list[tuple[int, float]]
) -> None:
    progress = start(PLANS[name], users, run_seconds, 3)
    assert [hold.users for hold in progress.holds] == [users for users, _ in holds]
    assert [hold.seconds for hold in progress.holds] == pytest.approx([seconds for _, seconds in holds])


def test_a_hold_is_over_when_its_users_were_there_to_settle_and_for_its_seconds() -> None:
    progress = Progress((Hold(10, 20), Hold(20, 20)), settle_seconds=3)
    assert advance(progress, 1000, steady_since=None).index == 0  # however late: the users are not there
    assert advance(progress, 122.9, steady_since=100).index == 0
    assert advance(progress, 123, steady_since=100).index == 1


def test_a_plan_that_is_done_stays_done() -> None:
    done = Progress((Hold(10, 20),), settle_seconds=0, index=1)
    assert done.hold is None
    assert advance(done, 1e9, steady_since=0) is done


def test_shares_of_time_add_up_to_the_whole() -> None:
    for plan in PLANS.values():
        assert sum(stage.time for stage in plan.stages) == pytest.approx(1), plan.name
        assert all(0 < stage.users <= 1 for stage in plan.stages), plan.name
        assert plan.name != stages.MANUAL


def test_each_plan_has_its_time() -> None:
    assert {name: plan.seconds for name, plan in PLANS.items()} == {
        "smoke": 10,
        "steady": 60,
        "ramp": 120,
        "spike": 60,
        "peak": 60,
        "soak": 3600,
    }


@pytest.mark.parametrize(
    ("rps", "glances", "users"),
    [
        (100, [(20, 100.0)], 20),  # exactly what is wanted
        (100, [(20, 114.0)], 20),  # a few too many are, as far as chance may explain it
        (100, [(20, 116.0)], 19),  # these are too many for that
        (100, [(20, 99.9)], 22),  # rather too many than too few: by as much as chance may have added
        (20_000, [(100, 10_000.0)], 202),  # and by 1 % however much was seen
        (50, [(20, 0.1)], 80),  # never more than four times as many at once
        (50, [(20, 0.0)], 80),
        (0.25, [(20, 0.2)], 50),  # of a glance without a whole answer: twice as many
        (1000, [(400, 100.0)], 500),  # nor more than there may be
        (1, [(40, 400.0)], 1),  # nor none
        (50, [(20, 20.0), (80, 21.0)], 80),  # more users only wait longer
        (50, [(5, 5.0), (20, 20.0), (80, 21.0)], 80),
        (50, [(20, 20.0), (80, 30.0)], 146),  # they still make more
        (50, [(20, 20.0), (21, 20.1)], 59),  # one user more says nothing
        (50, [(20, 0.0), (80, 40.0)], 108),
        (50, [(20, 49.0), (80, 50.0)], 80),  # it is enough
        (50, [(20, 20.0)] * MOST_GLANCES, 20),  # there must be an end
        (50, [(20, 20.0)] * (MOST_GLANCES - 1), 56),
    ],
)
def test_as_many_users_as_make_the_peak(rps: float, glances: list[tuple[int, float]], users: int) -> None:
    assert users_for(rps, glances, 500) == users
