"""The round trip to a target is what TCP measured, and no guess where there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support import lean  # noqa: F401 - Locust is asked not to patch this process

# after it, on purpose
import gevent.socket  # isort: skip
from lab.generator.distance import round_trip_ms  # isort: skip

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def listening() -> Iterator[gevent.socket.socket]:
    with gevent.socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        door.listen(9)
        yield door


def test_this_machine_is_near(listening: gevent.socket.socket) -> None:
    near = f"http://127.0.0.1:{listening.getsockname()[1]}"
    found = round_trip_ms([near, near])
    assert found is not None
    assert 0 < found < 100


def test_what_takes_no_connection_is_nowhere(listening: gevent.socket.socket) -> None:
    closed = f"http://127.0.0.1:{listening.getsockname()[1]}"
    listening.close()
    assert round_trip_ms([closed]) is None
    assert round_trip_ms([]) is None


def test_what_never_answers_is_waited_for_no_longer_than_that() -> None:
    with gevent.socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        place = full.getsockname()
        waiting = [gevent.socket.socket() for _ in range(3)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(place)
        assert round_trip_ms([f"http://127.0.0.1:{place[1]}"], 0.2) is None
        for each in waiting:
            each.close()
