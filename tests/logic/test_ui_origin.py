"""No other site's page, and no other name of this machine, gets anything from the UI or does anything in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.pages.origin import Names
from tests.support.ui import METHODS, BuiltUI, built

OWN = "127.0.0.1:8089"


@pytest.fixture
def ui(tmp_path: Path) -> Iterator[BuiltUI]:
    """One to change."""
    with built(tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BuiltUI]:
    """One for all that changes nothing."""
    with built(tmp_path_factory.mktemp("ui"), LAB_UI_HOSTS="lab.example, Other.Example") as made:
        yield made


OWN_NAMES = "localhost LOCALHOST:1 localhost:8089 127.9.9.9:80 [::1] [::1]:1 lab.example LAB.example:1 other.example"


@pytest.mark.parametrize("host", [OWN, *OWN_NAMES.split()])
def test_the_uis_own_names_are_answered(untouched: BuiltUI, host: str) -> None:
    assert untouched.client(host).get("/worker-count").status_code == 200


STRANGE = (
    "evil.example|evil.example:8089|api|8.8.8.8|10.0.0.7|0.0.0.0|[::]|[fe80::1]:8089||::1|[::1|127.1|0x7f.1|2130706433|"
    "localhost.evil.example|evil.example#localhost|localhost@evil.example|evil@localhost|localhost.|localhost:8089:1|"
    "localhost:port|127.0.0.1.evil.example|local host|localhost/|localhost,evil.example|localhost\t|\uff4cocalhost|"
    "lab.example.evil"
)


@pytest.mark.parametrize("host", STRANGE.split("|"))
def test_no_other_name_is(untouched: BuiltUI, host: str) -> None:
    client = untouched.client(host)
    assert set(untouched.statuses(client, *METHODS).values()) == {403}
    assert untouched.conductor.asked == untouched.started == []


def test_where_it_is_published_everywhere_every_address_is_its_own_and_no_name() -> None:
    for everywhere in ("", "*", "0.0.0.0", "::"):
        names = Names(everywhere)
        assert [names.has(host) for host in ("10.0.0.7:8089", "8.8.8.8", "[fe80::1]", "localhost")] == [True] * 4
        assert [names.has(host) for host in ("evil.example", "box", "0x0a000007", "*", "")] == [False] * 5
    one = Names("10.0.0.7", {"box"})
    assert [one.has(host) for host in ("10.0.0.7:8089", "127.0.0.1", "box:8089")] == [True] * 3
    assert [one.has(host) for host in ("10.0.0.8", "evil.example")] == [False] * 2


OTHERS = [
    {"Origin": "http://evil.example"},
    {"Origin": "http://127.0.0.1:8090"},
    {"Origin": "http://127.0.0.1"},
    {"Origin": "http://localhost:8089"},
    {"Origin": "http://127.0.0.1:8089.evil.example"},
    {"Origin": "http://127.0.0.1:8089@evil.example"},
    {"Origin": "http://evil.example@127.0.0.1:8089"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": "http://["},
    {"Origin": OWN},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "Same-Origin"},
    {"Sec-Fetch-Site": ""},
    {"Origin": f"http://{OWN}", "Sec-Fetch-Site": "same-site"},
    {"Origin": f"http://{OWN}", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
    {"Origin": "http://evil.example", "Sec-Fetch-Site": "same-origin"},
]


@pytest.mark.parametrize("headers", OTHERS)
def test_another_sites_page_changes_nothing(untouched: BuiltUI, headers: dict[str, str]) -> None:
    client = untouched.client()
    assert set(untouched.statuses(client, "POST", "PUT", "PATCH", "DELETE", "TRACE", headers=headers).values()) == {403}
    form = {"user_count": "1", "spawn_rate": "1"}
    assert client.post("/swarm", data=form, headers=headers).status_code == 403
    assert client.post("/swarm?_method=POST", data=form, headers=headers).status_code == 403
    assert untouched.conductor.asked == untouched.started == []


@pytest.mark.parametrize("headers", [{}, {"Origin": f"http://{OWN}"}, {"Sec-Fetch-Site": "same-origin"}])
def test_its_own_pages_do(ui: BuiltUI, headers: dict[str, str]) -> None:
    assert ui.client().post("/stop", headers=headers).get_json()["success"] is True
    assert ui.started == [("stop",)]


def test_a_link_from_elsewhere_leads_here_and_nothing_else_of_that_page_gets_an_answer(untouched: BuiltUI) -> None:
    client = untouched.client()
    for site in ("cross-site", "same-site"):
        link = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate"}
        assert set(untouched.statuses(client, "GET", headers=link).values()) <= {200, 302, 404, 405}
        for mode in ("no-cors", "cors", "websocket", ""):
            asked = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode}
            assert set(untouched.statuses(client, "GET", "HEAD", "OPTIONS", headers=asked).values()) == {403}


def test_every_answer_keeps_other_pages_out(untouched: BuiltUI) -> None:
    client = untouched.client()
    for method in METHODS:
        for path in (*untouched.paths(), "/nowhere"):
            with client.open(path, method=method, headers={"Origin": f"http://{OWN}"}) as answer:
                told, policy = answer.headers, answer.headers["Content-Security-Policy"].split("; ")
                place = f"{method} {path} {answer.status}"
                assert {"frame-ancestors 'none'", "base-uri 'none'", "default-src 'none'"} <= set(policy), place
                assert (told["X-Frame-Options"], told["X-Content-Type-Options"]) == ("DENY", "nosniff"), place
                assert told["Cross-Origin-Resource-Policy"] == "same-origin", place
                assert not [name for name, _ in told if name.startswith("Access-Control")], place
                assert len(told.getlist("Content-Security-Policy")) == 1, place


def test_locusts_page_runs_its_own_script_alone(untouched: BuiltUI) -> None:
    first, second = (untouched.client().get("/") for _ in range(2))
    nonces = [answer.headers["Content-Security-Policy"].split("'nonce-")[1].split("'")[0] for answer in (first, second)]
    assert nonces[0] != nonces[1]
    assert first.text.count("<script") == first.text.count(f'nonce="{nonces[0]}"') == 4
    assert "unsafe-eval" not in first.headers["Content-Security-Policy"]


def test_what_comes_into_locusts_page_cannot_pass_for_a_script(ui: BuiltUI) -> None:
    ui.conductor.environment.host = "</script><script>alert(1)</script>"
    page = ui.client().get("/").text
    assert "<script>alert" not in page
    assert page.count("<script") == 4


def test_a_report_can_ask_the_ui_nothing(untouched: BuiltUI) -> None:
    policy = untouched.client().get("/lab/runs/x").headers["Content-Security-Policy"]
    assert "sandbox allow-scripts" in policy
    assert "allow-same-origin" not in policy
    assert "connect-src" not in policy


def test_a_page_of_the_scenario_may_say_more_and_is_in_no_frame_either(ui: BuiltUI) -> None:
    ui.app.add_url_rule("/mine", "mine", lambda: "<script>1</script>")
    policy = ui.client().get("/mine").headers["Content-Security-Policy"]
    assert "'unsafe-inline'" in policy
    assert "frame-ancestors 'none'" in policy
    assert ui.client("evil.example").get("/mine").status_code == 403


def test_a_fault_of_a_page_shows_nothing_of_the_program(ui: BuiltUI) -> None:
    def fails() -> str:
        raise RuntimeError("<script>alert(1)</script>")

    ui.app.add_url_rule("/fails", "fails", fails)
    answer = ui.client().get("/fails")
    assert answer.status_code == 500
    assert "alert" not in answer.text
    assert answer.headers["X-Frame-Options"] == "DENY"
