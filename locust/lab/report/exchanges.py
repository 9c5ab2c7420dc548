"""Exchanges that were kept, as finished text: the first of each kind of failure, and the slowest of each endpoint."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from lab.exchanges.exchange import SLOWEST, TRACED
from lab.figures import utc
from lab.reach.texts import TRACE_ID
from lab.report.charts import text
from lab.results.record import Fields, Record, number

_LINKS = ("http://", "https://")
NOT_SHOWN = "Its client does not show it."
LIVE_EXCHANGES, LIVE_LETTERS = 20, 600
"""What the live page shows of them, which asks for all of it every two seconds."""


def panel(record: Record, most: int | None = None, letters: int | None = None) -> list[dict[str, Any]]:
    """The exchanges, each with a heading and its parts: at most so many, with so many letters of each body."""
    shown = list(record.exchanges)
    if most is not None:
        shown = list(_first_of_each_kind(shown))[:most]
    trace_url = str((record.environment.get("knobs") or {}).get("LAB_TRACE_URL") or "")
    return [_shown(each, letters, trace_url) for each in shown]


def _first_of_each_kind(exchanges: Iterable[Fields]) -> Iterable[Fields]:
    seen = set()
    for each in exchanges:
        kind = tuple(str(each.get(name)) for name in ("kept_as", "endpoint", "failure"))
        if kind not in seen:
            seen.add(kind)
            yield each


def _shown(each: Fields, letters: int | None, trace_url: str) -> dict[str, Any]:
    parts = [
        {"name": name, **found}
        for name in ("request", "answer")
        if (found := _message(each.get(name), letters)) is not None
    ]
    trace, trace_id = str(each.get("trace") or ""), str(each.get("trace_id") or "")
    return {
        **_heading(each),
        "parts": parts,
        "trace": trace[-letters:] if letters else trace,
        "trace_id": trace_id,
        "trace_url": trace_url.replace(TRACE_ID, trace_id) if trace_id and trace_url.startswith(_LINKS) else "",
        "note": "" if parts or trace else NOT_SHOWN,
    }


def _heading(each: Fields) -> dict[str, str]:
    at, took = number(each.get("at")), number(each.get("time_ms"))
    time = "" if took is None else text(took, "ms")
    when = f"{utc(int(at))[11:19]} UTC" if at else ""
    endpoint = str(each.get("endpoint") or "")
    if each.get("kept_as") == SLOWEST:
        return {"endpoint": endpoint, "said": f"the slowest: {time}", "kind": "", "facts": when}
    if each.get("kept_as") == TRACED and not each.get("failure"):
        return {"endpoint": endpoint, "said": f"traced, one of the slowest: {time}", "kind": "", "facts": when}
    facts = " · ".join(filter(None, [when, time]))
    return {"endpoint": endpoint, "said": str(each.get("failure") or "a failure"), "kind": "bad", "facts": facts}


def _message(message: Any, letters: int | None) -> dict[str, str] | None:
    if not isinstance(message, dict):
        return None
    body, size = str(message.get("body") or ""), number(message.get("size"))
    if letters and len(body) > letters:
        body = f"{body[:letters]} …"
    if not body:
        body = "(no body)" if size == 0 else "(the body was not read)" if size is None else f"({text(size)} bytes)"
    return {"head": "\n".join([str(message.get("line") or ""), *_lines(message.get("headers"))]), "body": body}


def _lines(headers: Any) -> Sequence[str]:
    if not isinstance(headers, list):
        return []
    return [f"{pair[0]}: {pair[1]}" for pair in headers if isinstance(pair, (list, tuple)) and len(pair) == 2]
