"""What the lab takes of Locust beyond its public interface is still there: red where Locust moves or mends it."""

from __future__ import annotations

import inspect
from importlib.metadata import version

from tests.support import lean  # noqa: F401 - Locust is asked not to patch this process

# after it, on purpose
from locust.dispatch import UsersDispatcher  # isort: skip
from locust.runners import Runner, WorkerRunner  # isort: skip


def test_locust_is_the_version_whose_defects_are_mended() -> None:
    assert version("locust").startswith("2.47.")


def test_locust_still_counts_requests_in_a_function_of_that_name() -> None:
    assert "def on_request(" in inspect.getsource(Runner.__init__)
    assert "request.add_listener(on_request)" in inspect.getsource(Runner.__init__)


def test_locust_still_has_the_private_names() -> None:
    assert callable(WorkerRunner._send_stats)
    assert "self._rebalance" in inspect.getsource(UsersDispatcher)
    assert "self._users_dispatcher" in inspect.getsource(inspect.getmodule(Runner) or Runner)
