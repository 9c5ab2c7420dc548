"""The guard of Locust's UI: a start that is not allowed or not possible is refused with the reason."""

from __future__ import annotations

import math
from typing import Protocol
from urllib.parse import urlsplit

from flask import Flask, Response, jsonify, make_response, request
from locust.util.timespan import parse_timespan

from lab import limits, reach
from lab.asking.target import TargetError
from lab.knobs import optional_time
from lab.limits import Limit
from lab.plans import stages
from lab.settings import Settings

REACH_SECONDS = 3.0


class StartChecks(Protocol):
    """What the guard needs of the master's conductor (lab/engine/conductor.py)."""

    settings: Settings
    limits: tuple[Limit, ...]
    limits_option: str

    @property
    def host(self) -> str: ...

    @property
    def is_idle(self) -> bool: ...

    @property
    def is_judging(self) -> bool: ...

    def accept(self, accepted: tuple[Limit, ...]) -> None: ...

    def check(self, host: str, users: int) -> None: ...

    def prepare(self, host: str, wait_seconds: float) -> None: ...


def guard(app: Flask, conductor: StartChecks) -> None:
    """Checks every request to the UI before Locust handles it."""

    @app.before_request
    def look() -> Response | None:
        if request.method not in ("GET", "HEAD", "OPTIONS") and not _is_from_its_own_pages(conductor):
            return make_response("a request from another site, or by a name that is not in LAB_ALLOWED_HOSTS", 403)
        if request.method == "POST" and request.path.endswith("/swarm"):
            return _look_at_start(conductor)
        if request.method == "POST" and request.path.endswith("/user"):
            return _look_at_update(conductor)
        return None


def _is_from_its_own_pages(conductor: StartChecks) -> bool:
    """Whether the request comes from the UI's own pages, or from no page at all, such as by curl.

    A foreign name that points at this machine (DNS rebinding) serves pages of its own, so it is refused.
    """
    origin = request.headers.get("Origin")
    same = origin is None or urlsplit(origin).netloc == request.host
    return same and reach.refusal(f"http://{request.host}", conductor.settings.allowed_hosts) is None


def _plan() -> str:
    """The plan that the form asks for; Locust's own "Default" is no shape, so the person is the plan."""
    shape = request.form.get("shape_class", "Default")
    return stages.MANUAL if shape == "Default" else shape.lower()


def _run_seconds(conductor: StartChecks) -> float | None:
    """How long the plan shall measure, as the form says, or else LAB_RUN_TIME."""
    try:
        return optional_time(request.form.get("run_time", "")) or conductor.settings.run_seconds
    except ValueError:
        return conductor.settings.run_seconds  # Locust refuses it itself


def _rebuilt(host: str) -> str:
    try:
        return reach.parse(host).url
    except reach.WrongUrl:
        return host  # the check says so


def _look_at_update(conductor: StartChecks) -> Response | None:
    """Locust takes any attribute of a class of users here: its host is held to the rule as that of a start is."""
    update = request.get_json(force=True, silent=True)
    host = update.get("host") if isinstance(update, dict) else None
    problem = None if host is None else reach.refusal(str(host), conductor.settings.allowed_hosts)
    return make_response(problem, 403) if problem else None


def _check_figures() -> None:
    """Raises TargetError where Locust would refuse these: it looks at them when the target has been reset already."""
    # a shape has its own numbers of users: it can do without those of the form, but not with wrong ones
    unset = "" if _plan() == stages.MANUAL else "1"
    try:
        count, rate = (float(request.form.get(name, unset)) for name in ("user_count", "spawn_rate"))
        if run_time := request.form.get("run_time"):
            parse_timespan(run_time)
    except (ValueError, OverflowError) as error:
        raise TargetError(f"a start takes users, users a second and a time such as 20, 10 and 5m: {error}") from error
    if not 0 <= count < math.inf or not 0 < rate < math.inf or count % 1:
        raise TargetError("a start takes a whole number of users of 0 or more, and users a second above 0")


def _look_at_start(conductor: StartChecks) -> Response | None:
    host = request.form.get("host") or conductor.host
    try:
        accepted = _check_start(conductor, host)
        if conductor.is_idle:
            # nothing is asked or reset for a start that is refused: this is the last of all checks
            conductor.prepare(host, REACH_SECONDS)
            conductor.accept(accepted)
    except (limits.LimitError, TargetError) as error:
        return jsonify({"success": False, "message": str(error), "host": conductor.host})
    return None


def _check_start(conductor: StartChecks, host: str) -> tuple[Limit, ...]:
    """The limits of a start that may be made, as far as that can be said without asking the target.

    Raises LimitError or TargetError otherwise.
    """
    text, users = request.form.get(conductor.limits_option), request.form.get("user_count", "")
    accepted = limits.parse(text) if text else conductor.limits
    if conductor.is_idle and (problem := conductor.settings.refusal(accepted, _plan())):
        raise TargetError(problem)
    if conductor.is_idle and (problem := conductor.settings.fault_refusal(_plan(), _run_seconds(conductor))):
        raise TargetError(f"LAB_FAULT: {problem}")
    if conductor.is_judging:
        raise TargetError(
            "the last run is being judged and its writes are being audited: start when it has its verdict"
        )
    _check_figures()
    if not conductor.is_idle and _rebuilt(host) != _rebuilt(conductor.host):
        raise TargetError("a run keeps its target: stop it, and start one against the other host")
    conductor.check(host, int(users) if users.isdecimal() else 0)
    return accepted
