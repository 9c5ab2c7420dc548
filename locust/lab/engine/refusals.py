"""What the master did not listen to: counted by kind, logged now and then, and said in the verdict."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable
from enum import StrEnum

log = logging.getLogger(__name__)

LOGS_EVERY_SECONDS = 10.0
"""How often one kind is logged at most: who attacks shall not fill the disk."""
MOST_REASON = 160
"""Characters that are kept of a reason: some of it comes from the one who is refused."""


class Refused(StrEnum):
    """Who or what was not listened to."""

    CONNECTION = "Connections without the swarm's secret"
    FRAME = "Messages that are none of a worker's"
    REPORT = "Reports that cannot be what a worker counted"


ADVICE = "Workers of this lab need the LAB_SWARM_SECRET of their master."


class Refusals:
    """Counts of the process, from its start on; a run looks at what came since it began."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._counts: Counter[Refused] = Counter()
        self._reasons: dict[Refused, str] = {}
        self._logged: dict[Refused, tuple[float, int]] = {}

    def note(self, what: Refused, reason: str = "") -> None:
        """Counts one more; logs it where none of its kind was logged of late."""
        self._counts[what] += 1
        if reason:
            self._reasons[what] = "".join(c if c.isprintable() else "?" for c in reason[:MOST_REASON])
        now, (before, count) = self._monotonic(), self._logged.get(what, (float("-inf"), 0))
        if now - before >= LOGS_EVERY_SECONDS:
            self._logged[what] = now, self._counts[what]
            advice = ADVICE if what is Refused.CONNECTION else f"The last one: {self._reasons.get(what, 'no reason')}."
            log.warning("%s were refused (%d). %s", what, self._counts[what] - count, advice)

    def counts(self) -> Counter[Refused]:
        """How many of each kind there were."""
        return Counter(self._counts)

    def sentences(self, before: Counter[Refused]) -> list[str]:
        """What came since there were so many, a sentence each; none where nothing came."""
        found = []
        for what, count in (self._counts - before).items():
            effect = "no figure is changed by them"
            if what is Refused.REPORT:
                effect = f"they are left out, the last one because: {self._reasons.get(what, 'no reason')}"
            found.append(f"{what} were refused ({count:,}): {effect}.")
        return sorted(found)


REFUSALS = Refusals()
