"""Beside the lab's locustfile on a worker: writes down what the worker reports, as it is sent, for the bench."""

from __future__ import annotations

import itertools
import os
from pathlib import Path
from typing import Any

import msgpack
from locust import events, runners

REPORTS_BEFORE = 3
"""Reports that are let go, until all users are there."""


@events.init.add_listener  # type: ignore[untyped-decorator]
def join(environment: Any, **_: Any) -> None:
    if isinstance(environment.runner, runners.WorkerRunner):
        number = itertools.count()
        path = Path(os.environ["GENERATOR_CAPTURE"])

        def on_report(data: dict[str, Any], **_: Any) -> None:
            if data["stats_total"]["num_requests"] and next(number) == REPORTS_BEFORE:
                unfinished = path.with_suffix(".part")
                unfinished.write_bytes(msgpack.packb(data, use_bin_type=True))
                unfinished.rename(path)

        environment.events.report_to_master.add_listener(on_report)
