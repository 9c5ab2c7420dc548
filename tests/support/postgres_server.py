"""A PostgreSQL server of the tests' own: a container on a loopback port."""

from __future__ import annotations

import subprocess
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.support.running_service import free_port, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator


IMAGE = "postgres:17"


def docker(*arguments: str, seconds: float = 120) -> subprocess.CompletedProcess[str]:
    """Run a docker command."""
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False, timeout=seconds)


class PostgresServer:
    """A container of the postgres image on a loopback port; `pause` freezes it, `stop` and `start` restart it."""

    def __init__(self) -> None:
        self.name = f"lab-test-postgres-{uuid.uuid4().hex[:8]}"
        self.port = free_port()

    def url(self, database: str = "lab") -> str:
        """The API_DATABASE_URL of one of its databases."""
        return f"postgresql://lab:lab@127.0.0.1:{self.port}/{database}"

    def docker(self, verb: str, *arguments: str) -> str:
        """Run a docker command on the container and return what it printed."""
        done = docker(verb, *arguments, self.name)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def sql(self, statement: str, database: str = "lab") -> str:
        """Run a statement as the server's owner."""
        done = docker("exec", self.name, "psql", "-U", "lab", "-d", database, "-tAc", statement)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def answers(self) -> bool:
        """Whether the server takes connections."""
        return docker("exec", self.name, "pg_isready", "-h", "127.0.0.1", "-U", "lab").returncode == 0


@contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """A server that answers, until the block ends."""
    server = PostgresServer()
    variables = [f"POSTGRES_{name}=lab" for name in ("USER", "PASSWORD", "DB")]
    options = [part for variable in variables for part in ("--env", variable)]
    publish = f"127.0.0.1:{server.port}:5432"
    done = docker("run", "--detach", "--name", server.name, "--publish", publish, *options, IMAGE)
    try:
        assert done.returncode == 0, done.stderr
        wait_until(server.answers, 60, "a PostgreSQL server that takes connections")
        yield server
    finally:
        docker("rm", "--force", "--volumes", server.name)
