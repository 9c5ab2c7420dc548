"""Fixtures that more than one test file asks for: a real service on loopback, and a PostgreSQL server."""

from __future__ import annotations

import shutil
import signal
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support import lean  # isort: skip # noqa: F401 - first: Locust must not patch the threads of pytest and xdist

from api.app import create_app
from api.settings import Settings
from tests.support.chaos_helper import Helper
from tests.support.postgres_server import IMAGE, docker, running_postgres
from tests.support.running_service import ROOT, RunningService, free_port, wait_until
from tests.support.swarm import Swarm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask.testing import FlaskClient

    from tests.support.postgres_server import PostgresServer

__all__ = ["ROOT", "RunningService", "free_port", "wait_until"]

# A shell that starts the tests in the background lets them ignore Ctrl-C, and what they start would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)


RINGS = ("logic", "wiring", "browser", "stack", "faults", "nodes")
HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks each test by the folder that it is in: `-m logic` is the same as naming tests/logic."""
    for item in items:
        ring = item.path.relative_to(HERE).parts[0]
        assert ring in RINGS, f"{item.path} is in no ring: {', '.join(RINGS)}"
        item.add_marker(ring)
        if shares_what_it_starts(item):
            item.add_marker(pytest.mark.xdist_group(item.path.stem))


def shares_what_it_starts(item: pytest.Item) -> bool:
    """Whether the test uses a fixture that its whole file shares: xdist must then run all of them in one process."""
    fixtures = item._fixtureinfo.name2fixturedefs.values() if isinstance(item, pytest.Function) else ()
    return any(fixture[-1].scope == "module" for fixture in fixtures)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Callable[..., RunningService]]:
    """Start a service with these variables, wait until `ready` answers 200, and end it after the test.

    Without API_DATABASE_URL it has a SQLite file in the test's own folder; reset is allowed.
    """
    started: list[RunningService] = []

    def start(*, ready: str = "/ready", **environ: str) -> RunningService:
        defaults = {"API_DATABASE_URL": f"sqlite:///{tmp_path}/lab.db", "API_ALLOW_RESET": "true"}
        running = RunningService(tmp_path, {**defaults, **environ})
        started.append(running)
        if ready:
            running.await_status(ready, 200)
        return running

    yield start
    for running in started:
        running.stop()


@pytest.fixture
def swarm(tmp_path: Path) -> Iterator[Callable[..., Swarm]]:
    """Start a swarm against a target with these knobs, and end it after the test."""
    started: list[Swarm] = []

    def start(target: str, workers: int = 2, locustfile: str = "", **knobs: str) -> Swarm:
        running = Swarm(tmp_path, target, knobs, locustfile)
        started.append(running)
        running.add_workers(workers)
        return running

    yield start
    for running in started:
        running.end()


@pytest.fixture
def target(service: Callable[..., RunningService]) -> RunningService:
    """The service with one gunicorn worker."""
    return service(WEB_CONCURRENCY="1")


@pytest.fixture
def client(tmp_path: Path) -> FlaskClient:
    """The service in this process, on a SQLite file of its own: for tables of fast cases."""
    return create_app(Settings(database_url=f"sqlite:///{tmp_path}/lab.db", allow_reset=True)).test_client()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One PostgreSQL server for the whole session; skipped, with its reason, where there is no engine or image."""
    if shutil.which("docker") is None or docker("info").returncode != 0:
        pytest.skip("no Docker Engine answers")
    here = docker("image", "inspect", IMAGE).returncode == 0
    if not here and docker("pull", "--quiet", IMAGE, seconds=280).returncode != 0:
        pytest.skip(f"the image {IMAGE} is not here, and cannot be pulled")
    with running_postgres() as server:
        yield server


@pytest.fixture
def database(postgres: PostgresServer) -> str:
    """The URL of an empty database of the test's own."""
    name = f"lab_{uuid.uuid4().hex[:8]}"
    postgres.sql(f"CREATE DATABASE {name}")
    return postgres.url(name)


@pytest.fixture
def helper(tmp_path: Path) -> Iterator[Helper]:
    """A chaos service with a service of its own."""
    started = Helper(tmp_path)
    try:
        started.await_up()
        yield started
    finally:
        started.end()
