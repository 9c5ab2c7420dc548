"""The search for capacity, against simulated services of known capacity: pure tables, no clock."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import product

import pytest

from lab.plans.search import Ask, Bracket, Goal, Purpose, Trial, ask, bracket

Keeps = Callable[[int, int], bool]
"""Whether a simulated service keeps its limits at a load, at its n-th step."""


def run(goal: Goal, keeps: Keeps, most_steps: int = 60) -> list[Trial]:
    trials: list[Trial] = []
    while (step := ask(goal, trials)) is not None:
        assert len(trials) < most_steps, trials
        trials.append(Trial(step.load, keeps(step.load, len(trials)), step.purpose))
    return trials


def ceiling(capacity: int) -> Keeps:
    return lambda load, _: load <= capacity


@pytest.mark.parametrize("capacity", [1, 2, 9, 10, 11, 35, 100, 352, 1023, 1999])
@pytest.mark.parametrize("resolution", [0.05, 0.10])
def test_it_finds_a_ceiling_within_the_resolution(capacity: int, resolution: float) -> None:
    found = bracket(run(Goal(10, 2000, resolution), ceiling(capacity)))
    assert found.confirmed
    assert found.kept is not None
    assert found.broken is not None
    assert found.kept <= capacity < found.broken
    assert found.broken - found.kept <= max(1, resolution * found.kept)


@pytest.mark.parametrize("capacity", [1, 35, 352, 1999])
def test_it_needs_few_steps(capacity: int) -> None:
    assert len(run(Goal(10, 2000, 0.10), ceiling(capacity))) <= 16


def test_the_steps_of_one_search_are_these() -> None:
    trials = run(Goal(10, 2000, 0.10), ceiling(50))
    assert [(trial.load, trial.purpose.value) for trial in trials] == [
        (10, "explore"),
        (20, "explore"),
        (40, "explore"),
        (80, "explore"),  # breaks
        (57, "narrow"),
        (48, "narrow"),
        (53, "narrow"),
        (51, "narrow"),
        (50, "narrow"),
        (51, "check"),  # 50 keeps, 51 breaks: within half a tenth
        (50, "confirm"),
        (10, "repeat"),
    ]


def test_figures_shorten_the_way() -> None:
    """The load beside the crossing is tried next, from one side and the other, where each step has a figure."""
    trials: list[Trial] = []
    while (step := ask(Goal(10, 2000, 0.10), trials)) is not None:
        trials.append(Trial(step.load, step.load <= 352, step.purpose, excess=(step.load / 352.5) ** 3))
    assert [trial.load for trial in trials if trial.purpose is Purpose.NARROW] == [357, 345]
    assert (bracket(trials).kept, bracket(trials).broken) == (345, 357)


def test_where_a_load_no_longer_holds_the_first_step_is_repeated_at_once() -> None:
    """And where that tells that the service has changed, nothing more is asked."""
    trials: list[Trial] = []
    while (step := ask(Goal(10, 40, 0.10), trials)) is not None:
        is_repeat = step.purpose is Purpose.REPEAT
        trials.append(Trial(step.load, len(trials) < 3 or is_repeat, step.purpose, drifted=is_repeat))
    assert [(trial.load, str(trial.purpose)) for trial in trials] == [
        (10, "explore"),
        (20, "explore"),
        (40, "explore"),
        (40, "confirm"),
        (40, "confirm"),
        (10, "repeat"),
    ]


def test_a_service_that_is_the_same_is_searched_further_below() -> None:
    trials: list[Trial] = []
    while (step := ask(Goal(10, 40, 0.10), trials)) is not None:
        trials.append(Trial(step.load, len(trials) < 3 or step.load <= 20, step.purpose))
    assert [trial.load for trial in trials][:7] == [10, 20, 40, 40, 40, 10, 29]
    assert (bracket(trials).kept, bracket(trials).broken) == (20, 21)
    assert [trial.purpose for trial in trials].count(Purpose.REPEAT) == 2


def test_a_limit_that_is_never_reached_ends_at_the_most() -> None:
    trials = run(Goal(10, 2000, 0.10), lambda *_: True)
    assert bracket(trials) == Bracket(kept=2000, broken=None, confirmed=True)
    assert max(trial.load for trial in trials) == 2000


def test_a_service_that_is_broken_at_one_user_is_told_at_once() -> None:
    trials = run(Goal(10, 2000, 0.10), lambda *_: False)
    assert [trial.load for trial in trials] == [10, 5, 2, 1]
    assert bracket(trials) == Bracket(kept=None, broken=1, confirmed=False)


def test_a_start_beyond_the_capacity_goes_down_first() -> None:
    found = bracket(run(Goal(500, 2000, 0.05), ceiling(37)))
    assert (found.kept, found.confirmed) == (37, True)


def test_a_hiccup_in_the_doubling_is_found_out_when_the_breach_is_checked() -> None:
    hiccup = 2  # the third step, at 40 users, breaks for a reason of its own
    found = bracket(run(Goal(10, 2000, 0.10), lambda load, step: load <= 352 and step != hiccup))
    assert found.kept is not None
    assert 320 <= found.kept <= 352


def test_a_capacity_that_does_not_hold_is_stepped_down() -> None:
    """Short steps keep up to 100, long ones only up to 90."""
    trials: list[Trial] = []
    goal = Goal(10, 2000, 0.10)
    while (step := ask(goal, trials)) is not None and len(trials) < 60:
        limit = 90 if step.purpose is Purpose.CONFIRM else 100
        trials.append(Trial(step.load, step.load <= limit, step.purpose))
    found = bracket(trials)
    assert found.confirmed
    assert found.kept is not None
    assert 80 <= found.kept <= 90


def test_a_noisy_service_is_found_near_its_capacity_nine_times_in_ten() -> None:
    """Each step is judged wrongly with a chance that falls off with the distance from the capacity."""
    near = 0
    for seed in range(100):
        chance = random.Random(seed)

        def keeps(load: int, step: int, chance: random.Random = chance) -> bool:
            return chance.gauss(load, load * 0.05) <= 300

        kept = bracket(run(Goal(10, 2000, 0.05), keeps)).kept
        near += kept is not None and 255 <= kept <= 345
    assert near >= 90


def test_a_deadline_may_come_at_any_step_and_what_is_known_is_told() -> None:
    trials = run(Goal(10, 2000, 0.10), ceiling(50))
    known = [bracket(trials[:count]) for count in range(len(trials) + 1)]
    assert known[0] == Bracket(None, None, False)
    assert known[3] == Bracket(40, None, False)
    assert known[4] == Bracket(40, 80, False)
    assert known[-1] == Bracket(50, 51, True)


def test_the_first_step_is_repeated_last_and_says_nothing_of_capacity() -> None:
    trials = run(Goal(10, 2000, 0.10), ceiling(50))
    assert trials[-1].purpose is Purpose.REPEAT
    drifted = [*trials[:-1], Trial(10, False, Purpose.REPEAT)]
    assert bracket(drifted) == bracket(trials)


def test_without_a_trial_it_asks_for_the_start() -> None:
    assert ask(Goal(10, 5, 0.1), []) == Ask(5, Purpose.EXPLORE)


def narrowing(low: float | None, high: float | None, narrowed: int = 0, resolution: float = 0.4) -> Ask | None:
    """What is asked between 100, which keeps, and 200, which breaks, with these figures over their limits."""
    before = [Trial(50, True, Purpose.NARROW)] * narrowed
    ends = [Trial(100, True, Purpose.EXPLORE, low), Trial(200, False, Purpose.EXPLORE, high)]
    return ask(Goal(10, 2000, resolution), [*before, *ends])


@pytest.mark.parametrize(
    ("low", "high", "narrowed", "load"),
    [
        (0.5, 2.0, 0, 140),  # the line crosses at 150: half of a gap of 20 below it
        (0.99, 2.0, 0, 111),  # near the lower end, above the crossing at 101.4
        (0.5, 1.01, 0, 189),  # below the crossing at 198.6
        (0.2, 1.0001, 0, 190),  # but by half a gap away from each end
        (0.9999, 5.0, 0, 110),
        (0.5, 2.0, 2, 142),  # every third time the geometric middle
        (0.5, 2.0, 3, 140),
        (0.5, 2.0, 5, 142),
        (None, 2.0, 0, 142),  # and where an end has no figure, or one that tells nothing
        (0.5, None, 0, 142),
        (1.0, 2.0, 0, 142),
        (0.5, 1.0, 0, 142),
        (0.0, 2.0, 0, 142),
        (1.2, 2.0, 0, 142),
    ],
)
def test_the_next_load_is_beside_where_the_limit_is_crossed(
    low: float | None, high: float | None, narrowed: int, load: int
) -> None:
    assert narrowing(low, high, narrowed) == Ask(load, Purpose.NARROW)


def test_a_load_that_parts_two_lies_between_them() -> None:
    nearly = 0.9999999999999999
    for low, more, kept, broke in product(range(1, 40), range(2, 9), (None, 0.5, nearly), (None, 1.000001, 99)):
        trials = [Trial(low, True, Purpose.EXPLORE, kept), Trial(low + more, False, Purpose.EXPLORE, broke)]
        assert low < getattr(ask(Goal(1, 2000, 0.05), trials), "load", 0) < low + more, trials


def test_the_latest_figure_of_a_load_counts() -> None:
    trials = [
        Trial(100, True, Purpose.EXPLORE, 0.9),
        Trial(100, True, Purpose.NARROW, 0.5),
        Trial(100, True, Purpose.NARROW, None),
        Trial(200, False, Purpose.EXPLORE, 2.0),
        Trial(100, True, Purpose.REPEAT, 0.1),
    ]
    # two were narrowed: so the third is the middle, and with a fourth the line counts again
    assert ask(Goal(10, 2000, 0.4), [*trials[:-1], Trial(50, True, Purpose.NARROW)]) == Ask(140, Purpose.NARROW)


@pytest.mark.parametrize(
    ("kept", "holds"),
    [
        ([True], True),
        ([False, True], True),  # a tie is the last one's
        ([True, False], False),
        ([True, True, False, False], False),
        ([False, False, True, True], True),
        ([True, False, True], True),
        ([True, True, False], True),
        ([False, True, False], False),
        ([True, False, True, False, False], False),
    ],
)
def test_the_majority_of_the_steps_at_a_load_decides(kept: list[bool], holds: bool) -> None:
    found = bracket([Trial(80, one, Purpose.EXPLORE) for one in kept])
    assert (found.kept, found.broken) == ((80, None) if holds else (None, 80))


@pytest.mark.parametrize(
    ("longer", "found"),
    [
        ([True], Bracket(80, 160, confirmed=True)),
        ([False], Bracket(80, 160, confirmed=False, doubted=True)),  # one long step alone breaks no load that kept
        ([False, True], Bracket(80, 160, confirmed=True)),
        ([True, False], Bracket(None, 80, confirmed=False)),
        ([False, False], Bracket(None, 80, confirmed=False)),
    ],
)
def test_longer_steps_decide_unless_one_is_alone(longer: list[bool], found: Bracket) -> None:
    trials = [Trial(80, True, Purpose.EXPLORE), Trial(160, False, Purpose.EXPLORE)]
    assert bracket([*trials, *(Trial(80, one, Purpose.CONFIRM) for one in longer)]) == found
