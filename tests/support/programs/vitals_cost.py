"""Which share of a CPU it costs a worker, with 500 files open, to look at itself."""

from __future__ import annotations

import gevent.monkey

gevent.monkey.patch_all()

import os
import time

import gevent

from lab.generator.vitals import Vitals


def cpu_of_idling(seconds: float) -> float:
    before = time.process_time()
    gevent.sleep(seconds)
    return (time.process_time() - before) / seconds


def report(vitals: Vitals) -> None:
    while True:
        gevent.sleep(1)
        vitals.drain()


files = [os.open("/dev/null", os.O_RDONLY) for _ in range(500)]
without = cpu_of_idling(2)
seen = Vitals(lambda: 7)
seen.start()
gevent.spawn(report, seen)
print(cpu_of_idling(4) - without)
