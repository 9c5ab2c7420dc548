"""A scenario for which time stands still."""

import time

from locust import FastHttpUser, task


class Timeless(FastHttpUser):
    @task
    def look(self) -> None:
        self.client.get("/tests")


def now() -> float:
    return 5.0


time.monotonic = now
