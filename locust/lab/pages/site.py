"""The whole of the UI, put together: each request passes whose page asks, who asks, and what a start may say."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from flask import Blueprint, Response, make_response, request

from lab.pages import live, locust_page, metrics, origin, policies, start_guard
from lab.pages.live import WebUI
from lab.pages.login import Login
from lab.pages.metrics import Moment
from lab.pages.origin import Names
from lab.pages.start_form import Offer
from lab.pages.start_guard import Conductor

CHANGES = frozenset({"locust.swarm", "locust.stop", "locust.reset_stats"})
"""What of Locust changes something, and may. Its /user sets any attribute of any class, on all workers."""


class Door(NamedTuple):
    """By which names the UI is found, and who may come in."""

    names: Names
    login: Login


def build(
    web_ui: WebUI,
    conductor: Conductor,
    door: Door,
    offer: Callable[[], Offer],
    moment: Callable[[], Moment],
) -> None:
    """Joins the lab to Locust's app, before it answers anybody."""
    app = web_ui.app
    assert app
    app.debug = False
    prefix = app.blueprints["locust"].url_prefix if "locust" in app.blueprints else None
    blueprint = Blueprint("lab", __name__, url_prefix=prefix)
    policies.tell(app)

    @app.before_request
    def look() -> Response | None:
        if reason := origin.refusal(request.method, request.headers, door.names):
            return make_response(f"{reason}\n", 403, {"Content-Type": "text/plain"})
        return None

    door.login.add_to(app, blueprint, has_tls=bool(web_ui.tls_cert))

    @app.before_request
    def look_at_change() -> Response | None:
        changes = request.method not in origin.CHANGES_NOTHING and (request.endpoint or "").startswith("locust.")
        if changes and request.endpoint not in CHANGES:
            return make_response("classes of users are changed in the scenario, not here\n", 403)
        # OPTIONS, which any site may ask, is of the same route
        starts = request.method == "POST" and request.endpoint == "locust.swarm"
        return start_guard.refusal(conductor, offer()) if starts else None

    locust_page.extend(app, lambda: locust_page.notes(offer().plans, conductor.settings))
    live.add_pages(web_ui, conductor, blueprint, conductor.settings.results)
    metrics.add_metrics(blueprint, conductor, moment)
    app.register_blueprint(blueprint)
