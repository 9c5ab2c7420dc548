"""A user who ends the run by itself, as many a locustfile does once too much has failed."""

from __future__ import annotations

from locust import HttpUser, constant, task


class Quitter(HttpUser):
    wait_time = constant(0.2)
    asked = 0

    @task
    def ask(self) -> None:
        self.client.get("/tests")
        type(self).asked += 1
        if self.asked == 60:
            self.environment.runner.quit()
