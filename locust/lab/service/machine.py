"""How busy is the machine of the master? Swarm and service often share it, besides having limits of their own."""

from __future__ import annotations

import psutil

from lab.counts.clock import CLOCK
from lab.service.metrics import MACHINE, Scrape


def read() -> Scrape:
    """The CPU seconds of all its processes, in containers or not, and how many CPUs it has."""
    times = psutil.cpu_times()
    # the time of guests is part of user and nice; stolen time is not available either
    busy = times.user + times.nice + times.system + times.irq + times.softirq + times.steal
    return Scrape(MACHINE, CLOCK.now(), None, {"cpu_seconds": busy}, {"cpu_limit": float(psutil.cpu_count() or 1)})
