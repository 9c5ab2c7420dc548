"""What would not work under load, by what was seen of each task once."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from lab.exchanges import taking
from lab.exchanges.secrets import Known
from lab.rehearsal import findings, packages, telling
from lab.rehearsal.ears import Ears
from lab.rehearsal.turn import Named, Role, Turn

ASKED = {("127.0.0.1", 80)}


def turn(task: str = "buy", *names: tuple[str, str | None], **more: object) -> Turn:
    made = Turn("Shopper", task, names=[Named(*each) for each in names])
    for name, value in more.items():
        setattr(made, name, value)
    return made


def found(*turns: Turn, think_seconds: float | None = 1.0, grouped: bool = True) -> list[tuple[str, bool]]:
    role = Role("Shopper", "HttpUser", "http://shop", "all", think_seconds, list(turns))
    of_it = findings.of_roles([role], grouped=grouped, asked=ASKED)
    return [(f"{each.where}: {each.text}", each.is_problem) for each in of_it]


FINE = turn("look", ("/items", "http://shop/items"))


@pytest.mark.parametrize(
    ("seen", "says", "is_problem"),
    [
        (
            turn(error="KeyError: 'total', at shop.py:3"),
            "Shopper.buy: ends in an exception: KeyError: 'total', at",
            True,
        ),
        (turn(error="NeverGaveWay: it held", held={"shop.py:3 in buy": 2.5}), "never gives way, at shop.py:3", True),
        (turn(held={"shop.py:3 in buy": 0.6}), "does not give way for 0.6 s, at shop.py:3 in buy", True),
        (turn("buy", ("/a", "http://x/a"), peers={("10.0.0.7", 6379)}), "asks 10.0.0.7:6379 by a client that", True),
        (turn(peers={("127.0.0.1", 80)}), "asks 127.0.0.1:80 by a client that", True),
        (turn("buy", ("/a/7", "http://x/a/7")), "/a/7 is counted as /a/[id]", False),
        (turn("buy", ("item/7", "http://x/a/7")), "a request is called item/7", True),
        (turn("buy", ("/a?q=shoe", "http://x/a?q=shoe")), "give it a name='/a'", False),
        (turn("buy", ("/a", "http://x/a"), is_cut=True), "goes on and on", False),
        (turn(), "asks for nothing", False),
    ],
)
def test_each_thing_that_is_seen_is_said_once(seen: Turn, says: str, is_problem: bool) -> None:
    said = [each for each in found(FINE, seen) if says in each[0]]
    assert [problem for _, problem in said] == [is_problem]


@pytest.mark.parametrize(
    "seen",
    [
        turn("buy", ("/a", "http://x/a"), peers=ASKED),
        turn("call", ("rpc", None), peers={("10.0.0.7", 50051)}),
        turn("buy", ("checkout", "http://x/a/7")),
        turn("buy", ("/a", "http://x/a"), held={"shop.py:3 in buy": 0.3}),
    ],
)
def test_what_would_work_is_left_alone(seen: Turn) -> None:
    assert found(FINE, seen) == []


def test_names_that_nobody_groups_are_a_problem() -> None:
    assert found(turn("buy", ("/a/7", "http://x/a/7")), grouped=False)[0][1]


def test_a_class_that_asks_for_nothing_and_one_that_never_thinks() -> None:
    assert found(turn("on_start"), turn()) == [
        ("Shopper: none of its tasks asks for anything, so there is nothing to measure", True)
    ]
    assert "has no think time" in found(FINE, think_seconds=0)[0][0]
    assert found(FINE, think_seconds=None) == []


def test_a_failed_request_is_a_problem() -> None:
    failed = taking.take("failure", "GET /a", at=1.0, known=Known(), time_ms=5.0, failure="BadStatus 500")
    assert found(turn("buy", ("/a", "http://x/a"), exchanges=[failed])) == [
        ("Shopper.buy: GET /a failed: BadStatus 500", True)
    ]
    assert list(telling.exchange(failed, is_short=False)) == ["    GET /a: no answer, 5 ms, failed: BadStatus 500"]


def test_packages_that_the_image_would_not_have_are_named(tmp_path: Path) -> None:
    (code := tmp_path / "shop.py").write_text(
        "import json, playwright\nfrom gevent import sleep\nimport prices\nimport locust"
    )
    (tmp_path / "prices.py").write_text("from flask.views import View")
    (requirements := tmp_path / "requirements.txt").write_text("# the lab's\nlocust==2.47.0 \\\n    --hash=x\n")
    files = [code, tmp_path / "prices.py"]
    # flask and gevent come along with locust
    assert packages.missing(files, [requirements]) == ["playwright"]
    assert packages.missing(files, [requirements, tmp_path / "none.txt"]) == ["playwright"]
    (tmp_path / "own.txt").write_text("PlayWright>=1  # a browser\n")
    assert packages.missing(files, [requirements, tmp_path / "own.txt"]) == []


def test_data_is_what_was_read_and_is_neither_code_nor_the_systems(tmp_path: Path) -> None:
    ears = Ears()
    for name in ("users.csv", "shop.py", ".env", "none.csv"):
        if name != "none.csv":
            (tmp_path / name).write_text("a")
        ears._hear("open", (str(tmp_path / name), "r", 0))
    ears._hear("open", (str(tmp_path / "log.txt"), "a", 0))
    ears._hear("open", (f"{sys.prefix}/pyvenv.json", "r", 0))
    ears._hear("open", (7, "r", 0))
    assert ears.data(tmp_path, Path(sys.prefix)) == [tmp_path / "users.csv"]
    ears._hear("socket.connect", (None, ("::1", 80, 0, 0)))
    ears._hear("socket.connect", (None, ("10.0.0.1", 53)))
    ears._hear("socket.connect", (None, "/run/postgres"))
    assert ears.peers == {("::1", 80)}
