"""What the start form may say, in every spelling; what it may not starts nothing, and touches nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.ui import GOOD, HOST, MOST, BuiltUI, built, options, post


@pytest.fixture
def ui(tmp_path: Path) -> Iterator[BuiltUI]:
    with built(tmp_path, options=options, LAB_MAX_USERS=str(MOST)) as made:
        yield made


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BuiltUI]:
    """One for all that changes nothing."""
    with built(tmp_path_factory.mktemp("ui"), options=options, LAB_MAX_USERS=str(MOST)) as made:
        yield made


BAD = {
    "user_count": "+61|61| 61|61 |6_1|\uff16\uff11|\u0666\u0661|6.1e1|61.0|0x3d|+6|| |0|-1|nan|inf|6\n1|6\x00|<b>",
    "spawn_rate": "nan|NaN|inf|-inf|1e308|1e1|+5| 5|5 |\uff15|0|0.0|-1||61|60.01|1_0|0x5|5.|100000000",
    "run_time": "999999999999999h|1001h|-1|+1|1e3|\uff15s|0|0.5s|500ms|1d|nan|1 h|h|1h1| |" + "1h" * 2000,
    "shape_class": "Nope|default|capacity|| Capacity|__class__|Default ",
    "user_classes": "Nope|reader||Reader,Writer|User|__class__",
    "limits": "| |,|p95|p95<450|p95>=1s|GET /tests|\x00|p95<=450ms;evil",
    "host": "http://127.0.0.1 :80|http://127.0.0.1\n|http://exa<mple|http://\uff41pi:5000|http://api\x00",
    **dict.fromkeys(["html_file", "json_file", "csv_prefix", "csv", "locustfile", "tags", "loglevel"], "/tmp/x|"),
    **dict.fromkeys(["autoquit", "stop_timeout", "master_host", "web_login", "inner", "__class__"], "0|true"),
    "count": "|x|1.5|1e3|\uff19| 1",
    "share": "nan|inf|1e9||.",
    "deep": "yes|True|1|",
    "region": "asia|eu ",
}
LONG = [(field, "9" * 5000) for field in ("user_count", "spawn_rate", "run_time", "count", "note", "profile", "limits")]
CASES = [*((field, text) for field, texts in BAD.items() for text in texts.split("|")), *LONG]


@pytest.mark.parametrize(("field", "text"), CASES)
def test_what_a_field_cannot_say_starts_nothing_and_touches_nothing(untouched: BuiltUI, field: str, text: str) -> None:
    ui = untouched
    before = dict(vars(ui.conductor.options))
    said = post(ui, {**GOOD, field: text})
    assert said["success"] is False
    assert said["field"] in (field, "")
    assert said["message"].isprintable()
    assert len(said["message"]) < 700
    assert ui.started == []
    assert [asked for asked in ui.conductor.asked if asked[0] != "check"] == []
    assert vars(ui.conductor.options) == before
    assert ui.conductor.environment.shape_class is None
    assert ui.conductor.environment.host == HOST


@pytest.mark.parametrize(
    ("field", "text", "option"),
    [
        ("count", "-7", -7),
        ("share", ".25", 0.25),
        ("deep", "true", True),
        ("region", "us", "us"),
        ("note", "ünïcode; 'quoted'", "ünïcode; 'quoted'"),
        ("sizes", ["3", "4"], ["3", "4"]),
        ("run_time", "1h30m", 5400),
        ("run_time", "90", 90),
        ("limits", "p99<=1s", "p99<=1s"),
        ("profile", "spring", "spring"),
        ("user_classes", ["Writer"], ["Writer"]),
    ],
)
def test_what_it_can_say_reaches_locust(ui: BuiltUI, field: str, text: Any, option: Any) -> None:
    assert post(ui, {**GOOD, field: text})["success"] is True
    assert getattr(ui.conductor.options, field) == option
    assert [asked[0] for asked in ui.conductor.asked] == ["check", "prepare", "accept"]


def test_all_that_locusts_own_form_sends_is_taken(ui: BuiltUI) -> None:
    form = {**GOOD, "host": HOST, "run_time": "", "profile": "", "limits": "p95<=450ms", "user_classes": ["Reader"]}
    form |= {
        "shape_class": "Default",
        "count": "3",
        "share": "0.5",
        "deep": "false",
        "region": "eu",
        "note": "",
        "sizes": "1",
    }
    assert post(ui, form)["success"] is True
    assert ui.conductor.environment.host == HOST


@pytest.mark.parametrize("name", ["user_count", "spawn_rate", "host", "run_time", "shape_class", "limits", "count"])
def test_a_field_that_is_said_twice_is_refused(ui: BuiltUI, name: str) -> None:
    text = {**GOOD, "host": HOST, "shape_class": "Default", "limits": "p95<=1s", "count": "1", "run_time": "5s"}[name]
    assert f"{name} is said twice" in post(ui, {**GOOD, name: [text, "999999"]})["message"]
    assert ui.started == []


@pytest.mark.parametrize("body", ["null", "[]", '{"user_count": 61, "spawn_rate": 1}', "user_count=5", ""])
def test_what_is_no_form_starts_nothing(ui: BuiltUI, body: str) -> None:
    for kind in ("application/json", "text/plain", "multipart/form-data", "multipart/form-data; boundary=x", ""):
        answer = ui.client().post("/swarm", data=body, content_type=kind)
        assert answer.get_json()["success"] is False, kind
    assert ui.started == ui.conductor.asked == []
