"""What a worker measures of itself with a clock that is led: ticks so many seconds late, as JSON on the command line.

A text among them is by how much the wall clock is set before the tick.
"""

from __future__ import annotations

import json
import sys
import time

from lab.counts.clock import Clock
from lab.generator import vitals

now, ahead, users = 1000.0, 5000.25, 7
time.time = lambda: now + ahead
seen = vitals.Vitals(lambda: users, Clock(lambda: now, lambda: now + ahead), lambda: now)
for late in json.loads(sys.argv[1]):
    if isinstance(late, str):
        ahead += float(late)
        late = 0.0  # noqa: PLW2901 - such a tick is in time
    now += vitals.TICK_SECONDS + vitals.TIMER_GRAIN_SECONDS + late
    seen.tick()
users = 0  # they have ended when the account is given
print(json.dumps(seen.drain()))
