"""What browsers are told with each answer: which scripts may run in it, and that no other page may have it in a frame.

Locust's own page has a script in itself, which a nonce lets through.
"""

from __future__ import annotations

import secrets

from flask import Flask, Response, g, request

_BOUNDS = "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
PAGE = (
    "default-src 'none'; img-src 'self' data: blob:; font-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    f"connect-src 'self'; script-src 'self'{{nonce}}; {_BOUNDS}"
)
_NO_PAGE = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_LOCUSTS_REPORT = (
    f"{_NO_PAGE}; img-src 'self' data: blob:; font-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
)
# a report is a file, and may be anybody's: it is shown as if it came from nowhere, so that it can ask the UI nothing
_REPORT = f"{_LOCUSTS_REPORT}; sandbox allow-scripts allow-downloads allow-popups"
_SCENARIOS = f"default-src 'self' data: blob: 'unsafe-inline'; object-src 'none'; {_BOUNDS}"
_OF_ENDPOINT = {
    "locust.index": PAGE,
    "locust.stats_report": _LOCUSTS_REPORT,
    "lab.live": PAGE,
    "lab.compare": PAGE,
    "lab.changes": PAGE,
    "lab.report": _REPORT,
    "lab.past_run": _REPORT,
}
_HEADERS = {
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def nonce() -> str:
    """What marks the scripts of the page that is being answered; another one for each answer."""
    if "nonce" not in g:
        g.nonce = secrets.token_urlsafe(16)
    found: str = g.nonce
    return found


def page_policy() -> str:
    """The policy of a page of the UI itself, when it is made."""
    return PAGE.format(nonce=f" 'nonce-{nonce()}'" if "nonce" in g else "")


def tell(app: Flask) -> None:
    """Tells browsers with every answer; one that says something itself keeps it, such as a page of the scenario's."""

    @app.after_request
    def add(response: Response) -> Response:
        endpoint = request.endpoint or ""
        is_scenarios = bool(endpoint) and not endpoint.startswith(("locust.", "lab.", "static"))
        policy = _OF_ENDPOINT.get(endpoint, _SCENARIOS if is_scenarios else _NO_PAGE)
        response.headers.setdefault("Content-Security-Policy", page_policy() if policy is PAGE else policy)
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers.update(_HEADERS)
        return response
