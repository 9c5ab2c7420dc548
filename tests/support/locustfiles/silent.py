"""Users who never ask for anything."""

from __future__ import annotations

from locust import User, constant, task


class Silent(User):
    wait_time = constant(0.2)

    @task
    def think(self) -> None:
        pass
