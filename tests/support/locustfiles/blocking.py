"""The lab's own locustfile, with readers who block the worker: as a driver written in C does."""

from __future__ import annotations

from typing import Any

from gevent.monkey import get_original

from locustfile import *  # noqa: F403 - all that Locust finds there
from users import Reader

# Locust has time.sleep give way to other users
sleep = get_original("time", "sleep")


def block_and_read(reader: Any) -> None:
    sleep(0.1)
    Reader.read_tests(reader)


Reader.tasks = [block_and_read]
