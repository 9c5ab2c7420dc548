"""Stops: by signal and button, once and twice, at any moment of a plan, and starts that get in each other's way."""

from __future__ import annotations

import signal
import threading
import time
from typing import TYPE_CHECKING

from tests.support.faults import Check, Fault, Seen, Trial, fact
from tests.support.faults_link import Link, Weather
from tests.support.running_service import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.faults_lab import Lab

WITHIN_SECONDS = 8.0
INTERRUPTED = tuple(f"{word} 5" for word in ("PASS", "FAIL", "INVALID", "none"))
SEARCH = {"LAB_PLAN": "capacity", "LAB_START_USERS": "5", "LAB_MAX_USERS": "40", "LAB_STEP_TIME": "2s-3s"}


def _stop(lab: Lab, *signals: signal.Signals, between: float = 0.4) -> None:
    """Sends the master these signals, and waits for its end."""
    began = time.monotonic()
    for number in signals:
        lab.swarm.master.send_signal(number)
        time.sleep(between if number is not signals[-1] else 0)
    lab.finish(40)
    lab.recovered_after = time.monotonic() - began
    lab.note_folders()


def at_start(lab: Lab, *signals: signal.Signals) -> None:
    """While Python still loads the lab, which cannot say anything yet."""
    lab.serve()
    lab.begin()
    time.sleep(0.3)
    _stop(lab, *signals)


def when_it_speaks(lab: Lab, *signals: signal.Signals) -> None:
    """As soon as the master has printed its first line."""
    lab.serve()
    lab.begin()
    wait_until(lambda: bool(lab.swarm.log()), 30, "the master's first line")
    _stop(lab, *signals)


def when_up(lab: Lab, *signals: signal.Signals) -> None:
    """As soon as the UI answers: before the workers were counted."""
    lab.serve()
    lab.begin()
    lab.swarm.await_workers(2)
    _stop(lab, *signals)


def in_its_first_second(lab: Lab, *signals: signal.Signals) -> None:
    """As soon as the run has a folder: users are about to come."""
    lab.serve()
    lab.begin(knobs={"LOCUST_SPAWN_RATE": "5"})
    wait_until(lambda: any(lab.results.glob("20*")), 30, "a folder")
    _stop(lab, *signals)


def while_measured(lab: Lab, *signals: signal.Signals) -> None:
    lab.go(measured=3, LAB_RUN_TIME="60s")
    _stop(lab, *signals)
    if lab.service.process.poll() is None:
        lab.count_both_sides()


def between_steps(lab: Lab, *signals: signal.Signals) -> None:
    """A search that has judged its first step."""
    lab.serve()
    lab.begin(knobs=SEARCH)
    wait_until(lambda: "step 2:" in lab.swarm.log(), 40, "a second step")
    _stop(lab, *signals)


def in_the_audit(lab: Lab, *signals: signal.Signals) -> None:
    """The audit hangs on a service that does not answer any more."""
    lab.serve()
    link = lab.closing.enter_context(Link(lab.service.port))
    lab.begin(target=link.url, knobs={"LAB_RUN_TIME": "5s", "LAB_AUDIT_TIME": "40s", "LAB_TIMEOUT": "30s"})
    lab.await_measured(3)
    # users go on with the connections that they have; the audit needs one of its own
    link.set(Weather(holds_new=True))
    wait_until(lambda: lab.swarm.get("/stats/requests")["state"] == "stopped", 30, "the users' end")
    time.sleep(0.5)
    _stop(lab, *signals)


def while_frozen(lab: Lab, *signals: signal.Signals) -> None:
    """The service stands still, and so do all users."""
    lab.go(measured=3, LAB_RUN_TIME="60s")
    lab.service.pause()
    time.sleep(1)
    _stop(lab, *signals)


def all_at_once(lab: Lab, *signals: signal.Signals) -> None:
    """The signal reaches the workers too, as Ctrl-C of a terminal does."""
    lab.go(measured=3, LAB_RUN_TIME="60s")
    for worker in lab.swarm.workers:
        worker.send_signal(signals[0])
    _stop(lab, *signals)


def button(lab: Lab) -> None:
    lab.go(measured=3, LAB_RUN_TIME="60s")
    _press_and_finish(lab)
    lab.count_both_sides()


def button_at_once(lab: Lab) -> None:
    """While the run is set up: it has a folder soon, and no users yet."""
    lab.serve()
    lab.begin(knobs={"LOCUST_SPAWN_RATE": "5"})
    wait_until(lambda: "Shape test starting" in lab.swarm.log(), 30, "the run's beginning")
    _press_and_finish(lab)


def _press_and_finish(lab: Lab) -> None:
    began = time.monotonic()
    lab.swarm.post("/stop")
    lab.finish(40)
    lab.recovered_after = time.monotonic() - began
    lab.note_folders()


def button_twice(lab: Lab) -> None:
    lab.go(measured=3, LAB_RUN_TIME="60s")
    presses = [threading.Thread(target=_press, args=(lab,)) for _ in range(2)]
    began = time.monotonic()
    for press in presses:
        press.start()
    for press in presses:
        press.join(40)
    lab.finish(40)
    lab.recovered_after = time.monotonic() - began
    lab.note_folders()


