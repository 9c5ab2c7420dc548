"""summary.md: the verdict in a few lines of Markdown, for $GITHUB_STEP_SUMMARY, notes in GitLab, comments on changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice

from lab import limits, wording
from lab.figures import three_digits
from lab.judging.document import Document
from lab.limits import LimitRow
from lab.results.plain import markdown

FILE = "summary.md"
MOST_ROWS = 12
"""Rows of a table: a comment on GitHub takes 65,536 characters."""
MOST_LETTERS = 160
"""Of a name or a message in a table."""
_SWARM = {
    True: "The swarm can be believed.",
    False: "**The swarm cannot be believed.**",
    None: "No worker of the swarm gave account of a judged second.",
}


def text(document: Document, run: str) -> str:
    """The verdict as Markdown; `run` is the name of the run's folder."""
    parts = [
        f"### {document['verdict']}: {markdown(document['plan'])} against {markdown(document['target'], MOST_LETTERS)}",
        "> " + markdown(document["sentence"]),
        _table(("limit", "measured", "kept"), (_limit(row, document) for row in document["limits"])),
        _endpoints(document),
        _failures({**document["failures"], **document["exceptions"]}),
        _facts(document, run),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _limit(row: LimitRow, document: Document) -> tuple[str, ...]:
    limit = limits.parse(row["text"])[0]
    kept = "yes" if row["kept"] else "not measured" if row["measured"] is None else "**no**"
    if document["verdict"] == "INVALID":
        kept = "not judged"
    return markdown(row["text"], MOST_LETTERS), markdown(wording.figure(limit, row["measured"])), kept


def _endpoints(document: Document) -> str:
    """The endpoints with the most requests."""
    rows = sorted(document["endpoints"].items(), key=lambda item: -item[1]["requests"])
    cells = [
        (
            markdown(name, MOST_LETTERS),
            f"{row['requests']:,}",
            f"{row['failed']:,}",
            *(_figure(row[figure]) for figure in ("rps", "p50_ms", "p95_ms", "p99_ms")),
        )
        for name, row in rows[:MOST_ROWS]
    ]
    table = _table(("endpoint", "requests", "failed", "req/s", "p50 ms", "p95 ms", "p99 ms"), cells, figures=6)
    return table + _more(len(rows), "endpoints")


def _figure(value: float | None) -> str:
    return "–" if value is None else three_digits(value)


def _failures(counts: Mapping[str, int]) -> str:
    most = sorted(counts.items(), key=lambda item: -item[1])
    rows = ((markdown(message, MOST_LETTERS), f"{count:,}") for message, count in islice(most, MOST_ROWS))
    return _table(("failure", "times"), rows, figures=1) + _more(len(most), "kinds of failures")


def _facts(document: Document, run: str) -> str:
    swarm, ledger = document["generator"], document["ledger"]
    facts = [_SWARM[swarm["believable"]], markdown(" ".join(swarm["reasons"]))]
    if ledger and ledger["audited"] is not None:
        facts.append(f"Of {ledger['audited']:,} acknowledged writes {ledger['lost']:,} lost, {ledger['doubled']:,} doubled.")
    if ledger and ledger["not_audited"]:
        facts.append(f"Writes were not audited: {markdown(ledger['not_audited'], MOST_LETTERS)}.")
    facts.append(f"{swarm['workers']} workers; run {markdown(run)}, {wording.duration_text(document['seconds'])}.")
    return " ".join(filter(None, facts))


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], figures: int = 0) -> str:
    """A table, whose last so many columns are figures; "" without a row."""
    cells = [list(row) for row in rows]
    if not cells:
        return ""
    ruler = ["---"] * (len(head) - figures) + ["--:"] * figures
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ruler, *cells))


def _more(count: int, what: str) -> str:
    return f"\n\n{count - MOST_ROWS:,} more {what} are in verdict.json." if count > MOST_ROWS else ""
