"""The panel of the service: how both ends of the wire agree, in words, and the replicas as a table."""

from __future__ import annotations

from typing import Any

from lab.report.charts import DASH, text
from lab.report.replicas import cpu_text, memory_text
from lab.report.tables import Cell
from lab.results.record import Fields, Record, number
from lab.service.outages import sentence

_COLUMNS = ("Replica", "Share", "Requests", "req/s", "Failed", "p95, ms", "Idle, s", "CPU", "Memory")


def panel(record: Record) -> dict[str, Any]:
    """The contents of the panel: sentences, each with its name, and a table of the replicas."""
    verdict = record.verdict or {}
    found = [_binding(verdict.get("binding")), _entry(verdict.get("double_entry")), _balance(verdict.get("balance"))]
    law: Fields = verdict.get("littles_law") or {}
    found += [_law("users, by the swarm", law.get("swarm")), _law("requests inside the service", law.get("service"))]
    found += [("Outage", sentence(row), "bad") for row in verdict.get("outages") or ()]
    found.append(_machine(verdict.get("machine")))
    replicas = verdict.get("replicas") or ()
    return {
        "sentences": [[(name, ""), (words, f"prose {kind}")] for name, words, kind in filter(None, found)],
        "columns": [(name, "" if name == "Replica" else "figure") for name in _COLUMNS],
        "replicas": [_replica(row) for row in replicas],
    }


Sentence = tuple[str, str, str]
"""Its name, its words and its look: "", "good" or "bad"."""


def _binding(part: Fields | None) -> Sentence | None:
    if not part:
        return None
    following: Fields = part.get("next") or {}
    behind = f"{following.get('resource')}, {_used(following)}" if following else ""
    if part.get("gives"):
        return "Gives first", f"{part.get('resource')}: {_used(part)}" + (f"; next is {behind}" if behind else ""), ""
    return "Nearest to its limit", behind, ""


def _used(row: Fields) -> str:
    used = number(row.get("used"))
    return f"{DASH if used is None else text(used * 100)} % {row.get('unit') or ''}"


def _entry(part: Fields | None) -> Sentence | None:
    if not part or part.get("agree") is None:
        return None
    counts = ", ".join(
        f"{name} {int(count):,}"
        for name in ("swarm", "proxy", "replicas")
        if (count := number(part.get(name))) is not None
    )
    reasons = "; ".join(str(row.get("because")) for row in part.get("differences") or ())
    if part["agree"]:
        return "Double entry", f"agrees: {counts}" + (f" ({reasons})" if reasons else ""), "good"
    return "Double entry", f"does not agree: {counts}; {reasons}", "bad"


def _balance(part: Fields | None) -> Sentence | None:
    if not part:
        return None
    words = f"{'yes' if part.get('balanced') else 'no'}, because {part.get('because')}"
    cv, chance = (text(number(part.get(name))) for name in ("cv", "chance_cv"))
    spread = f"coefficient of variation {cv}, by chance alone {chance}"
    return "Balanced", f"{words}; {spread}", "good" if part.get("balanced") else "bad"


def _law(what: str, part: Fields | None) -> Sentence | None:
    if not part:
        return None
    inside, expected = text(number(part.get("inside"))), text(number(part.get("expected")))
    verb = "agrees" if part.get("agrees") else "does not agree"
    words = f"{verb}: {inside} {what}, and {expected} by throughput and time"
    return "Little's law", words, "good" if part.get("agrees") else "bad"


def _machine(part: Fields | None) -> Sentence | None:
    """What the swarm's own machine did where the run was decided."""
    if not part:
        return None
    used, others, steal = (number(part.get(name)) for name in ("used", "others", "steal"))
    words = f"{_percent(used)} of {part.get('cpus')} CPUs used"
    if others is None:
        return "Machine", f"{words}; other work on it cannot be told apart, or is not where the service is", ""
    crowded, seconds = (int(number(part.get(name)) or 0) for name in ("crowded_seconds", "seconds"))
    words += f", by other work {_percent(others)}" + (f" ({_percent(steal)} by other machines)" if steal else "")
    if not crowded:
        return "Machine", f"{words}; it held the service back in no second of {seconds}", "good"
    return "Machine", f"{words}; it held the service back in {crowded} of {seconds} s", "bad"


def _percent(share: float | None) -> str:
    return f"{DASH if share is None else text(share * 100)} %"


def _replica(row: Fields) -> list[Cell]:
    share = number(row.get("share"))
    return [
        (str(row.get("name") or ""), "code"),
        (DASH if share is None else text(share * 100, "%"), "figure"),
        (DASH if (count := number(row.get("requests"))) is None else f"{int(count):,}", "figure"),
        *((text(number(row.get(name))), "figure") for name in ("rps", "failed", "p95_ms", "idle_seconds")),
        (cpu_text(row), "figure"),
        (memory_text(row), "figure"),
    ]
