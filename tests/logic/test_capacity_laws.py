"""Over searches that nobody thought of: the sentence says what the chart shows."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from lab.counts.endpoints import Endpoints
from lab.counts.timeline import Step
from lab.judging.evidence import Interruption, Search
from lab.judging.verdict import Verdict, judge
from lab.plans.search import Goal, Purpose, Trial, ask, bracket
from tests.support.verdicts import answers, evidence_of

KEPT, BROKEN = 20.0, 900.0
MOST = 400
OUTCOMES = st.sampled_from([True, True, False, None])


def made(load: int, purpose: Purpose, kept: bool | None) -> Step:
    """A step that kept the limits, broke one, or was cut off while it seemed to break one."""
    times = answers(KEPT if kept else BROKEN, 10)
    return Step(load, 0, purpose, kept, 5, [2] * 5, Endpoints({"GET /tests": times}))


@st.composite
def searches(draw: st.DrawFn) -> list[Step]:
    """Searches that follow their plan on a service of any mood, and end anywhere."""
    goal, steps, trials = Goal(draw(st.integers(1, 50)), MOST, 0.1), [], []  # type: ignore[var-annotated]
    for _ in range(draw(st.integers(0, 12))):
        following, kept = ask(goal, trials), draw(OUTCOMES)
        if following is None:
            break
        steps.append(made(following.load, following.purpose, kept))
        if kept is None:
            break
        trials.append(Trial(following.load, kept, following.purpose))
    return steps


ANY_STEPS = st.lists(
    st.builds(
        made,
        st.sampled_from([10, 20, 40, 80, 160, MOST]),
        st.sampled_from([Purpose.EXPLORE, Purpose.NARROW, Purpose.CONFIRM, Purpose.CHECK]),
        OUTCOMES,
    ),
    max_size=10,
)


def verdict_on(steps: list[Step], time_was_up: bool, interrupted: bool) -> Verdict:
    return judge(
        evidence_of(
            steps,
            "p95<=450ms",
            plan="capacity",
            search=Search(Goal(10, MOST, 0.1), time_was_up),
            interrupted_by=Interruption.PERSON if interrupted else None,
        )
    )


@settings(derandomize=True, database=None, deadline=None, max_examples=300)
@given(st.one_of(searches(), ANY_STEPS), st.booleans(), st.booleans())
def test_the_sentence_agrees_with_the_steps(steps: list[Step], time_was_up: bool, interrupted: bool) -> None:
    verdict = verdict_on(steps, time_was_up, interrupted)
    said, capacity, breach = verdict.sentence, verdict.document["capacity"], verdict.document["breach"]
    run = [step for step in steps if step.purpose != Purpose.REPEAT]
    beyond = breach["users"] if breach else MOST + 1
    assert any(step.users == beyond and step.kept is False for step in run) is bool(breach)
    if capacity is None:
        assert " up to " not in said
        assert not any(step.kept for step in run if step.users < beyond)
        return
    assert re.search(rf" up to {capacity['users']} users? = ", said)
    assert bool(breach) is (f"; at {beyond} users" in said)
    agrees_with_the_steps_at_the_capacity(said, run, capacity["users"])
    agrees_with_the_steps_above(said, run, capacity["users"], beyond)
    assert ("the most that was tried" in said) is (capacity["users"] == MOST)
    assert ("The time was up" in said) is time_was_up


def agrees_with_the_steps_at_the_capacity(said: str, run: list[Step], users: int) -> None:
    steps = [step for step in run if step.users == users]
    assert any(step.kept for step in steps)
    confirmed = [step.kept for step in steps if step.purpose == Purpose.CONFIRM and step.kept is not None]
    assert ("It may be lower" in said) is (bool(confirmed) and not any(confirmed))
    assert ("not confirmed" in said) is (not confirmed)
    one_broke = any(step.kept is False for step in steps)
    assert ("broke a limit" in said) is (one_broke and bool(confirmed))


def agrees_with_the_steps_above(said: str, run: list[Step], users: int, beyond: int) -> None:
    """Each is said to be broken, by itself or by a lower one, or not to be judged; that there is none is said too."""
    steps = [step for step in run if step.users > users]
    assert ("more was not tried" in said) is (not steps and "the most that was tried" not in said)
    for step in steps:
        if step.kept is None and step.users < beyond:
            assert f"A step at {step.users} users ended before it could be judged." in said
        elif step.kept:
            assert f"A step at {step.users} users kept the limits all the same." in said
        else:
            assert step.users >= beyond


def test_a_breach_that_was_not_judged_is_no_secret() -> None:
    """The search went to 160 users, where it broke, and ended there."""
    steps = [made(40, Purpose.EXPLORE, True), made(80, Purpose.EXPLORE, True), made(160, Purpose.EXPLORE, None)]
    said = verdict_on(steps, time_was_up=True, interrupted=False).sentence
    assert "up to 80 users" in said
    assert "A step at 160 users ended before it could be judged." in said
    assert "more was not tried" not in said


def test_a_bracket_never_holds_a_load_that_broke() -> None:
    trials = [Trial(80, True, Purpose.EXPLORE), Trial(160, False, Purpose.EXPLORE), Trial(320, True, Purpose.EXPLORE)]
    assert (bracket(trials).kept, bracket(trials).broken) == (80, 160)
