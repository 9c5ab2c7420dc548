"""Limits: what a text accepts, where it is wrong, and what keeps it."""

import pytest

from lab import limits
from lab.counts.timeline import Tally
from lab.limits import LimitError
from lab.plans import acceptance


def tally(times: list[float], failures: int = 0) -> Tally:
    whole = Tally()
    for time in times:
        whole.succeed(time)
    if failures:
        whole.fail("expected status 200, got 500", failures)
    return whole


@pytest.mark.parametrize(
    ("text", "endpoint", "measure", "comparison", "bound"),
    [
        ("p95<=450ms", None, "p95", "<=", 450),
        ("p99.9 < 1.5s", None, "p99.9", "<", 1500),
        ("p50<=100us", None, "p50", "<=", 0.1),
        ("avg<=20ms", None, "avg", "<=", 20),
        ("max<2s", None, "max", "<", 2000),
        ("fail<=1%", None, "fail", "<=", 0.01),
        ("fail<=0.1%", None, "fail", "<=", 0.001),
        ("rps>=120", None, "rps", ">=", 120),
        ("rps>120/s", None, "rps", ">", 120),
        ("GET /tests:p99<=900ms", "GET /tests", "p99", "<=", 900),
        ("POST /tests/[id] : fail<=5%", "POST /tests/[id]", "fail", "<=", 0.05),
        ("GET /a:b:p95<=1s", "GET /a:b", "p95", "<=", 1000),
        ("outage<=5s", None, "outage", "<=", 5),
        ("outage <= 2500ms", None, "outage", "<=", 2.5),
        ("availability>=99.9%", None, "availability", ">=", 0.999),
    ],
)
def test_a_limit_is_read(text: str, endpoint: str | None, measure: str, comparison: str, bound: float) -> None:
    (limit,) = limits.parse(text)
    assert (limit.endpoint, limit.measure, limit.comparison, limit.bound) == (endpoint, measure, comparison, bound)


@pytest.mark.parametrize("between", [" ", ", ", "; ", "  \n"])
def test_limits_stand_apart_by_spaces_or_commas(between: str) -> None:
    read = limits.parse(between.join(["p95<=450ms", "GET /tests:p99<=900ms", "POST /tests:fail<=1%", "rps>=10"]))
    assert [limit.endpoint for limit in read] == [None, "GET /tests", "POST /tests", None]


@pytest.mark.parametrize(
    ("text", "caret_at", "says"),
    [
        ("", 0, "no limit at all"),
        ("p95", 0, "not a limit from character 1"),
        ("p95<=450ms pfail<=1%", 11, "not a limit from character 12"),
        ("p95<=450", 8, "p95 is given in us or ms or s"),
        ("p95<=1%", 6, "p95 is given in us or ms or s"),
        ("fail<=1", 7, "fail is given in %"),
        ("rps>=10ms", 7, "rps is given in no unit or /s"),
        ("p95>=450ms", 3, "p95 takes <=, not >="),
        ("fail<=1% rps<=10", 12, "rps takes >=, not <="),
        ("p950<=1ms", 0, "not a limit"),
        ("p95<=-1ms", 0, "not a limit"),
        ("p95=<450ms", 0, "not a limit"),
        ("p95<=450ms and fail<=1%", 11, "not a limit from character 12"),
        ("p95<=450msfail<=1%", 0, "not a limit"),
        ("outage>=5s", 6, "outage takes <=, not >="),
        ("outage<=5%", 9, "outage is given in ms or s"),
        ("outage<=5s in 10s", 14, "outage is of the whole run, not of a stretch of it"),
        ("GET /tests:outage<=5s", 0, "outage is of the whole service, not of an endpoint"),
        ("availability<=99%", 12, "availability takes >=, not <="),
        ("availability>=99", 16, "availability is given in %"),
        ("p95<=450ms in", 11, "not a limit from character 12"),
        ("p95<=450ms in 0s", 14, "after in stands a time of whole seconds"),
        ("p95<=450ms in 1.5s", 14, "after in stands a time of whole seconds"),
        ("p95<=450ms in 10", 11, "not a limit from character 12"),
    ],
)
def test_a_wrong_limit_is_shown_where_it_is_wrong(text: str, caret_at: int, says: str) -> None:
    with pytest.raises(LimitError) as error:
        limits.parse(text)
    first, shown, pointer = str(error.value).split("\n")
    assert says in first
    assert shown == "  " + text
    assert pointer.index("^") == caret_at + 2


