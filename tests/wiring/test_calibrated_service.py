"""The service of known capacity: does it keep its own times, and the contract that the users check?"""

from __future__ import annotations

import http.client
import json
import time
from urllib.parse import urlsplit

import pytest

from tests.support.calibrated import running


# on a busy machine others take their turns on the core while it burns
@pytest.mark.parametrize(("flags", "most_ms"), [(["--law", "even"], 21.5), (["--burn"], 60.0)])
def test_to_one_user_it_takes_its_service_time(flags: list[str], most_ms: float) -> None:
    """A busy machine makes single answers late, never early: the fastest tells what the service itself takes."""
    with running("--service-time", "20ms", *flags) as service:
        connection = http.client.HTTPConnection(urlsplit(service.url).netloc, timeout=10)
        taken = []
        for _ in range(30):
            began = time.perf_counter()
            connection.request("GET", "/tests")
            connection.getresponse().read()
            taken.append((time.perf_counter() - began) * 1000)
        connection.close()
    assert 19.9 <= min(taken) <= most_ms


def test_it_keeps_the_contract_that_the_users_check() -> None:
    with running("--service-time", "1ms") as service:
        connection = http.client.HTTPConnection(urlsplit(service.url).netloc, timeout=10)
        connection.request("GET", "/tests")
        listed = connection.getresponse()
        assert (listed.status, listed.headers["Content-Type"]) == (200, "application/json")
        assert [testing["name"] for testing in json.load(listed)] == ["unit testing"]
        body = json.dumps({"name": "load testing", "description": "x" * 5000})
        connection.request("POST", "/tests", body, {"Content-Type": "application/json"})
        added = connection.getresponse()
        assert (added.status, added.read(), added.headers["Location"]) == (204, b"", "/tests/1")
        connection.request("GET", "/elsewhere")
        assert connection.getresponse().read() == b"{}"
        connection.close()
        assert service.served() == 2


def test_it_ends_by_a_signal_and_after_its_time() -> None:
    with running("--for", "50ms") as service:
        assert service.process.wait(20) == 0
    with running() as service:
        service.process.terminate()
        assert service.process.wait(20) == 0
