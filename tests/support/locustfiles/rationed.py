"""Users who take an account each, and a coupon for each task: no two the same, whichever worker they are on."""

from __future__ import annotations

import os
from typing import Any

from locust import FastHttpUser, constant, task

from lab.data import Rows

accounts = Rows("data/accounts.csv", once=True, at_end=os.environ.get("ACCOUNTS_AT_END"))
coupons = Rows("data/coupons.jsonl", once=True, order="random", at_end=os.environ.get("COUPONS_AT_END", "stop"))
pages = Rows("data/pages.json")


class Member(FastHttpUser):
    wait_time = constant(float(os.environ.get("PAUSE", "0.02")))
    account: dict[str, Any]

    def on_start(self) -> None:
        self.account = accounts.of(self)
        assert accounts.of(self) is self.account

    @task
    def redeem(self) -> None:
        coupon = next(coupons)
        name = f"{self.account['name']}/{coupon['code']}/{next(pages)['page']}"
        self.client.post("/tests", json={"name": name, "description": self.account["password"]}, name="/tests")
