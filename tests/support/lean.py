"""The lean client in this process. Locust would patch all of it for gevent: it is asked not to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import pytest

with pytest.MonkeyPatch.context() as patch:
    patch.setenv("LOCUST_SKIP_MONKEY_PATCH", "1")
    from locust import FastHttpUser, HttpUser, constant
    from locust import stats as locust_stats
    from locust.clients import HttpSession
    from locust.env import Environment
    from locust.event import EventHook
    from locust.exception import StopTest, StopUser
    from locust.user.task import LOCUST_STATE_WAITING

    from lab.client import LeanHttpSession, LeanHttpUser, RequestFailed, Response, UnsupportedOption, bodies
    from lab.client.connecting import Proxy
    from lab.client.headers import Headers
    from lab.client.pool import Terms
    from lab.client.reader import AnswerReader
    from lab.engine import trust

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "LOCUST_STATE_WAITING",
    "AnswerReader",
    "Environment",
    "FastHttpUser",
    "Headers",
    "HttpSession",
    "HttpUser",
    "LeanHttpUser",
    "Proxy",
    "Reported",
    "RequestFailed",
    "Response",
    "StopTest",
    "StopUser",
    "UnsupportedOption",
    "bodies",
    "constant",
    "locust_stats",
    "trust",
]


class Reported(LeanHttpSession):
    """A client that keeps what it reported to Locust."""

    def __init__(
        self,
        url: str,
        *,
        seconds: float = 5.0,
        headers: Mapping[str, Any] | None = None,
        max_redirects: int = 30,
        cookies: bool = True,
        **terms: Any,
    ) -> None:
        self.reports: list[dict[str, Any]] = []
        event = EventHook()
        event.add_listener(lambda **report: self.reports.append(report))
        ways = Terms(connect_seconds=seconds, whole_seconds=seconds, **terms)
        super().__init__(url, event, terms=ways, headers=headers, max_redirects=max_redirects, cookies=cookies)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def failures(self) -> list[str | None]:
        """Of each report, how the request failed; None where it did not."""
        return [repr(report["exception"]) if report["exception"] else None for report in self.reports]
