"""The door of Locust's UI: a start that must not or cannot be is answered with the reason, and nothing is started."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import Flask, Response, jsonify, make_response, request

from lab import limits
from lab.target import TargetError

if TYPE_CHECKING:
    from lab.master import Conductor

REACH_SECONDS = 3.0


def guard(app: Flask, conductor: Conductor) -> None:
    """Looks at every request to the UI before Locust does."""

    @app.before_request
    def look() -> Response | None:
        if request.method not in ("GET", "HEAD", "OPTIONS") and not _is_same_origin():
            return make_response("a request from another site", 403)
        if request.method == "POST" and request.path.endswith("/swarm"):
            return _look_at_start(conductor)
        return None


def _is_same_origin() -> bool:
    """Whether the request comes from the UI's own pages, or from no page at all, such as curl."""
    origin = request.headers.get("Origin")
    return origin is None or urlsplit(origin).netloc == request.host


def _look_at_start(conductor: Conductor) -> Response | None:
    users = request.form.get("user_count", "")
    host = request.form.get("host") or conductor.environment.host or ""
    try:
        limits.parse(request.form.get("limits") or conductor.options.limits)
        conductor.check(host, int(users) if users.isdecimal() else 0)
        if conductor.is_idle:
            conductor.prepare(host, REACH_SECONDS)
    except (limits.LimitError, TargetError) as error:
        return jsonify({"success": False, "message": str(error), "host": conductor.environment.host})
    return None
