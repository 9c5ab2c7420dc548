"""Nobody sees or changes anything in the UI without its password: every route of ours and of Locust's, every method."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from werkzeug.test import TestResponse

from lab.pages.login import ALL_TRIES, TRIES, WITHIN_SECONDS, Tries
from tests.support.ui import METHODS, PASSWORD, SECRET, BuiltUI, built

HTML = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8"}
HTML["Accept"] += ",application/signed-exchange;v=b3;q=0.7"
"""As Chromium says it."""
OTHER = "another secret, just as long as the first"


@pytest.fixture
def ui(tmp_path: Path) -> Iterator[BuiltUI]:
    with built(tmp_path, LAB_UI_PASSWORD=PASSWORD) as made:
        yield made


def log_in(client: FlaskClient, password: str = PASSWORD, to: str = "") -> TestResponse:
    return client.post("/lab/login", data={"password": password, "to": to})


def basic(password: str, user: str = "") -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def test_no_route_answers_without_the_password(ui: BuiltUI) -> None:
    client = ui.client()
    assert {"/", "/swarm", "/stop", "/user", "/stats/report", "/assets/x", "/lab", "/lab/data"} <= set(ui.paths())
    answers = ui.statuses(client, *METHODS)
    for path in ("/nowhere", "/lab/login/", "/lab/login/../data", "/LAB/LOGIN"):
        answers["GET", path] = client.get(path).status_code
    assert {answers.pop((method, "/lab/login")) for method in ("GET", "HEAD", "OPTIONS")} == {200}
    assert set(answers.values()) == {401}, {each: status for each, status in answers.items() if status != 401}
    assert ui.conductor.asked == ui.started == []


def test_every_route_answers_with_it(ui: BuiltUI) -> None:
    client = ui.client()
    assert log_in(client).status_code == 303
    assert set(ui.statuses(client, "GET").values()) <= {200, 302, 303, 404, 405}
    assert client.post("/stop").get_json()["success"] is True
    assert set(ui.statuses(ui.client(), "GET", headers=basic(PASSWORD)).values()) <= {200, 302, 303, 404, 405}


def test_without_a_password_there_is_no_login(tmp_path: Path) -> None:
    with built(tmp_path) as ui:
        assert ui.client().get("/lab").status_code == 200
        assert ui.client().get("/lab/login").status_code == 404


@pytest.mark.parametrize(
    "shown",
    [
        {"Authorization": "Basic"},
        {"Authorization": "Basic !!!"},
        {"Authorization": "Basic " + base64.b64encode(b"\xff:\xff").decode()},
        {"Authorization": "Basic " + base64.b64encode(PASSWORD.encode()).decode()},
        {"Authorization": f"Bearer {PASSWORD}"},
        {"Authorization": f'Digest username="a", password="{PASSWORD}"'},
        basic(""),
        basic(PASSWORD[:-1]),
        basic(f"{PASSWORD} "),
        basic(PASSWORD.upper()),
        basic("\x00"),
    ],
)
def test_what_is_not_the_password_is_refused(ui: BuiltUI, shown: dict[str, str]) -> None:
    answer = ui.client().get("/lab/data", headers=shown)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, 'Form realm="lab"')


@pytest.mark.parametrize("key", [b"", b"secret", PASSWORD.encode(), SECRET.encode()])
def test_a_cookie_that_was_signed_elsewhere_opens_nothing(ui: BuiltUI, key: bytes) -> None:
    client, name = ui.client(), ui.app.config["SESSION_COOKIE_NAME"]
    forged = URLSafeTimedSerializer(key or b"x", salt="cookie-session").dumps({"is_in": True, "_permanent": True})
    client.set_cookie(name, str(forged), domain="127.0.0.1")
    assert client.get("/lab/data").status_code == 401


@pytest.mark.parametrize(
    ("knobs", "status"),
    [({}, 200), ({"LAB_UI_PASSWORD": "another password"}, 401), ({"LAB_SWARM_SECRET": OTHER}, 401)],
)
def test_a_session_outlives_a_restart_and_ends_with_the_password(
    ui: BuiltUI, tmp_path: Path, knobs: dict[str, Any], status: int
) -> None:
    (kept,) = log_in(ui.client()).headers.getlist("Set-Cookie")
    with built(tmp_path, **{"LAB_UI_PASSWORD": PASSWORD, **knobs}) as after:
        client = after.client()
        client.set_cookie(*kept.partition(";")[0].split("=", 1), domain="127.0.0.1")
        assert client.get("/lab/data").status_code == status


def test_no_script_and_no_other_site_gets_the_cookie(ui: BuiltUI) -> None:
    (cookie,) = log_in(ui.client()).headers.getlist("Set-Cookie")
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
    assert PASSWORD not in cookie
    assert "Secure" not in cookie


def test_with_tls_the_cookie_never_goes_without(tmp_path: Path) -> None:
    with built(tmp_path, arguments=("--tls-cert=x", "--tls-key=y"), LAB_UI_PASSWORD=PASSWORD) as ui:
        (cookie,) = log_in(ui.client()).headers.getlist("Set-Cookie")
    assert "Secure" in cookie.split("; ")


def test_a_person_logs_out(ui: BuiltUI) -> None:
    client = ui.client()
    log_in(client)
    assert "Log out" in client.get("/lab").text
    assert client.post("/lab/logout").status_code == 303
    assert client.get("/lab/data").status_code == 401


@pytest.mark.parametrize(
    ("asked", "leads_to"),
    [
        ("/lab", "/lab"),
        ("/?tab=charts", "/?tab=charts"),
        ("/lab/compare?baseline=a&candidate=b", "/lab/compare?baseline=a&candidate=b"),
        ("", "/"),
        ("/swarm", "/"),
        ("/nowhere", "/"),
        ("//evil.example", "/"),
        ("//evil.example/lab", "/"),
        ("https://evil.example/lab", "/"),
        ("/\\evil.example", "/"),
        ("\\\\evil.example", "/"),
        ("javascript:alert(1)", "/"),
        (" /lab", "/"),
    ],
)
def test_after_the_login_one_is_where_one_wanted_and_never_elsewhere(ui: BuiltUI, asked: str, leads_to: str) -> None:
    assert log_in(ui.client(), to=asked).headers["Location"] == leads_to


def test_a_page_shows_the_form_in_its_place_and_leads_back(ui: BuiltUI) -> None:
    client = ui.client()
    page = client.get("/lab/compare?baseline=<b>", headers=HTML)
    assert (page.status_code, page.mimetype) == (401, "text/html")
    assert (
        'value="/lab/compare?baseline=&lt;b&gt;"' in page.text or 'value="/lab/compare?baseline=%3Cb%3E"' in page.text
    )
    assert "form-action 'self'" in page.headers["Content-Security-Policy"]
    wrong = log_in(client, "wrong", to="/lab")
    assert "That is not the password." in wrong.text
    assert 'value="/lab"' in wrong.text


def test_passwords_cannot_be_tried_out(ui: BuiltUI) -> None:
    client = ui.client()
    for number in range(TRIES):
        answer = log_in(client, f"wrong {number}") if number % 2 else client.get("/", headers=basic(f"wrong {number}"))
        assert answer.status_code == 401
    late = log_in(client)
    assert late.status_code == 429
    assert 0 < int(late.headers["Retry-After"]) <= WITHIN_SECONDS + 1
    assert client.get("/lab/data", headers=basic(PASSWORD)).status_code == 429
    assert client.get("/lab/data").status_code == 401
    assert log_in(ui.client(REMOTE_ADDR="10.0.0.9")).status_code == 303


def test_who_is_in_stays_in_while_others_try(ui: BuiltUI) -> None:
    client = ui.client()
    log_in(client)
    for _ in range(TRIES + 1):
        log_in(ui.client(), "wrong")
    assert client.get("/lab/data").status_code == 200


def test_tries_are_forgotten_after_their_time_and_bounded_for_all_together() -> None:
    now = [0.0]
    tries = Tries(lambda: now[0])
    for number in range(ALL_TRIES):
        now[0] = number / 100
        tries.note(f"10.0.0.{number}")
    assert tries.seconds_left("10.0.0.0") == pytest.approx(WITHIN_SECONDS - 0.99)
    assert tries.seconds_left("10.1.1.1") > 0
    now[0] = WITHIN_SECONDS
    assert tries.seconds_left("10.1.1.1") == 0
    for _ in range(TRIES):
        tries.note("a")
    assert tries.seconds_left("a") == WITHIN_SECONDS
