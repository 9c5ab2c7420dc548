# ruff: noqa: T201 - a program that prints its figures
"""Does a store keep what it acknowledged, however often the service is killed? `make long-kills` prints it.

The service's processes are killed under writes, in turn one gunicorn worker and all of them, and then every write is
looked for. The exit code is 1 where one was lost, doubled, or is there though it was refused.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.support.kill_trial import kill_under_writes
from tests.support.postgres_server import running_postgres
from tests.support.running_service import RunningService

STORES = ("sqlite", "postgresql")


def main() -> int:
    """Print a line for each store; say by the exit code whether all of them kept everything."""
    parser = argparse.ArgumentParser(prog="python -m bench.kills", description=__doc__)
    parser.add_argument("--stores", nargs="+", choices=STORES, default=STORES)
    parser.add_argument("--kills", type=int, default=100, help="of each store's service")
    parser.add_argument("--writes", type=int, default=500_000, help="acknowledged by each store")
    asked = parser.parse_args()
    kept = [_try(store, asked.kills, asked.writes) for store in asked.stores]
    return 0 if all(kept) else 1


def _try(store: str, kills: int, writes: int) -> bool:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        postgres = stack.enter_context(running_postgres()) if store == "postgresql" else None
        running = RunningService(folder, {"API_DATABASE_URL": postgres.url() if postgres else f"sqlite:///{folder}/db"})
        stack.callback(running.stop)
        running.await_status("/ready", 200)
        kept = kill_under_writes(running, kills, writes)
        print(f"{store}: {kept}", flush=True)
        return not (kept.lost or kept.doubled or kept.phantom)


if __name__ == "__main__":
    sys.exit(main())
