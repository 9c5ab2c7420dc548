# ruff: noqa: N999 - the name is gunicorn's own for such a file
"""How gunicorn runs the service: `gunicorn -c api/gunicorn.conf.py`. Only what differs from its defaults."""

import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

# The folder that holds the package, wherever gunicorn was started.
chdir = str(Path(__file__).resolve().parent.parent)
sys.path.insert(0, chdir)

from api.refusals import close_in_peace, refuse_with_problems  # noqa: E402
from api.settings import METRICS_FOLDER, SettingsError, read_settings  # noqa: E402
from api.stores import UnusableStore, check_store  # noqa: E402

try:
    settings = read_settings(os.environ)
    check_store(settings.database_url)
except SettingsError as error:
    sys.exit(str(error))
except UnusableStore as reason:
    sys.exit(f"API_DATABASE_URL={settings.database_url!r} is not possible: {reason}")

MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - counters and heartbeats are no secret

wsgi_app = "api.app:create_app()"
bind = settings.bind
workers = settings.workers
worker_class = "api.worker.Worker"
# A load test should find the limit of the service, not this one.
worker_connections = 5000
# Longer than a proxy or a client keeps an idle connection, so that none of them writes into one that is closing.
keepalive = 75
# `docker compose stop` gives ten seconds.
graceful_timeout = 8
# On a disk, a heartbeat can wait for the disk.
worker_tmp_dir = MEMORY
control_socket_disable = True
post_request = close_in_peace


def on_starting(_server: Any) -> None:
    """Give prometheus-client a fresh folder for the counters of all workers, before the first of them is there."""
    os.environ[METRICS_FOLDER] = tempfile.mkdtemp(prefix="api-metrics-", dir=MEMORY)


def post_fork(_server: Any, _worker: Any) -> None:
    """Once in each worker."""
    # Until the worker has handlers of its own, it has the arbiter's, which lose the signal: a stop during the start
    # would wait until the arbiter's patience ends.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    refuse_with_problems(settings.replica)


def child_exit(_server: Any, worker: Any) -> None:
    """Take a dead worker out of the gauges; what it counted stays."""
    from prometheus_client.multiprocess import mark_process_dead  # noqa: PLC0415 - needs the folder to be there

    mark_process_dead(worker.pid)


def on_exit(_server: Any) -> None:
    """Leave nothing behind."""
    shutil.rmtree(os.environ[METRICS_FOLDER], ignore_errors=True)
