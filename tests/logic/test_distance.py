"""The round trip to a target is what TCP measured on users' own connections, and no guess where there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support import lean  # noqa: F401 - Locust is asked not to patch this process

# after it, on purpose
import gevent.socket  # isort: skip
from lab.generator.distance import MOST_CONNECTIONS, Distance  # isort: skip

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def port() -> Iterator[int]:
    with gevent.socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        door.listen(2 * MOST_CONNECTIONS)
        yield door.getsockname()[1]


def distance_to(port: int) -> Distance:
    made = Distance()
    made.begin([f"http://127.0.0.1:{port}/base"])
    return made


def test_this_machine_is_near(port: int) -> None:
    with gevent.socket.create_connection(("127.0.0.1", port)) as connection:
        made = distance_to(port)
        made.connects(connection, ("127.0.0.1", port))
        found = made.round_trip_ms()
        assert found is not None
        assert 0 < found < 100
    assert made.round_trip_ms() == found, "what was seen stays when the connection is closed"
    made.begin([f"http://127.0.0.1:{port}"])
    assert made.round_trip_ms() is None, "the next run measures anew"


def test_other_connections_say_nothing(port: int) -> None:
    with gevent.socket.create_connection(("127.0.0.1", port)) as connection:
        elsewhere = distance_to(port + 1)
        elsewhere.connects(connection, ("127.0.0.1", port))
        assert elsewhere.round_trip_ms() is None, "it goes to no target"
        reused = distance_to(port)
        reused.connects(connection, ("127.0.0.2", port))
        assert reused.round_trip_ms() is None, "the descriptor is another connection's by now"


def test_closed_and_begun_connections_say_nothing(port: int) -> None:
    made = distance_to(port)
    closed = gevent.socket.create_connection(("127.0.0.1", port))
    made.connects(closed, ("127.0.0.1", port))
    closed.close()
    begun = gevent.socket.socket()
    made.connects(begun, ("127.0.0.1", port))
    assert made.round_trip_ms() is None
    begun.close()


def test_the_newest_are_looked_at(port: int) -> None:
    made = distance_to(port)
    closed = gevent.socket.create_connection(("127.0.0.1", port))
    for _ in range(2 * MOST_CONNECTIONS):
        made.connects(closed, ("127.0.0.1", port))
    closed.close()
    with gevent.socket.create_connection(("127.0.0.1", port)) as open_one:
        made.connects(open_one, ("127.0.0.1", port))
        assert made.round_trip_ms() is not None
