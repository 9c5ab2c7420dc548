"""The panel of the ledger: what became of the writes, in a sentence, a table, and examples of what went wrong."""

from __future__ import annotations

from typing import Any

from lab.report.charts import DASH
from lab.report.tables import Cell
from lab.results.record import Fields, Record, number
from lab.wording import utc_text

ROWS = (
    ("acknowledged", "Acknowledged", "answered as stored"),
    ("found", "Found once", "acknowledged and stored once"),
    ("lost", "Lost", "acknowledged and not stored"),
    ("doubled", "Doubled", "acknowledged and stored more than once"),
    ("refused", "Refused", "answered with an error"),
    ("phantom", "Phantom", "stored, though refused or never sent"),
    ("unanswered", "Unanswered", "time-outs, lost connections, in flight at the end: stored or not"),
    ("unanswered_found", "Unanswered, stored", "stored without an answer"),
    ("unanswered_not_found", "Unanswered, not stored", ""),
    ("unknown", "Unknown", "stored, but sent by a worker that was lost before it reported the answer"),
    ("read_back", "Read back", "read by their writer at once"),
    ("stale", "Stale", "read back and not found yet"),
)
AMISS = ("lost", "doubled", "phantom", "stale")
SELDOM = ("phantom", "unanswered_found", "unanswered_not_found", "unknown")
"""Rows that are left out if 0."""

_SURVIVES = {"nothing": "nothing", "kill": "a kill of the store's processes, and not a power cut"}


def panel(record: Record) -> dict[str, Any] | None:
    """The contents of the panel; None where the run has no ledger."""
    ledger = _ledger(record)
    if not ledger:
        return None
    return {
        "summary": _summary(ledger),
        "rows": [_row(ledger, *row) for row in ROWS if row[0] not in SELDOM or _count(ledger, row[0]) != 0],
        "notes": [*_list(ledger, "remarks"), *_rule(ledger), *_durability(record)],
        "examples": [_example(example) for example in _list(ledger, "examples") if isinstance(example, dict)],
    }


def tile(record: Record) -> dict[str, str] | None:
    """The key figure of the ledger."""
    ledger = _ledger(record)
    if not ledger:
        return None
    acknowledged = _text(_count(ledger, "acknowledged"))
    return {"name": "Writes", "value": acknowledged, "remark": f"acknowledged, {_fate(ledger)}"}


def _ledger(record: Record) -> Fields:
    ledger = (record.verdict or {}).get("ledger")
    return ledger if isinstance(ledger, dict) else {}


def _summary(ledger: Fields) -> str:
    count = _count(ledger, "acknowledged")
    return f"{_text(count)} acknowledged {'write' if count == 1 else 'writes'}, {_fate(ledger)}."


def _fate(ledger: Fields) -> str:
    if ledger.get("not_audited"):
        return f"not audited: {ledger['not_audited']}"
    amiss = [f"{_text(_count(ledger, what))} {what}" for what in AMISS[:2] if _count(ledger, what)]
    if amiss:
        return " and ".join(amiss)
    return (
        f"{_text(_count(ledger, 'audited'))} of them audited, each found once" if _rule(ledger) else "each found once"
    )


def _row(ledger: Fields, name: str, title: str, meaning: str) -> list[Cell]:
    count = _count(ledger, name)
    look = "bad" if name in AMISS and count else ""
    return [(title, look), (_text(count), f"figure {look}".strip()), (meaning, "prose")]


def _rule(ledger: Fields) -> list[str]:
    return [f"Audited: {ledger['rule']}."] if ledger.get("rule") else []


def _durability(record: Record) -> list[str]:
    """What an acknowledged write survives, as the service says."""
    stores = (record.verdict or {}).get("durability")
    return [
        f"An acknowledged write survives {_SURVIVES.get(survives, f'a {survives}')} ({store}: {setting})."
        for store, survives, setting in (
            (str(row.get("store")), str(row.get("survives")), str(row.get("setting")))
            for row in (stores if isinstance(stores, list) else [])
            if isinstance(row, dict)
        )
    ]


def _example(example: Fields) -> list[Cell]:
    return [
        (str(example.get("what") or ""), ""),
        (str(example.get("id") or ""), "code"),
        (utc_text(str(example.get("time") or DASH)), ""),
        (_text(_count(example, "worker")), "figure"),
        (str(example.get("replica") or DASH), "code"),
    ]


def _list(ledger: Fields, name: str) -> list[Any]:
    found = ledger.get(name)
    return found if isinstance(found, list) else []


def _count(row: Fields, name: str) -> int | None:
    count = number(row.get(name))
    return None if count is None else int(count)


def _text(count: int | None) -> str:
    return DASH if count is None else f"{count:,}"
