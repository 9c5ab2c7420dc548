"""How quiet is the machine? A sleeper tells how late it is woken: what others on the machine add to every answer."""

from __future__ import annotations

import threading
import time
from statistics import quantiles

NAP_SECONDS = 0.005


class Sleeper:
    """Naps without end, and keeps by how much each nap was too long."""

    def __init__(self) -> None:
        self._late_ms: list[tuple[float, float]] = []
        threading.Thread(target=self._nap, daemon=True).start()

    def p95_late_ms(self, since: float) -> float:
        """The 95th percentile of how late the naps since that time (of time.monotonic) ended, in ms."""
        late = [late_ms for woken, late_ms in self._late_ms if woken >= since]
        return quantiles(late, n=20)[-1] if len(late) > 1 else 0.0

    def _nap(self) -> None:
        while True:
            began = time.monotonic()
            time.sleep(NAP_SECONDS)
            woken = time.monotonic()
            self._late_ms.append((woken, (woken - began - NAP_SECONDS) * 1000))
