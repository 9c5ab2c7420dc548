"""How busy is the machine of the master? Swarm and service often share it, besides having limits of their own."""

from __future__ import annotations

import time
from pathlib import Path

import psutil

from lab.counts.clock import CLOCK
from lab.generator import boot
from lab.service.metrics import MACHINE, Scrape
from lab.service.processes import Listeners

PRESSURE = Path("/proc/pressure/cpu")


class Machine:
    """Reads what this machine did since its start, and what of that were the master and the target's own processes."""

    def __init__(self, target_url: str) -> None:
        self._listeners, self._name = Listeners.of(target_url), boot.machine()

    def read(self) -> Scrape:
        """Seconds of its CPUs, in containers or not; `target_…` where the target's processes can be seen here."""
        times = psutil.cpu_times()
        interrupts, steal = (getattr(times, name, 0.0) for name in ("irq", "steal"))
        interrupts += getattr(times, "softirq", 0.0)
        counters = {
            # the time of guests is part of user and nice; stolen time is not available either
            "cpu_seconds": times.user + times.nice + times.system + interrupts + steal,
            "interrupt_seconds": interrupts,
            "steal_seconds": steal,
            "master_seconds": time.process_time(),
            **pressure(),
        }
        gauges = {"cpu_limit": float(psutil.cpu_count() or 1)}
        if use := self._listeners.read():
            counters |= {"target_cpu_seconds": use.cpu_seconds, "target_wait_seconds": use.wait_seconds}
            gauges["target_processes"] = float(use.processes)
        return Scrape(MACHINE, CLOCK.now(), None, counters, gauges, machine=self._name)


def pressure(file: Path = PRESSURE) -> dict[str, float]:
    """For how long somebody waited for a CPU; nothing where the kernel does not say (PSI, accounting/psi.rst)."""
    try:
        some = file.read_text().splitlines()[0].split()
        return {"pressure_seconds": int(some[-1].removeprefix("total=")) / 1e6}
    except (OSError, ValueError, IndexError):
        return {}
