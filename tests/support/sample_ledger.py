"""Ledgers of runs that never were."""

from __future__ import annotations

from lab.figures import utc
from lab.ledger.findings import Example, Found, Ledger
from lab.ledger.writes import write_id


def ledger_of(
    acknowledged: int,
    *,
    lost: int = 0,
    doubled: int = 0,
    phantom: int = 0,
    unanswered: int = 0,
    unknown: int = 0,
    started: float = 1795370000,
    remarks: tuple[str, ...] = (),
) -> Ledger:
    """A ledger with these counts, and an example of each kind."""
    found = acknowledged - lost - doubled
    examples = tuple(
        Example(what, write_id("5f3a9c21", at, 41394), utc(started + 9), at + 1, f"api-{at + 1}")
        for at, (what, count) in enumerate({"lost": lost, "doubled": doubled, "phantom": phantom}.items())
        if count
    )
    return Ledger(
        sent=acknowledged + phantom + unanswered,
        acknowledged=acknowledged,
        refused=phantom,
        unanswered=unanswered,
        read_back=acknowledged // 20,
        stale=0,
        audit=Found(acknowledged, found, lost, doubled, phantom, unanswered, 0, unknown, 1.2),
        not_audited=None,
        remarks=remarks,
        examples=examples,
    )
