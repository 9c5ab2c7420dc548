"""Journeys, figures of the scenario's own and classes of users: as verdict.json holds them, and in words. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from lab.counts.endpoints import find, marks_of
from lab.counts.marks import CLASS, JOURNEY, KINDS, MEASURE
from lab.counts.timeline import Tally
from lab.figures import figures, journey_row, measure_row
from lab.judging.document import MarkParts
from lab.judging.reading import Reading
from lab.limits import Limit


def parts(endpoints: Mapping[str, Tally], seconds: int) -> MarkParts:
    """What is beside the endpoints, each kind by name."""
    journeys, measures, classes = (_of_kind(kind, endpoints) for kind in (JOURNEY, MEASURE, CLASS))
    return MarkParts(
        journeys={name: journey_row(tally, seconds) for name, tally in journeys.items()},
        measures={name: measure_row(tally) for name, tally in measures.items()},
        classes={name: figures(tally, seconds) for name, tally in classes.items() if tally.requests},
    )


def what_of(limit: Limit) -> str:
    """What a limit counts, as a word: "request", "journey" or "figure"."""
    kind = (limit.endpoint or "").partition(" ")[0]
    return {JOURNEY: "journey", MEASURE: "figure"}.get(kind, "request")


def unheard(reading: Reading) -> str | None:
    """That nothing was asked, timed or measured for a limit, in words; None where there was for each."""
    endpoints = reading.endpoints
    if not endpoints:
        return None
    names = {limit.endpoint for limit in reading.evidence.limits if limit.endpoint}
    missing = sorted(name for name in names if find(name, endpoints) is None)
    if not missing:
        return None
    shown = {*endpoints, *(name for name in marks_of(endpoints) if name.partition(" ")[0] in _kinds(missing))}
    return (
        f"nothing was {_done(missing)} {' and '.join(missing)}, which has a limit; measured were "
        f"{', '.join(sorted(shown))}."
    )


def _kinds(names: list[str]) -> set[str]:
    return {kind for name in names if (kind := name.partition(" ")[0]) in KINDS}


def _done(missing: list[str]) -> str:
    return "measured of" if _kinds(missing) & {JOURNEY, MEASURE} else "asked of"


def _of_kind(kind: str, endpoints: Mapping[str, Tally]) -> dict[str, Tally]:
    marks = marks_of(endpoints)
    return {name.partition(" ")[2]: marks[name] for name in sorted(marks) if name.partition(" ")[0] == kind}