def _press(lab: Lab) -> None:
    try:
        lab.swarm.post("/stop")
    except OSError:
        return  # the master may be gone before the second press


def two_starts(lab: Lab) -> None:
    """Two people press start at once: the second is taken for an edit of the first."""
    lab.serve()
    swarm = lab.begin(knobs={"LAB_PLAN": "manual"})
    swarm.await_workers(2)

    def start() -> None:
        swarm.post("/swarm", user_count=10, spawn_rate=50)

    starts = [threading.Thread(target=start) for _ in range(2)]
    for each in starts:
        each.start()
    for each in starts:
        each.join(30)
    swarm.await_users(10)
    time.sleep(2)
    stop = threading.Thread(target=swarm.post, args=("/stop",))
    stop.start()
    wait_until(lambda: swarm.get("/stats/requests")["state"] in ("stopping", "stopped"), 10, "the stop")
    stop.join(30)
    lab.note_folders()
    lab.count_both_sides()
    _stop(lab, signal.SIGTERM)


def too_many_users(lab: Lab) -> None:
    """An edit beyond LAB_MAX_USERS while the run goes on, and a start beyond it."""
    lab.serve()
    swarm = lab.begin(knobs={"LAB_PLAN": "manual", "LAB_MAX_USERS": "15"})
    swarm.await_workers(2)
    refused = swarm.post("/swarm", user_count=16, spawn_rate=50)
    swarm.post("/swarm", user_count=10, spawn_rate=50)
    swarm.await_users(10)
    swarm.post("/swarm", user_count=999_999, spawn_rate=50)
    time.sleep(3)
    lab.facts["refused"] = not (refused[1] or {}).get("success")
    lab.facts["users"] = swarm.users()
    _stop(lab, signal.SIGTERM)


def _marked(seen: Seen) -> str:
    assert not seen.facts["torn"], f"torn or missing: {seen.facts['torn']}"
    for folder, complete in seen.facts["folders"].items():
        assert complete is False, f"{folder}: complete is {complete}"
    return f"{len(seen.facts['folders'])} folder, marked" if seen.facts["folders"] else "no folder"


def _row(name: str, trial: Trial, *checks: Check) -> Fault:
    return Fault(name, trial, INTERRUPTED, (_marked, *checks), within_seconds=WITHIN_SECONDS)


def _by(when: Callable[..., None], *signals: signal.Signals) -> Trial:
    """The trial that sends these signals at that moment."""

    def run(lab: Lab) -> None:
        when(lab, *signals)

    run.__name__ = "_".join([when.__name__, *(number.name for number in signals)])
    return run


NOTHING_LOST = fact("missing", lambda missing: missing == 0, "both ends count the same")
SIGINT, SIGTERM = signal.SIGINT, signal.SIGTERM

FAULTS = (
    Fault("SIGTERM 0.3 s after the start", _by(at_start, SIGTERM), ("none 5", "none -15"), (_marked,)),
    _row("SIGINT when the master says its first word", _by(when_it_speaks, SIGINT)),
    _row("SIGTERM when the master says its first word", _by(when_it_speaks, SIGTERM)),
    _row("SIGTERM when the workers are there", _by(when_up, SIGTERM)),
    _row("SIGINT in the first second of a run", _by(in_its_first_second, SIGINT)),
    _row("SIGTERM in the first second of a run", _by(in_its_first_second, SIGTERM)),
    _row("SIGTERM while a step is measured", _by(while_measured, SIGTERM), NOTHING_LOST),
    _row("SIGINT while a step is measured", _by(while_measured, SIGINT), NOTHING_LOST),
    _row("SIGINT twice within a second", _by(while_measured, SIGINT, SIGINT)),
    _row("SIGTERM twice within a second", _by(while_measured, SIGTERM, SIGTERM)),
    _row("SIGTERM between two steps of a search", _by(between_steps, SIGTERM)),
    _row("SIGINT in an audit that hangs", _by(in_the_audit, SIGINT)),
    _row("SIGTERM in an audit that hangs", _by(in_the_audit, SIGTERM)),
    _row("SIGTERM while the service stands still", _by(while_frozen, SIGTERM)),
    _row("SIGTERM to master and workers at once", _by(all_at_once, SIGTERM)),
    _row("SIGINT to master and workers at once", _by(all_at_once, SIGINT)),
    _row("the stop button", button, NOTHING_LOST),
    _row("the stop button, while a run is set up", button_at_once),
    _row("the stop button, twice at once", button_twice),
    Fault(
        "two starts at once",
        two_starts,
        ("PASS 0",),
        (fact("folders", lambda folders: len(folders) == 1, "one folder"), NOTHING_LOST),
    ),
    Fault(
        "more users than LAB_MAX_USERS",
        too_many_users,
        (),
        (fact("refused", bool, "refused"), fact("users", lambda users: users <= 15, "{} users held")),
    ),
)
