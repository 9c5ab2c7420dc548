"""The model that tells the truth about a known service: against textbooks, laws that always hold, and a simulation."""

from __future__ import annotations

import pytest

from tests.support.queueing import Law, Model, Slots, capacity, load, simulate, solve

EIGHT = Model(slots=8, service_seconds=0.010, think_seconds=(0.05, 0.15))
FOUR = Model(slots=4, service_seconds=0.020, think_seconds=(0.1, 0.1))
ONE = Model(slots=1, service_seconds=0.005, think_seconds=(0.3, 0.5))
LONE = Model(slots=1, service_seconds=1.0, think_seconds=(1.0, 1.0))


@pytest.mark.parametrize(
    ("users", "rps"),
    [
        # one machine and one repairman: half the time it works; with two, 4 of 5 that somebody is at work: 1, 2, 2 to 5
        (1, 1 / 2),
        (2, 4 / 5),
        # 1, 3, 6, 6 to 16
        (3, 15 / 16),
        # 1, 4, 12, 24, 24 to 65
        (4, 64 / 65),
    ],
)
def test_the_repairman_of_the_textbook(users: int, rps: float) -> None:
    assert solve(LONE, users, 95).rps == pytest.approx(rps)


def test_a_user_alone_sees_the_service_time_itself() -> None:
    alone = solve(EIGHT, 1, 95)
    assert alone.mean_seconds == pytest.approx(0.010)
    # the 95th percentile of an exponential time is ln 20 times its mean
    assert alone.percentile_seconds == pytest.approx(0.010 * 2.995732, rel=1e-5)


def test_two_users_of_one_slot_by_hand() -> None:
    """Who finds the other in service, one time in two, stays for two exponential times in a row: Erlang's."""
    assert solve(LONE, 2, 50).mean_seconds == pytest.approx(1.5)
    # 0.5 exp(-t) + 0.5 (1 + t) exp(-t) = 0.5 at this t
    assert solve(LONE, 2, 50).percentile_seconds == pytest.approx(1.146193, rel=1e-5)


@pytest.mark.parametrize("model", [EIGHT, FOUR, ONE, LONE])
@pytest.mark.parametrize("share_of_knee", [0.5, 1.0, 1.5])
def test_the_laws_that_always_hold(model: Model, share_of_knee: float) -> None:
    users = max(1, round(model.knee * share_of_knee))
    found = solve(model, users, 95)
    # Little: users = throughput x (response time + think time)
    assert found.rps * (found.mean_seconds + model.mean_think_seconds) == pytest.approx(users)
    # the asymptotes, which meet at the knee
    assert found.rps <= model.slots / model.service_seconds + 1e-9
    assert found.rps <= users / (model.service_seconds + model.mean_think_seconds) + 1e-9
    assert found.mean_seconds >= users * model.service_seconds / model.slots - model.mean_think_seconds - 1e-9


def test_far_from_the_knee_the_asymptotes_are_the_truth() -> None:
    assert solve(EIGHT, 5, 95).rps == pytest.approx(5 / 0.110, rel=1e-4)
    assert solve(EIGHT, 300, 95).rps == pytest.approx(800, rel=1e-6)
    assert solve(EIGHT, 300, 95).mean_seconds == pytest.approx(300 * 0.010 / 8 - 0.1, rel=1e-4)


@pytest.mark.parametrize(("model", "users"), [(EIGHT, 70), (EIGHT, 97), (FOUR, 28), (ONE, 90)])
def test_the_solution_is_what_a_simulation_sees(model: Model, users: int) -> None:
    """With even and with uniform think times: only their mean counts."""
    exact, seen = solve(model, users, 95), simulate(model, users, 95)
    assert seen.rps == pytest.approx(exact.rps, rel=0.01)
    assert seen.mean_seconds == pytest.approx(exact.mean_seconds, rel=0.03)
    assert seen.percentile_seconds == pytest.approx(exact.percentile_seconds, rel=0.03)


def test_a_simulation_repeats_itself() -> None:
    assert simulate(EIGHT, 20, 95, requests=2000) == simulate(EIGHT, 20, 95, requests=2000)
    assert simulate(EIGHT, 20, 95, requests=2000) != simulate(EIGHT, 20, 95, requests=2000, seed=2)


def test_even_service_makes_nobody_wait_before_the_knee_and_all_alike_beyond_it() -> None:
    even = Model(slots=8, service_seconds=0.020, think_seconds=(0.2, 0.2), law=Law.EVEN)
    assert load(even, 88, 95).percentile_seconds == pytest.approx(0.020)
    assert load(even, 96, 95).percentile_seconds == pytest.approx(0.040)
    assert load(even, 96, 95).rps == pytest.approx(400, rel=1e-3)


def test_more_users_never_make_it_faster() -> None:
    loads = [solve(EIGHT, users, 95) for users in range(1, 200, 7)]
    times = [each.percentile_seconds for each in loads]
    rates = [each.rps for each in loads]
    assert times == sorted(times)
    assert rates == sorted(rates)


@pytest.mark.parametrize("limit_ms", [35, 60, 200])
def test_capacity_is_the_last_that_keeps_the_limit(limit_ms: float) -> None:
    found = capacity(EIGHT, 95, limit_ms / 1000)
    assert found is not None
    assert found.percentile_seconds <= limit_ms / 1000 < solve(EIGHT, found.users + 1, 95).percentile_seconds
    assert found == solve(EIGHT, found.users, 95)


def test_a_limit_that_one_user_breaks_leaves_no_capacity() -> None:
    assert capacity(EIGHT, 95, 0.029) is None


def test_a_limit_out_of_reach_ends_at_the_most() -> None:
    found = capacity(EIGHT, 95, 3600, most=50)
    assert found is not None
    assert found.users == 50


def test_slots_serve_in_the_order_of_arrival() -> None:
    slots = Slots(2)
    ends = [slots.serve(arrival, seconds) for arrival, seconds in [(0, 5), (0, 1), (0, 1), (3, 1), (9, 1)]]
    assert ends == [5, 1, 2, 4, 10]
