"""The guard of Locust's UI: a start that is not allowed or not possible is refused with the reason."""

from __future__ import annotations

from typing import Any, Protocol

from flask import Response, jsonify, request

from lab import limits
from lab.limits import Limit
from lab.pages import start_form
from lab.pages.live import RunHolder
from lab.pages.start_form import FieldError, Offer, Start
from lab.plans import stages
from lab.settings import Settings
from lab.target import TargetError

REACH_SECONDS = 3.0


class Conductor(RunHolder, Protocol):
    """What the UI needs of the master's conductor (lab/engine/conductor.py)."""

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


def refusal(conductor: Conductor, offer: Offer) -> Response | None:
    """Why this start is refused, as Locust's page shows it; None where it may be, and Locust gets what was read."""
    try:
        start = start_form.read(request.form, offer)
        _look_at_start(conductor, offer, start)
    except limits.LimitError as error:
        return _refused(conductor, error.in_a_line, conductor.limits_option, error.wrong)
    except FieldError as error:
        return _refused(conductor, str(error), error.name)
    except TargetError as error:
        return _refused(conductor, str(error))
    request.form = start.form()
    return None


def _refused(conductor: Conductor, message: str, field: str = "", wrong: tuple[int, int] = (0, 0)) -> Response:
    answer: dict[str, Any] = {"success": False, "message": message, "host": conductor.host}
    return jsonify({**answer, "field": field, "wrong": wrong})


def _look_at_start(conductor: Conductor, offer: Offer, start: Start) -> None:
    """Raises FieldError, LimitError or TargetError where it cannot be; the target is touched when all else is said."""
    if conductor.is_judging:
        raise TargetError(
            "the last run is being judged and its writes are being audited: start when it has its verdict"
        )
    own = start.own.get(conductor.limits_option)
    accepted = conductor.limits if own is None else limits.parse(own[0])
    if not conductor.is_idle and accepted != conductor.limits:
        raise FieldError(conductor.limits_option, "a run that goes on keeps its limits: stop it first")
    if conductor.is_idle:
        _check_plan(conductor, start, accepted)
    conductor.check(start.host, start.users or offer.users)
    if conductor.is_idle:
        conductor.prepare(start.host, REACH_SECONDS)
        conductor.accept(accepted)


def _check_plan(conductor: Conductor, start: Start, accepted: tuple[Limit, ...]) -> None:
    # Locust's own "Default" is no shape, so the person is the plan
    plan, settings = stages.MANUAL if start.plan == start_form.MANUAL else start.plan.lower(), conductor.settings
    if problem := settings.refusal(accepted, plan):
        raise FieldError(conductor.limits_option, problem)
    if problem := settings.fault_refusal(plan, start.run_seconds or settings.run_seconds):
        raise FieldError(start_form.PLAN, f"LAB_FAULT: {problem}")
