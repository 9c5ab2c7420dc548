"""The lab's own locustfile, with readers who leave by themselves; that they are missing is noticed after 3 s."""

from __future__ import annotations

from time import monotonic
from typing import Any

from locust.exception import StopUser

import lab.engine.run
from locustfile import *  # noqa: F403 - all that Locust finds there
from users import Reader

lab.engine.run.NOT_HELD_SECONDS = 3.0  # type: ignore[attr-defined] # the lab has it from elsewhere


def read_or_leave(reader: Any) -> None:
    if monotonic() - reader.__dict__.setdefault("came", monotonic()) > 5:
        raise StopUser
    Reader.read_tests(reader)


Reader.tasks = [read_or_leave]
