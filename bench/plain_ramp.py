"""The plain ramp that the search is held against: a locustfile with the same users, as k6's breakpoint guide has it.

The users rise evenly towards the most, and the run is cut short as soon as the percentile of the whole run is over the
limit (k6: `abortOnFail`); what it had then is taken for the capacity. It is spared the beginning, in which a few
answers decide (k6: `delayAbortEval`), and gets the lab's own exact histogram, its reports every second, and its cure
for what stops Locust's workers for a moment each time that users come.
"""

from __future__ import annotations

import json
import os
from math import ceil
from pathlib import Path

import locust.stats
from locust import LoadTestShape, runners

from lab.counts import histogram
from lab.engine.dispatch import remember_default_options
from users import *  # noqa: F403 - the same users as the lab's

MOST = int(os.environ["RAMP_MOST_USERS"])
SECONDS = float(os.environ["RAMP_SECONDS"])
LIMIT_MS = float(os.environ["RAMP_P95_MS"])
RESULT = Path(os.environ["RAMP_RESULT"])
SPARED_ANSWERS = 1000

locust.stats.bucket_response_time = histogram.bucket  # type: ignore[assignment]
runners.WORKER_REPORT_INTERVAL = 1.0
remember_default_options()


class Ramp(LoadTestShape):
    """So many users as the time says, until the limit of the whole run breaks."""

    def tick(self) -> tuple[int, float] | None:
        """What Locust asks once a second."""
        assert self.runner
        seconds = self.get_run_time()
        total = self.runner.stats.total
        p95_ms = total.get_response_time_percentile(0.95) or 0.0
        aborted = total.num_requests > SPARED_ANSWERS and p95_ms > LIMIT_MS
        if not aborted and seconds < SECONDS:
            return max(1, ceil(MOST * seconds / SECONDS)), 1000.0
        RESULT.write_text(
            json.dumps(
                {
                    "users": self.runner.user_count,
                    "rps": total.current_rps,
                    "p95_ms": p95_ms,
                    "seconds": seconds,
                    "reached": aborted,
                }
            )
        )
        return None
