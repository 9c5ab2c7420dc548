"""The list of past runs, as finished text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lab.arrivals.schedule import OPEN
from lab.report.charts import DASH, text
from lab.results.record import Fields, number
from lab.wording import utc_text

_KINDS = {"PASS": "good", "FAIL": "bad"}


def rows(verdicts: Iterable[tuple[str, Fields]]) -> list[dict[str, Any]]:
    """A row for each run: name, time, plan, verdict with its kind, load or capacity, sentence, whether it has ended."""
    return [_row(name, verdict) for name, verdict in verdicts]


def _row(name: str, verdict: Fields) -> dict[str, Any]:
    if not verdict:
        return {
            "name": name,
            "time": f"{name[:10]} {name[11:19].replace('-', ':')}",
            "plan": name[21:],
            "word": DASH,
            "kind": "",
            "load": DASH,
            "sentence": "No verdict: it is still running, or was lost.",
            "ended": False,
        }
    word = str(verdict.get("verdict") or DASH)
    return {
        "name": name,
        "time": utc_text(str(verdict.get("started") or "")).removesuffix(" UTC"),
        "plan": str(verdict.get("plan") or ""),
        "word": word,
        "kind": _KINDS.get(word, ""),
        "load": _load(verdict),
        "sentence": str(verdict.get("sentence") or "").removeprefix(f"{word}: "),
        "ended": True,
    }


def _load(verdict: Fields) -> str:
    capacity: Fields = verdict.get("capacity") or {}
    unit = "arrivals/s" if verdict.get("arrivals") == OPEN else "users"
    if capacity:
        return f"{text(number(capacity.get('users')), unit)} = {text(number(capacity.get('rps')), 'req/s')}"
    measured: Fields = verdict.get("measured") or {}
    return text(number(measured.get("rps")), "req/s")
