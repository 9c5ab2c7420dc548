"""A scenario is any locustfile: found, imported as a module of its own, and refused where it cannot visit anybody."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from lab.knobs import SettingsError
from lab.scenario import loading, place
from tests.support import lean

# after it, on purpose
from locust import FastHttpUser, HttpUser, LoadTestShape, User, task  # isort: skip
from locust.util.load_locustfile import is_user_class  # isort: skip
from lab.arrivals.source import OpenArrivals, in_tasks  # isort: skip
from lab.arrivals.visitor import Visitor  # isort: skip
from lab.engine.targets import Targets, mean_think_seconds  # isort: skip
from lab.scenario import contents  # isort: skip
from lab.shapes import own_shapes  # isort: skip
from lab.asking.target import TargetError  # isort: skip


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    """What an import leaves behind is of one test alone."""
    path, modules = list(sys.path), set(sys.modules)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        del sys.modules[name]


def written(folder: Path, name: str = "shop.py", text: str = "") -> Path:
    file = folder / name
    file.write_text(text)
    return file


def test_without_a_knob_it_is_users_py() -> None:
    assert place.path({}) == place.DEFAULT
    assert place.path({"LAB_SCENARIO": " ", "LOCUST_LOCUSTFILE": "locustfile.py"}) == place.DEFAULT


@pytest.mark.parametrize("knob", ["LAB_SCENARIO", "LOCUST_LOCUSTFILE"])
def test_both_knobs_name_it_by_file_or_folder(knob: str, tmp_path: Path) -> None:
    file = written(tmp_path, "locustfile.py")
    assert place.path({knob: str(file)}) == place.path({knob: str(tmp_path)}) == file


def test_a_scenario_that_is_not_there_or_named_twice_is_refused(tmp_path: Path) -> None:
    file, other = written(tmp_path), written(tmp_path, "other.py")
    with pytest.raises(SettingsError, match=r"LAB_SCENARIO=nowhere\.py: takes a locustfile or a folder"):
        place.path({"LAB_SCENARIO": "nowhere.py"})
    with pytest.raises(SettingsError, match="both name the scenario"):
        place.path({"LAB_SCENARIO": str(file), "LOCUST_LOCUSTFILE": str(other)})


def test_it_has_its_modules_and_data_beside_it_and_hides_nothing(tmp_path: Path) -> None:
    written(tmp_path, "prices.py", "ALL = [1, 2]")
    written(tmp_path, "data.csv", "a,b")
    file = written(
        tmp_path,
        "settings.py",
        "import pathlib, prices\nsettings = prices.ALL\ntext = pathlib.Path('data.csv').read_text()\n",
    )
    before = Path.cwd()
    module = loading.load(file)
    assert (module.settings, module.text, Path.cwd()) == ([1, 2], "a,b", before)


def test_a_file_named_as_a_module_of_the_lab_replaces_none(tmp_path: Path) -> None:
    module = loading.load(written(tmp_path, "json.py", "there = True"))
    assert module.there
    assert sys.modules["json"] is not module


def test_the_locustfile_beside_it_is_the_one_that_it_imports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    labs_own = ModuleType("locustfile")
    labs_own.__file__ = str(place.HOME / "locustfile.py")
    monkeypatch.setitem(sys.modules, "locustfile", labs_own)
    loading.load(written(tmp_path, "alone.py"))
    assert sys.modules["locustfile"] is labs_own
    written(tmp_path, "locustfile.py", "class Shopper: pass")
    assert loading.load(written(tmp_path, "load.py", "from locustfile import Shopper")).Shopper


@pytest.mark.parametrize("name", ["lab.py", "locust/__init__.py"])
def test_a_module_that_would_hide_the_lab_is_named(name: str, tmp_path: Path) -> None:
    (tmp_path / "locust").mkdir()
    written(tmp_path, name)
    with pytest.raises(SettingsError, match="would hide the lab's own"):
        loading.load(written(tmp_path))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "import nowhere_to_be_found",
            r"No module named 'nowhere_to_be_found'. A package is named in the requirements",
        ),
        ("1 / 0", "cannot be imported: ZeroDivisionError: division by zero"),
        ("def", "cannot be imported: SyntaxError"),
    ],
)
def test_one_that_cannot_be_imported_has_its_reason_in_a_line(text: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=says):
        loading.load(written(tmp_path, text=text))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "has no class of users"),
        ("class Idle(HttpUser): pass", "class Idle has no task"),
        ("class Never(HttpUser):\n weight = 0\n tasks = [print]", "class Never has weight 0"),
    ],
)
def test_one_that_nobody_visits_is_refused(text: str, says: str, tmp_path: Path) -> None:
    module = loading.load(written(tmp_path, text=f"from locust import HttpUser\n{text}"))
    with pytest.raises(SettingsError, match=says):
        contents.user_classes(module, is_user_class)


def test_tasks_may_be_given_when_a_user_starts(tmp_path: Path) -> None:
    text = "from locust import HttpUser\nclass Late(HttpUser):\n def on_start(self): self.tasks.append(print)"
    assert set(contents.user_classes(loading.load(written(tmp_path, text=text)), is_user_class)) == {"Late"}


class Shop(HttpUser):
    host = "http://127.0.0.1:1/v2/"

    @task
    def buy(self) -> None:
        pass


class Guest(FastHttpUser):
    @task
    def look(self) -> None:
        pass


class Patient(OpenArrivals):
    arrivals = "closed"


class Spike(LoadTestShape):
    def tick(self) -> tuple[int, float] | None:
        return None if self.get_run_time() > 3600 else (3, 10)


def test_open_arrivals_are_made_of_any_class() -> None:
    made = contents.arriving({"Shop": Shop}, "open", "even")["Shop"]
    assert issubclass(made, Shop)
    assert issubclass(made, OpenArrivals)
    assert (made.__name__, made.arrivals, made.arrival_spacing) == ("Shop", "open", "even")
    assert (made.tasks, made.host, made.abstract) == (Shop.tasks, Shop.host, False)
    assert contents.arriving({"Shop": Shop}, "closed", "even") == {"Shop": Shop}


@pytest.mark.parametrize(("own", "asked"), [("closed", "open"), ("open", "closed")])
def test_a_class_with_arrivals_of_its_own_is_not_called_by_another_name(own: str, asked: str) -> None:
    each = type("Patient", (OpenArrivals,), {"arrivals": own})
    with pytest.raises(SettingsError, match=f"LAB_ARRIVALS={asked}: class Patient says arrivals = '{own}'"):
        contents.arriving({"Patient": each}, asked, "even")


def test_a_shape_of_its_own_is_a_plan_and_clashes_with_none() -> None:
    offered = own_shapes({"Spike": Spike, "Stairs": Spike}, ["spike"])
    assert {name: each.__name__ for name, each in offered.items()} == {"OwnSpike": "OwnSpike", "Stairs": "Stairs"}
    plan = offered["Stairs"]()
    assert (plan.load(), plan.is_done, plan.most_seconds) == ((3, 10), False, None)
    plan.own.tick = lambda: None  # type: ignore[attr-defined]
    assert (plan.load(), plan.is_done) == (None, True)


def test_a_class_keeps_its_host_and_another_has_that_of_the_knob() -> None:
    targets = Targets(lean.Environment(user_classes=[Shop, Guest]))
    assert targets.of("http://api:5000") == ("http://127.0.0.1:1/v2", "http://api:5000")
    assert Targets(lean.Environment(user_classes=[Shop])).of("http://api:5000") == ("http://127.0.0.1:1/v2",)
    with pytest.raises(TargetError, match="class Guest has no host: set LOCUST_HOST"):
        targets.of("")


def test_a_host_keeps_its_last_slash_by_which_a_client_may_ask() -> None:
    seen: list[str | None] = []
    class_with_slash: Any = type("Rpc", (User,), {"host": "http://127.0.0.1:1/", "tasks": [print]})
    runner: Any = SimpleNamespace(spawn_users=lambda: seen.append(class_with_slash.host))
    Targets(lean.Environment(user_classes=[class_with_slash])).keep(runner)
    class_with_slash.host = "http://set-by-locust"
    runner.spawn_users()
    assert seen == ["http://127.0.0.1:1/"]


def test_each_host_is_checked_and_named_by_its_class() -> None:
    far = type("Far", (HttpUser,), {"host": "https://shop.example.com"})
    targets = Targets(lean.Environment(user_classes=[far]))
    with pytest.raises(TargetError, match="the host of class Far in the scenario"):
        targets.check(targets.of(""), frozenset())
    targets.check(targets.of(""), frozenset({"shop.example.com"}))


def test_how_long_users_think_is_known_of_those_alone_who_do_as_the_knob_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Visitor, "wait_time", lambda _: 1.0, raising=False)
    ours = type("Ours", (Visitor, HttpUser), {"tasks": [print]})
    both = lean.Environment(user_classes=[ours, Shop])
    assert mean_think_seconds(lean.Environment(user_classes=[ours]), (0.5, 1.5)) == 1.0
    assert mean_think_seconds(both, (0.5, 1.5)) is None


def test_users_whose_greenlets_are_about_to_end_are_in_no_task() -> None:
    """Gevent takes a greenlet's arguments away before it is ready: a report at that moment was not sent."""
    ending = SimpleNamespace(args=(), ready=lambda: False)
    ended = SimpleNamespace(args=(), ready=lambda: True)
    assert in_tasks([ending, ended]) == []
