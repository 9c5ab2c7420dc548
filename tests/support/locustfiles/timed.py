"""The lab's own locustfile, with a user whose requests take what chance says, and a log of every single request."""

from __future__ import annotations

import os
import time
from pathlib import Path
from random import lognormvariate
from typing import Any

from locust import User, constant, events, task

from locustfile import *  # noqa: F403 - all that Locust finds there

log = (Path(os.environ["REQUESTS_LOGGED_IN"]) / f"requests-{os.getpid()}.log").open("a")


class Timer(User):
    """Times from a hundredth of a millisecond to a minute, as if something had taken them."""

    wait_time = constant(0.02)

    @task
    def take(self) -> None:
        for _ in range(10):
            for name, middle_ms in {"short": 0.05, "long": 20.0}.items():
                self.environment.events.request.fire(
                    request_type="TIME",
                    name=name,
                    response_time=middle_ms * lognormvariate(0, 1.5),
                    response_length=0,
                    response=None,
                    context={},
                    exception=None,
                    start_time=time.time(),
                    url=None,
                )


@events.request.add_listener
def write_down(request_type: str, name: str, response_time: float, **_: Any) -> None:
    log.write(f"{int(time.time())} {response_time!r} {request_type} {name}\n")
    log.flush()
