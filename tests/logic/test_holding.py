"""Limits held against what was measured: which figure each is on, which finding is the worst, and what is unknown."""

from __future__ import annotations

import pytest

from lab import limits
from lab.counts.endpoints import Endpoints
from lab.counts.steps import Extremes, Step
from lab.counts.tally import Tally
from lab.limits import Finding

EXTREMES = Extremes(
    silent_seconds=7, windows={"p95 in 10s": 480.0}, availability=0.98, recovery_seconds=12.0, lost=3
)  # of a run


def tally() -> Tally:
    """Four answers in 10, 20, 30 and 60 ms, a failure, and a task that died."""
    whole = Tally()
    for time in (10.0, 20.0, 30.0, 60.0):
        whole.succeed(time)
    whole.fail("no")
    whole.die("KeyError")
    return whole


@pytest.mark.parametrize(
    ("text", "measured"),
    [
        ("p50<=1s", 20.0),
        ("p99.9<=1s", 60.0),
        ("avg<=1s", 30.0),
        ("max<=1s", 60.0),
        ("fail<=1%", 1 / 3),
        ("exceptions<=0", 1),
        ("rps>=1", 2.0),
        ("outage<=5s", 7),
        ("availability>=99%", 0.98),
        ("recovery<=10s", 12.0),
        ("lost<=0", 3),
        ("p95<=450ms in 10s", 480.0),
        ("p95<=450ms in 5s", None),
        ("POST /a:p95<=450ms", None),
        ("POST /a:rps>=1", 0.0),
    ],
)
def test_each_limit_is_on_a_figure_of_its_own(text: str, measured: float | None) -> None:
    (finding,) = limits.judge(limits.parse(text), {"GET /a": tally()}, 2, EXTREMES)
    assert finding.measured == pytest.approx(measured)


@pytest.mark.parametrize("text", ["outage<=5s", "availability>=0%", "recovery<=1s", "p95<=1s in 10s", "rps>=0"])
def test_what_was_not_measured_is_not_kept(text: str) -> None:
    (finding,) = limits.judge(limits.parse(text), {"GET /a": tally()}, 0)
    assert (finding.measured, finding.kept) == (None, False)


def findings(*texts_and_figures: tuple[str, float | None]) -> list[Finding]:
    read = [(limits.parse(text)[0], figure) for text, figure in texts_and_figures]
    return [Finding(limit, figure, figure is not None and limit.keeps(figure)) for limit, figure in read]


@pytest.mark.parametrize(
    ("found", "kept", "worst", "excess"),
    [
        ([("p95<=400ms", 200.0), ("fail<=1%", 0.009)], True, "fail<=1%", 0.9),
        ([("p95<=400ms", 600.0), ("fail<=1%", 0.012)], False, "p95<=400ms", 1.5),
        # against nothing at all, the figure itself
        ([("exceptions<=0", 2), ("p95<=400ms", 600.0)], False, "exceptions<=0", 2.0),
        ([("exceptions<=0", 0), ("p95<=400ms", 40.0)], True, "p95<=400ms", 0.1),
        # nothing is further off than what could not be measured, and it has no figure
        ([("fail<=1%", 1.0), ("p95<=400ms", None)], False, "p95<=400ms", None),
        # throughput, and what is of a run, is not for a step to break
        ([("rps>=100", 1.0), ("availability>=99%", 0.0), ("p95<=400ms", 200.0)], True, "p95<=400ms", 0.5),
    ],
)
def test_a_step_is_as_good_as_the_worst_of_what_it_can_break(
    found: list[tuple[str, float | None]], kept: bool, worst: str, excess: float | None
) -> None:
    all_found = findings(*found)
    assert limits.keeps(all_found) is kept
    assert limits.worst(all_found).limit.text == worst
    assert limits.excess(all_found) == pytest.approx(excess)


@pytest.mark.parametrize(
    ("text", "can"),
    [
        ("p95<=1s", True),
        ("fail<=1% rps>=10", True),
        ("p95<=1s in 10s", True),
        ("rps>=10", False),
        ("outage<=5s", False),
        ("exceptions<=0 availability>=99%", False),
    ],
)
def test_more_load_breaks_limits_on_times_and_failures(text: str, can: bool) -> None:
    assert limits.can_break_a_step(limits.parse(text)) is can


def test_an_old_run_is_not_judged_by_what_it_did_not_measure() -> None:
    old = Step(1, 0, silent_seconds=None, counts_exceptions=False, windows={"fail in 5s": 0.0, "fail in 9s": 0.0})
    new = Step(1, 0)

    def unknown(text: str, *steps: Step) -> str | None:
        return limits.unknown(limits.parse(text), steps)

    assert unknown("outage<=5s", new, old) == "outage<=5s cannot be judged: the run did not measure outages"
    assert unknown("exceptions<=0", old) == "exceptions<=0 cannot be judged: the run did not count exceptions"
    assert unknown("p95<=1s fail<=1% in 10s", old) == (
        "fail<=1% in 10s cannot be judged: the run did not measure fail in 10s "
        "(windows that it has: fail in 5s, fail in 9s)"
    )
    assert (unknown("fail<=1% in 2s", new) or "").endswith("(windows that it has: none)")
    assert unknown("p95<=1s fail<=1% in 5s", old) is None
    assert unknown("outage<=5s exceptions<=0", new) is None


@pytest.mark.parametrize(
    ("silences", "longest"), [([], 0), ([0, 0], 0), ([3, 0, 8, 2], 8), ([9, None], None), ([0, 1], 1)]
)
def test_the_longest_silence_of_several_steps_is_known_where_each_knows_its_own(
    silences: list[int | None], longest: int | None
) -> None:
    steps = [Step(1, 0, silent_seconds=silent) for silent in silences]
    assert limits.extremes(steps, (), 0.5) == Extremes(longest, {}, 0.5)


@pytest.mark.parametrize(
    ("text", "figures", "worst"),
    [
        ("p95<=1s in 2s", [10.0, 30.0, 20.0], 30.0),
        ("rps>=1 in 2s", [10.0, 30.0, 20.0], 10.0),
        ("p95<=1s in 2s", [10.0, None], None),
        ("GET /a:p95<=1s in 2s", [10.0], 10.0),
        ("POST /a:p95<=1s in 2s", [10.0], None),
    ],
)
def test_the_worst_window_of_several_steps_is_theirs_who_asked(
    text: str, figures: list[float | None], worst: float | None
) -> None:
    (limit,) = limits.parse(text)
    steps = [Step(1, 0, endpoints=Endpoints({"GET /a": tally()}), windows={limit.key: figure}) for figure in figures]
    steps.append(Step(1, 0, windows={limit.key: 99.0}))  # asked nothing
    assert limits.extremes(steps, (limit,)).windows == {limit.key: worst}
