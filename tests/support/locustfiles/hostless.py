"""A user who is given no host."""

from __future__ import annotations

from http_user import FastHttpUser
from locust import task


class Nowhere(FastHttpUser):
    @task
    def nothing(self) -> None:
        pass
