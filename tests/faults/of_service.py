"""The service stands still, dies, answers badly or not at all: rows whose fault is on the service's side."""

from __future__ import annotations

import sqlite3
import time
from typing import TYPE_CHECKING

from tests.support.faults import Fault, never_says, part, says, says_number
from tests.support.faults_link import DOWN, Link, Weather
from tests.support.running_service import free_port

if TYPE_CHECKING:
    from tests.support.faults_lab import Lab

USERS = 20


def paused_before_the_end(lab: Lab) -> None:
    """The service stops 2.5 s before the end of the plan, for good: every user waits for an answer."""
    lab.go(users=USERS, measured=6.5, LAB_TIMEOUT="5s")  # what was measured is seen a second later
    lab.service.pause()
    lab.facts["outstanding"] = USERS
    lab.finish()


def stands_still(lab: Lab) -> None:
    """The service stops for 7 of 20 s, and nobody's answer takes as long as its timeout."""
    lab.go(users=USERS, measured=5, LAB_RUN_TIME="20s", LAB_LIMITS="p95<=10s fail<=1%")
    lab.service.pause()
    time.sleep(7)
    lab.service.resume()
    lab.recovered_after = lab.time(lambda: lab.load(0.5) > 5, 20, "load again")
    lab.finish()


def killed_and_started(lab: Lab) -> None:
    lab.go(users=USERS, measured=4, LAB_RUN_TIME="14s")
    lab.service.kill_all()
    began = time.monotonic()
    lab.service.restart()
    lab.time(lambda: lab.load(0.5) > 5, 20, "load again")
    lab.recovered_after = time.monotonic() - began
    lab.finish()
    lab.facts["failed"] = sum(lab.verdict().get("failures", {}).values())


def killed_for_good(lab: Lab) -> None:
    lab.go(users=USERS, measured=4, LAB_TIMEOUT="2s")
    lab.service.kill_all()
    lab.finish()


def _behind(lab: Lab, weather: Weather, **knobs: str) -> None:
    """A plan whose service is behind a link that turns bad in the middle of the plan."""
    lab.serve()
    link = lab.closing.enter_context(Link(lab.service.port))
    given = {"LAB_TIMEOUT": "2s", **knobs}
    lab.begin(users=USERS, target=link.url, knobs=given)
    lab.await_measured(4)
    link.set(weather)
    lab.finish()


def never_answers(lab: Lab) -> None:
    _behind(lab, Weather(stalled=frozenset({DOWN})))


def resets(lab: Lab) -> None:
    _behind(lab, Weather(reset=True))


def garbage(lab: Lab) -> None:
    _behind(lab, Weather(garbage=True))


def half_answers(lab: Lab) -> None:
    _behind(lab, Weather(half=True))


def slow(lab: Lab) -> None:
    _behind(lab, Weather(delay_seconds=0.3), LAB_LIMITS="p95<=450ms fail<=1%", LAB_TIMEOUT="5s", LAB_RUN_TIME="12s")


def not_there(lab: Lab) -> None:
    lab.begin(target=f"http://127.0.0.1:{free_port()}", knobs={"LAB_TARGET_WAIT": "1s"})
    lab.finish()


def no_such_name(lab: Lab) -> None:
    lab.begin(target="http://no-such-service-of-the-lab", knobs={"LAB_TARGET_WAIT": "1s"})
    lab.finish()


def nobody_asks(lab: Lab) -> None:
    """Users who think for a minute: they asked before the step was measured, and never in it."""
    lab.serve()
    lab.begin(users=4, knobs={"LAB_THINK_TIME": "60s-61s", "LAB_RUN_TIME": "5s", "LAB_SETTLE": "3s"})
    lab.finish()


def loses_writes(lab: Lab) -> None:
    """A list in the memory of each of four processes: every answer is fine, and three of four writes are not there."""
    lab.serve(API_DATABASE_URL="memory://", WEB_CONCURRENCY="4")
    lab.begin(knobs={"LAB_RUN_TIME": "5s"})
    lab.finish()


def store_fails(lab: Lab) -> None:
    """The file of the store is locked by another program: reads go on, writes are refused."""
    lab.go(users=USERS, measured=3)
    other = sqlite3.connect(lab.folder / "lab.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    lab.finish()
    other.close()


FAULTS = (
    Fault(
        "users ask nothing while it is measured",
        nobody_asks,
        ("INVALID 4",),
        (part("measured.requests", lambda count: not count, "{} requests"),),
    ),
    Fault(
        "the service loses acknowledged writes",
        loses_writes,
        ("FAIL 3",),
        (says("acknowledged writes are lost", "that writes are lost"),),
    ),
    Fault(
        "the store refuses every write from the middle on",
        store_fails,
        ("FAIL 3",),
        (
            part("failures", lambda found: all("POST" in text for text in found), "only writes fail"),
            part("ledger.lost", lambda lost: lost == 0, "{} acknowledged writes lost"),
        ),
    ),
    Fault(
        "the service is paused 2.5 s before the plan's end, for good",
        paused_before_the_end,
        ("FAIL 3",),
        (
            says_number("outstanding"),
            part("failures", lambda found: sum(found.values()) >= USERS, "every outstanding request is a failure"),
            part("double_entry.agree", lambda found: found is not False, "both ends agree"),
            never_says("somebody else"),
        ),
    ),
    Fault(
        "writes that were due an audit and got none",
        paused_before_the_end,
        ("FAIL 3", "INVALID 4"),
        (says("not audited", "that they were not audited"),),
    ),
    Fault(
        "the service stands still for 7 of 20 s",
        stands_still,
        ("FAIL 3",),
        (says(r"\b[678](\.\d)? s\b", "how long"), never_says("the others had its traffic")),
        within_seconds=5,
    ),
    Fault(
        "the service is killed and started again",
        killed_and_started,
        ("FAIL 3",),
        (says_number("failed"), says(r"gone at .*(back after|nothing answered for) \d+ s", "when, and how long")),
        within_seconds=10,
    ),
    Fault(
        "the service is killed for good",
        killed_for_good,
        ("FAIL 3",),
        (says("gone at .* it did not come back", "when, and that it stayed away"),),
    ),
    Fault(
        "the service never answers any more",
        never_answers,
        ("FAIL 3",),
        (part("failures", lambda found: any("time" in text.lower() for text in found), "failures are timeouts"),),
    ),
    Fault(
        "each answer is a reset connection",
        resets,
        ("FAIL 3",),
        (part("failures", lambda found: any("reset" in text.lower() for text in found), "failures are resets"),),
    ),
    Fault(
        "answers are garbage",
        garbage,
        ("FAIL 3",),
        (part("measured.p95_ms", lambda found: found is not None, "p95 {} ms, of successes"),),
    ),
    Fault(
        "answers end half way",
        half_answers,
        ("FAIL 3",),
        (part("measured.p95_ms", lambda found: found is not None, "p95 {} ms, of successes"),),
    ),
    Fault(
        "answers take 300 ms longer each way",
        slow,
        ("FAIL 3",),
        (part("measured.p95_ms", lambda found: 580 <= found <= 2000, "p95 {} ms"),),
    ),
    Fault(
        "nobody listens at the target",
        not_there,
        ("none 1",),
        (says("cannot be reached", "that it cannot be reached"),),
    ),
    Fault("the target's name does not resolve", no_such_name, ("none 1",), (says("no-such-service", "the name"),)),
)
