"""The guard of Locust's UI: a start that is not allowed or not possible is refused with the reason."""

from __future__ import annotations

from typing import Protocol
from urllib.parse import urlsplit

from flask import Flask, Response, jsonify, make_response, request

from lab import limits, target
from lab.knobs import optional_time
from lab.limits import Limit
from lab.plans import stages
from lab.settings import Settings
from lab.target import TargetError

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
        return None


def _is_from_its_own_pages(conductor: StartChecks) -> bool:
    """Whether the request comes from the UI's own pages, or from no page at all, such as by curl.

    A foreign name that points at this machine (DNS rebinding) serves pages of its own, so it is refused.
    """
    origin = request.headers.get("Origin")
    same = origin is None or urlsplit(origin).netloc == request.host
    return same and target.refusal(f"http://{request.host}", conductor.settings.allowed_hosts) is None


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


def _look_at_start(conductor: StartChecks) -> Response | None:
    users = request.form.get("user_count", "")
    host = request.form.get("host") or conductor.host
    try:
        text = request.form.get(conductor.limits_option)
        accepted = limits.parse(text) if text else conductor.limits
        if conductor.is_idle and (problem := conductor.settings.refusal(accepted, _plan())):
            raise TargetError(problem)
        if conductor.is_idle and (problem := conductor.settings.fault_refusal(_plan(), _run_seconds(conductor))):
            raise TargetError(f"LAB_FAULT: {problem}")
        if conductor.is_judging:
            raise TargetError(
                "the last run is being judged and its writes are being audited: start when it has its verdict"
            )
        conductor.check(host, int(users) if users.isdecimal() else 0)
        if conductor.is_idle:
            conductor.prepare(host, REACH_SECONDS)
            conductor.accept(accepted)
    except (limits.LimitError, TargetError) as error:
        return jsonify({"success": False, "message": str(error), "host": conductor.host})
    return None
