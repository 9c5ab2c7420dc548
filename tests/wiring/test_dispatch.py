"""What Locust does for each message that changes a worker's users; in a process of its own, which gevent may patch."""

from __future__ import annotations

import json

from tests.support.programs import printed_by


def test_the_defaults_of_the_options_are_found_out_once() -> None:
    assert json.loads(printed_by("default_options")) == {"same": True, "built": 1}
