"""A scenario that ends the master by itself, in its teardown."""

import os
import sys
from typing import Any

from locust import FastHttpUser, events, task


class Leaver(FastHttpUser):
    @task
    def look(self) -> None:
        self.client.get("/nope")


def leave(**_: Any) -> None:
    if "--master" in sys.argv:
        os._exit(0)


getattr(events, os.environ["LEAVES_AT"]).add_listener(leave)
