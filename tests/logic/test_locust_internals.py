"""What the lab takes of Locust beyond its public interface is still there: red where Locust moves or mends it."""

from __future__ import annotations

import ast
import inspect
import re
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.support import lean  # noqa: F401 - Locust is asked not to patch this process

# after it, on purpose
import gevent  # isort: skip
from gevent.pool import Group  # isort: skip
from lab import locust_internals  # isort: skip
from locust import User, constant, task  # isort: skip
from locust.dispatch import UsersDispatcher  # isort: skip
from locust.env import Environment  # isort: skip
from locust.event import EventHook  # isort: skip
from locust.runners import MasterRunner, WorkerNode, WorkerRunner  # isort: skip

ROOT = Path(__file__).resolve().parents[2]
THEIRS = Path(inspect.getfile(locust_internals))
OURS = [path for folder in ("bench", "locust", "scaling") for path in sorted((ROOT / folder).rglob("*.py"))]


def test_locust_is_the_version_whose_defects_are_mended() -> None:
    assert version("locust").startswith("2.47.")


def private_names(path: Path) -> set[str]:
    """The names that begin with one underscore and are looked up on something, or asked for by their text."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value)
    return {name for name in found if re.fullmatch(r"_[a-z]\w*", name)}


@pytest.mark.parametrize(
    "path", [path for path in OURS if path != THEIRS], ids=lambda path: str(path.relative_to(ROOT))
)
def test_a_private_name_of_locust_is_used_in_one_module_alone(path: Path) -> None:
    """On others than `self` ruff finds any private name (SLF001); a class that inherits from Locust's is seen here."""
    assert private_names(path) & private_names(THEIRS) == set()


def test_listeners_are_still_called_in_the_order_in_which_they_came() -> None:
    hook, other, called = EventHook(), EventHook(), list[str]()
    hook.add_listener(lambda **_: called.append("Locust's"))
    locust_internals.listen_first(hook, lambda **_: called.append("ours"))
    locust_internals.share_listeners(hook, other)
    hook.add_listener(lambda **_: called.append("later"))
    other.fire()
    assert called == ["ours", "Locust's", "later"]


def test_locust_still_counts_requests_in_a_function_of_that_name() -> None:
    environment, heard = Environment(user_classes=[]), list[str]()
    runner = environment.create_local_runner()
    locust_internals.replace_count_of_requests(environment.events.request, lambda name, **_: heard.append(name))
    environment.events.request.fire(request_type="GET", name="/", response_time=1.0, response_length=0)
    runner.quit()
    assert (heard, environment.stats.total.num_requests) == (["/"], 0)


def test_a_worker_still_sends_no_report_between_its_last_one_and_its_word_that_it_has_stopped() -> None:
    assert callable(WorkerRunner._send_stats)
    source = inspect.getsource(WorkerRunner.handle_message)
    when_stopped = source[source.index('case "stop"') : source.index('case "quit"')]
    assert "client_stopped" in when_stopped
    assert "_send_stats" not in when_stopped


def test_a_worker_still_drops_users_that_are_dated_back_by_the_masters_wall_clock() -> None:
    source = inspect.getsource(WorkerRunner.handle_message)
    assert 'job["timestamp"] <= self.last_received_spawn_timestamp' in source
    worker = WorkerRunner.__new__(WorkerRunner)
    worker.greenlet, worker.last_received_spawn_timestamp = Group(), 1_000_000_000
    locust_internals.take_next_spawn(worker)
    assert worker.last_received_spawn_timestamp == 0


def test_locust_still_keeps_to_itself_what_a_user_does() -> None:
    class Reader(User):
        wait_time = constant(0)
        read = 0

        @task
        def look(self) -> None:
            self.read += 1
            assert not locust_internals.is_between_tasks(self)

    reader, group = Reader(Environment(user_classes=[Reader])), Group()
    assert User.run.__final__  # type: ignore[attr-defined] # or else start_as is not needed
    assert locust_internals.start_as(reader, group, lambda: locust_internals.prepare_tasks(reader)) is reader.greenlet
    assert reader.group is group
    assert reader.greenlet.args[0] is reader
    group.join()
    locust_internals.run_one_task(reader)
    assert reader.read == 1
    reader._state = "waiting"
    assert locust_internals.is_between_tasks(reader)
    locust_internals.end_after_task(reader)
    assert not locust_internals.is_between_tasks(reader)


class Resting(User):
    wait_time = constant(60)

    @task
    def look(self) -> None:
        pass


def test_locust_still_kills_a_user_in_a_pause_without_a_word_to_it_and_raises_where_it_is_stopped_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = " ".join(inspect.getsource(User.stop).split())
    assert "if force or self._state in (None, LOCUST_STATE_WAITING): self._group.killone(self._greenlet)" in source
    one, another = (Resting(Environment(user_classes=[Resting])) for _ in range(2))
    group = Group()
    monkeypatch.setattr(User, "stop", User.stop)  # so that the class is as it was afterwards
    locust_internals.end_after_task(one)
    with pytest.raises(Exception, match="unexpected state: stopping"):
        one.stop()
    locust_internals.have_users_stop_in_peace()
    assert one.stop() is False
    another.start(group)
    gevent.sleep(0)
    assert locust_internals.is_between_tasks(another)
    assert another.stop() is True
    assert not locust_internals.is_between_tasks(another)  # so that it ends also where its pause does
    group.join(timeout=10)
    assert not len(group)


def test_locust_still_forgets_its_dispatcher_and_still_deals_anew_by_a_flag() -> None:
    assert "self._users_dispatcher = None" in inspect.getsource(MasterRunner.heartbeat_worker)
    dispatcher = UsersDispatcher([WorkerNode("one")], [User])
    assert locust_internals.is_deal_due(dispatcher) is False
    dispatcher.add_worker(WorkerNode("another"))
    assert locust_internals.is_deal_due(dispatcher) is True
