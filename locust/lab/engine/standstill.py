"""Did the master itself stand still, or was its clock set? It looks at itself each second, as its workers do."""

from __future__ import annotations

from lab.counts.clock import CLOCK, Clock
from lab.figures import utc
from lab.judging.tolerances import JUMP_MS

MISSED_SECONDS = 2
"""So many seconds in a row the master must miss to have stood still: a slow disk can cost it one."""
LOOKS_WITHIN_SECONDS = 1.5
"""How long after the end of a second the master has looked at it, unless it stands still."""
UNCHANGED = "no figure is changed by it."


class OwnLoop:
    """The master's look at its own event loop and clock."""

    def __init__(self, clock: Clock = CLOCK) -> None:
        self._clock = clock
        self._before: int | None = None
        self._wall_offset = clock.wall_offset

    @property
    def now(self) -> float:
        """The time of the plan: while the master stands still it does too, until the standstill was looked at.

        The plan would be over otherwise by seconds in which nobody measured.
        """
        now = self._clock.now()
        looked_until = now if self._before is None else self._before + 1
        return now if now - looked_until < LOOKS_WITHIN_SECONDS else looked_until

    def missed(self, second: int) -> int:
        """How many seconds were missed before this one, where that is a standstill; else 0."""
        before, self._before = self._before, second
        missed = second - before - 1 if before is not None else 0
        return missed if missed >= MISSED_SECONDS else 0

    def jump(self) -> str | None:
        """That the wall clock was set since the last look, in a sentence."""
        before, self._wall_offset = self._wall_offset, self._clock.wall_offset
        if abs(self._wall_offset - before) <= JUMP_MS / 1000:
            return None
        return f"The master's wall clock was set by {self._wall_offset - before:+.3g} s; {UNCHANGED}"


def stood_still(second: int, missed: int) -> str:
    """The standstill that ended with this second, in a sentence."""
    return (
        f"The master stood still for {missed} s at {utc(second - missed)[11:19]} UTC: "
        "what was measured then is left out, and measured anew."
    )
