"""Secrets are kept out of the log and out of pages; a form that sends a host as it was shown means the real one."""

from __future__ import annotations

import io
import logging

from flask import Flask, Response, request

from lab.counts.names import OTHERS, Names
from lab.engine import quiet
from lab.exchanges.secrets import Known

HOST = "http://somebody:canary@api:5000"


def _app() -> Flask:
    app = Flask(__name__)
    quiet.hide_logins(app, lambda: HOST)

    @app.route("/")
    def page() -> Response:
        return Response(f"<input value='{HOST}'>", headers={"Content-Disposition": f"attachment; filename={HOST}"})

    @app.route("/swarm", methods=["POST"])
    def swarm() -> dict[str, bool]:
        return {"is_real": request.form["host"] == HOST, "has_users": request.form["user_count"] == "1"}

    return app


def test_no_page_shows_a_login() -> None:
    answer = _app().test_client().get("/")
    assert answer.text == "<input value='http://(hidden)@api:5000'>"
    assert "canary" not in str(answer.headers)


def test_a_form_means_the_host_that_it_was_shown() -> None:
    client = _app().test_client()
    sent = {"http://(hidden)@api:5000": True, "http://(hidden)@other": False, "http://api:5000": False}
    for host, is_real in sent.items():
        assert client.post("/swarm", data={"host": host, "user_count": "1"}).json == {
            "is_real": is_real,
            "has_users": True,
        }


def test_no_line_of_the_log_shows_a_secret() -> None:
    written = io.StringIO()
    handler, log = logging.StreamHandler(written), logging.getLogger("locust")
    log.addHandler(handler)
    try:
        quiet.hide_in_log(Known(["canary"]))
        try:
            raise RuntimeError("canary")
        except RuntimeError:
            log.exception("%s cannot be reached with %s", HOST, "canary")
    finally:
        log.removeHandler(handler)
    assert "http://(hidden)@api:5000 cannot be reached with (hidden)" in written.getvalue()
    assert "RuntimeError: (hidden)" in written.getvalue()
    assert "canary" not in written.getvalue().replace('raise RuntimeError("canary")', "")


def test_names_that_differ_in_a_secret_alone_are_one() -> None:
    names = Names(2, shown=Known().shown)
    kept = {names.kept(f"/orders?access_token={number:08}abc") for number in range(50)}
    assert kept == {"/orders?access_token=(hidden)"}
    assert names.kept("/tests") == "/tests"
    assert names.kept("/more") == OTHERS
