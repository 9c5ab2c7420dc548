"""How busy is the machine that the master runs on? Beside limits of their own, swarm and service often share it."""

from __future__ import annotations

import psutil

from lab.counts.clock import CLOCK
from lab.service.metrics import MACHINE, Scrape


def read() -> Scrape:
    """The CPU seconds that all its processes together have used, in containers or not, and how many CPUs it has."""
    times = psutil.cpu_times()
    # what guests use is in user and nice already; time stolen by other machines is gone as well
    busy = times.user + times.nice + times.system + times.irq + times.softirq + times.steal
    return Scrape(MACHINE, CLOCK.now(), None, {"cpu_seconds": busy}, {"cpu_limit": float(psutil.cpu_count() or 1)})