@pytest.mark.parametrize(
    ("text", "window", "key", "shown"),
    [
        ("p95<=450ms", None, "p95", "p95<=450ms"),
        ("p95 <= 450ms  in 10s, fail<=1%", 10, "p95 in 10s", "p95<=450ms in 10s"),
        ("fail<=1% in 2m", 120, "fail in 120s", "fail<=1% in 2m"),
        ("rps>=10 in 5s", 5, "rps in 5s", "rps>=10 in 5s"),
        ("GET /tests:p99<=1s in 10s", 10, "GET /tests:p99 in 10s", "GET /tests:p99<=1s in 10s"),
    ],
)
def test_a_limit_may_be_on_a_window_and_its_text_reads_the_same_again(
    text: str, window: int | None, key: str, shown: str
) -> None:
    limit = limits.parse(text)[0]
    assert (limit.window, limit.key, limit.text) == (window, key, shown)
    assert limits.parse(limit.text) == (limit,)


def test_neither_a_standstill_nor_an_exception_is_accepted_by_a_run_that_does_not_say_so() -> None:
    added = limits.with_implied(limits.parse("p95<=450ms"), 5)
    assert [(limit.text, limit.implied) for limit in added] == [
        ("p95<=450ms", False),
        ("outage<=5s", True),
        ("exceptions<=0", True),
    ]
    own = limits.parse("p95<=450ms outage<=20s exceptions<=2")
    assert limits.with_implied(own, 5) == own


@pytest.mark.parametrize(
    ("plan", "text", "refused"),
    [
        ("steady", "p95<=450ms outage<=5s", None),
        ("soak", "availability>=99.9%", None),
        ("steady", "p95<=450ms availability>=99.9%", "availability>=99.9% is a limit of plan soak"),
        ("capacity", "p95<=450ms availability>=99.9%", "is a limit of plan soak"),
        ("capacity", "outage<=5s rps>=10", "plan capacity takes at least one limit on response times or failures"),
        ("capacity", "p95<=450ms in 10s", None),
    ],
)
def test_a_plan_is_not_started_with_limits_that_it_cannot_be_judged_by(
    plan: str, text: str, refused: str | None
) -> None:
    problem = acceptance.refusal(limits.parse(text), plan)
    assert problem is None if refused is None else refused in (problem or "")


@pytest.mark.parametrize(
    ("text", "measured", "kept"),
    [
        ("p95<=96ms", 95, True),
        ("p95<=95ms", 95, True),  # a limit that is met exactly is kept
        ("p95<95ms", 95, False),
        ("p99<=98ms", 99, False),
        ("max<=100ms", 100, True),
        ("avg<=50ms", 50.5, False),
        ("fail<=4%", 0.05, False),
        ("fail<=5%", 5 / 105, True),
        ("rps>=10", 10, True),  # 100 successes in 10 s; failures are no throughput
        ("rps>10", 10, False),
    ],
)
def test_what_was_measured_is_held_against_the_limit(text: str, measured: float, kept: bool) -> None:
    whole = tally([float(n) for n in range(1, 101)], failures=5)
    (finding,) = limits.judge(limits.parse(text), {"GET /tests": whole}, 10)
    assert finding.kept is kept
    assert finding.measured == pytest.approx(measured, rel=0.06)


def test_a_limit_for_an_endpoint_looks_at_that_endpoint_alone() -> None:
    endpoints = {"GET /tests": tally([10.0] * 100), "POST /tests": tally([900.0] * 100)}
    findings = limits.judge(limits.parse("GET /tests:p95<=50ms POST /tests:p95<=50ms p95<=50ms"), endpoints, 10)
    assert [finding.kept for finding in findings] == [True, False, False]


@pytest.mark.parametrize("text", ["p95<=1s", "avg<=1s", "max<=1s"])
def test_a_time_limit_without_one_success_is_not_kept(text: str) -> None:
    (finding,) = limits.judge(limits.parse(text), {"GET /tests": tally([], failures=10)}, 10)
    assert (finding.measured, finding.kept) == (None, False)


def test_response_times_are_of_successes_only() -> None:
    (finding,) = limits.judge(limits.parse("p95<=100ms"), {"GET /tests": tally([50.0] * 10, failures=90)}, 10)
    assert finding.measured == 50.0
