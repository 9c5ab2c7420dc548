"""Does it break all at once? Good at one load and far beyond the limit at the next: then nothing warns. Pure."""

from __future__ import annotations

from math import inf

from lab import wording
from lab.judging.reading import Reading, Searched
from lab.limits import worst

CALM = 0.5
"""Of what is accepted: a figure that is no higher at the capacity has not begun to rise."""
BROKEN = 2.0
"""Times what is accepted: a figure that is as high at the breach is not on its way there."""


def sentence(reading: Reading, searched: Searched) -> str | None:
    """That there is no slope between capacity and breach to see the limit coming by; None where there is one.

    Only where the two are as near as the search was to bring them, and in each of their steps.
    """
    known = searched.known
    if known.kept is None or known.broken is None or not searched.search.goal.is_met_by(known):
        return None
    before, beyond = _excess(reading, searched, known.kept), _excess(reading, searched, known.broken)
    if max(before, default=inf) > CALM or min(beyond, default=0.0) < BROKEN:
        return None
    used, load = wording.whole_percent_text(max(before)), wording.load(known.broken, reading.evidence.arrivals)
    return f"It is a cliff: up to there no figure was above {used} of its limit, so nothing warns of {load}."


def _excess(reading: Reading, searched: Searched, load: int) -> list[float]:
    """Of each step at the load, the figure that is nearest to its limit or furthest beyond, as a ratio of it."""
    return [worst(reading.found(step)).excess for step in searched.at(load)]
