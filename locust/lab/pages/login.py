"""Who asks: whoever knows LAB_UI_PASSWORD, shown in the form, or with each request (HTTP Basic, any user name).

The cookie of a session is signed by Flask, with a key that follows from the password and from the swarm's secret: it
outlives a restart of the master, and ends with the password.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections import deque
from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple

from flask import Blueprint, Flask, Response, current_app, make_response, request, session, url_for
from werkzeug.exceptions import HTTPException

from lab import report
from lab.pages.policies import page_policy

TRIES, ALL_TRIES, WITHIN_SECONDS = 10, 100, 60.0
"""Wrong passwords in so long a time: of one address, and of all together."""
SESSION_LASTS = timedelta(days=7)
FORM, WORDS = "lab.login", "lab.log_in"
"""The endpoints that need no login: the form, and what takes it in."""
_IN = "is_in"


class Key(NamedTuple):
    """The password of the UI, and what signs the sessions."""

    password: str
    signs: bytes


class Tries:
    """The wrong passwords of the last minute. Every address has its own; all together are bounded as well."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._wrong: deque[tuple[float, str]] = deque()

    def note(self, address: str) -> None:
        """A wrong password came from there."""
        self._wrong.append((self._monotonic(), address))

    def seconds_left(self, address: str) -> float:
        """How long this address has to wait until its next try; 0 where it has not."""
        now = self._monotonic()
        while self._wrong and self._wrong[0][0] <= now - WITHIN_SECONDS:
            self._wrong.popleft()
        own = [at for at, whose in self._wrong if whose == address]
        if len(own) >= TRIES:
            return own[-TRIES] + WITHIN_SECONDS - now
        return self._wrong[-ALL_TRIES][0] + WITHIN_SECONDS - now if len(self._wrong) >= ALL_TRIES else 0.0


class Login:
    """The login of the UI; without a key everybody is in."""

    def __init__(self, key: Key | None, tries: Tries | None = None) -> None:
        self._key, self._tries = key, tries or Tries()

    def add_to(self, app: Flask, blueprint: Blueprint, *, has_tls: bool) -> None:
        """Has every request but those for the form itself show a session or the password."""
        if self._key is None:
            return
        app.secret_key = self._key.signs
        mark = hashlib.blake2b(self._key.signs, digest_size=4, person=b"lab cookie").hexdigest()
        app.config.update(
            # cookies do not know ports: another lab on this machine has its own
            SESSION_COOKIE_NAME=f"lab_{mark}",
            SESSION_COOKIE_HTTPONLY=True,
            SESSION_COOKIE_SAMESITE="Strict",
            SESSION_COOKIE_SECURE=has_tls,
            PERMANENT_SESSION_LIFETIME=SESSION_LASTS,
        )
        app.before_request(self._look)
        blueprint.add_url_rule("/lab/login", "login", self._form, methods=["GET"])
        blueprint.add_url_rule("/lab/login", "log_in", self._log_in, methods=["POST"])
        blueprint.add_url_rule("/lab/logout", "log_out", self._log_out, methods=["POST"])

    def _look(self) -> Response | None:
        if request.endpoint in (FORM, WORDS) or session.get(_IN) is True:
            return None
        if request.authorization is not None:
            shown = request.authorization.password if request.authorization.type == "basic" else None
            return self._refusal(shown or "")
        if request.method == "GET" and "text/html" in request.headers.get("Accept", ""):
            return self._page(401, to=request.full_path.rstrip("?"))
        answer = make_response("log in first, or show the password (curl --user :PASSWORD)\n", 401)
        # not Basic, for which browsers would open a window of their own
        answer.headers["WWW-Authenticate"], answer.mimetype = 'Form realm="lab"', "text/plain"
        return answer

    def _refusal(self, shown: str) -> Response | None:
        """What is answered to this password; None where it is the right one."""
        assert self._key
        address = request.remote_addr or ""
        if seconds := self._tries.seconds_left(address):
            answer = self._page(429, f"Too many wrong passwords: try again in {seconds:.0f} s.")
            answer.headers["Retry-After"] = str(int(seconds) + 1)
            return answer
        if not hmac.compare_digest(_digest(shown), _digest(self._key.password)):
            self._tries.note(address)
            return self._page(401, "That is not the password.")
        return None

    def _form(self) -> Response:
        return _go_to(url_for("locust.index")) if session.get(_IN) is True else self._page(200)

    def _log_in(self) -> Response:
        if refusal := self._refusal(request.form.get("password", "")):
            return refusal
        session.clear()
        session.permanent, session[_IN] = True, True
        return _go_to(_own_path(request.form.get("to", "")))

    def _log_out(self) -> Response:
        session.clear()
        return _go_to(url_for(FORM))

    def _page(self, status: int, problem: str = "", to: str = "") -> Response:
        page, to = report.templates().get_template("login.html"), to or request.form.get("to", "")
        html = page.render(problem=problem, to=to, action=url_for(WORDS), style=report.style())
        answer = make_response(html, status, {"Content-Security-Policy": page_policy()})
        if status == 401:
            answer.headers["WWW-Authenticate"] = 'Form realm="lab"'
        return answer


def _go_to(path: str) -> Response:
    return make_response("", 303, {"Location": path})


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _own_path(asked: str) -> str:
    """The path of the UI that was asked for before the login, or its first page: never another site's."""
    try:
        current_app.url_map.bind("localhost").match(asked.partition("?")[0], "GET")
    except HTTPException:
        return url_for("locust.index")
    return asked
