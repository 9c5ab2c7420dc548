"""Is every acknowledged write stored, and once? What is known of a run's writes, and the words for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, TypedDict, cast

FILE = "ledger.json"
MOST_EXAMPLES = 1000
"""Writes of each kind that ledger.json names."""
SHOWN_EXAMPLES = 5
"""Writes of each kind that verdict.json names."""
LOST, DOUBLED, PHANTOM, STALE = "lost", "doubled", "phantom", "stale"


@dataclass(frozen=True)
class Example:
    """A write with something wrong; for a stale one, `time` and `replica` are those of the read."""

    what: str
    id: str
    time: str | None  # of the answer; None where none is known
    worker: int
    replica: str | None

    def row(self) -> ExampleRow:
        """As verdict.json holds it."""
        return {"what": self.what, "id": self.id, "time": self.time, "worker": self.worker, "replica": self.replica}


class ExampleRow(TypedDict):
    """An example as verdict.json holds it."""

    what: str
    id: str
    time: str | None
    worker: int
    replica: str | None


@dataclass(frozen=True)
class Found:
    """What an audit found. The counts are of the writes that were audited; acknowledged = found + lost + doubled."""

    acknowledged: int
    found: int  # acknowledged and stored once
    lost: int  # acknowledged and not stored
    doubled: int  # acknowledged and stored more than once
    phantom: int  # stored though refused or never sent
    unanswered_found: int
    unanswered_not_found: int
    unknown: int  # stored, but sent by a worker that was lost before it reported the answer
    seconds: float  # that the audit took


class LedgerRow(TypedDict):
    """The ledger as verdict.json holds it; what only an audit can find is None without one."""

    sent: int
    acknowledged: int
    refused: int
    unanswered: int
    read_back: int
    stale: int
    audited: int | None
    found: int | None
    lost: int | None
    doubled: int | None
    phantom: int | None
    unanswered_found: int | None
    unanswered_not_found: int | None
    unknown: int | None
    seconds: float | None
    not_audited: str | None
    audit_due: bool
    answered_twice: int
    remarks: list[str]
    rule: str | None
    examples: list[ExampleRow]


@dataclass(frozen=True)
class Ledger:
    """The writes of a run. These counts are of all writes, audited or not."""

    sent: int
    acknowledged: int
    refused: int
    unanswered: int
    read_back: int  # reads of a write just acknowledged, by its writer
    stale: int  # those of them that did not find it
    audit: Found | None
    not_audited: str | None  # why there is no audit
    remarks: tuple[str, ...] = ()  # what stays unknown in spite of an audit
    rule: str | None = None  # which writes were audited; None: all
    examples: tuple[Example, ...] = ()
    answered_twice: int = 0  # writes with an answer more than one
    audit_due: bool = False  # whether the service shows its state, or fell silent: then a missing audit is no accident

    def document(self, most_examples: int = SHOWN_EXAMPLES) -> LedgerRow:
        """The ledger as JSON holds it; what only an audit can find is null without one."""
        counts: dict[str, int] = {}
        shown: list[ExampleRow] = []
        for example in self.examples:
            counts[example.what] = counts.get(example.what, 0) + 1
            if counts[example.what] <= most_examples:
                shown.append(example.row())
        found = asdict(self.audit) if self.audit else dict.fromkeys(field.name for field in fields(Found))
        row = {
            **{name: getattr(self, name) for name in COUNTS},
            "audited": found.pop("acknowledged"),
            **found,
            "not_audited": self.not_audited,
            "audit_due": self.audit_due,
            "answered_twice": self.answered_twice,
            "remarks": list(self.remarks),
            "rule": self.rule,
            "examples": shown,
        }
        return cast("LedgerRow", row)  # mypy does not know the keys of a dataclass


COUNTS = ("sent", "acknowledged", "refused", "unanswered", "read_back", "stale")


def from_document(document: Mapping[str, Any]) -> Ledger:
    """The ledger of such a document. Raises KeyError or TypeError for any other."""
    audit = None
    if document["audited"] is not None:
        names = [field.name for field in fields(Found) if field.name != "acknowledged"]
        audit = Found(acknowledged=document["audited"], **{name: document[name] for name in names})
    return Ledger(
        **{name: document[name] for name in COUNTS},
        audit=audit,
        not_audited=document["not_audited"],
        remarks=tuple(document["remarks"]),
        rule=document["rule"],
        examples=tuple(Example(**example) for example in document["examples"]),
        # earlier runs did not say
        audit_due=document.get("audit_due", False),
        answered_twice=document.get("answered_twice", 0),
    )


def accusation(ledger: Ledger) -> str | None:
    """Why the run fails: acknowledged writes that are lost or doubled; None where there are none.

    "2 of 4,120 acknowledged writes are lost (for example lab-… of 18:10:54 UTC, answered by api-1)"
    """
    audit = ledger.audit
    if not audit or not (audit.lost or audit.doubled):
        return None
    (count, what), *rest = [pair for pair in ((audit.lost, LOST), (audit.doubled, DOUBLED)) if pair[0]]
    of = f"of {audit.acknowledged:,} acknowledged writes{' that were audited' if ledger.rule else ''}"
    text = f"{count:,} {of} {'is' if count == 1 else 'are'} {what}"
    text += "".join(f" and {count:,} {what}" for count, what in rest)
    example = next(example for example in ledger.examples if example.what in (LOST, DOUBLED))
    return f"{text} (for example {_described(example)})"


def _described(example: Example) -> str:
    at = f" of {example.time[11:19]} UTC" if example.time else ""
    answered = f", answered by {example.replica}" if example.replica else ""
    return f"{example.id}{at}{answered}"


def contradictions(ledger: Ledger) -> list[str]:
    """Why the books cannot be believed: what one entry says and another denies; none where they agree.

    "the workers counted 543 acknowledged writes, and named 500 of them"
    """
    found = []
    if ledger.answered_twice:
        count = ledger.answered_twice
        found.append(f"{count:,} write{' was' if count == 1 else 's were'} answered more than once")
    named = ledger.audit.acknowledged if ledger.audit else ledger.acknowledged
    # by the rule fewer are audited than were acknowledged, and never more
    if not found and (named > ledger.acknowledged or (named < ledger.acknowledged and not ledger.rule)):
        found.append(f"the workers counted {ledger.acknowledged:,} acknowledged writes, and named {named:,} of them")
    if (answered := ledger.acknowledged + ledger.refused) > ledger.sent:
        found.append(f"{answered:,} answers came to {ledger.sent:,} writes")
    return found


def missing_audit(ledger: Ledger) -> str | None:
    """Why a run cannot pass: acknowledged writes were due an audit and had none; None where that is not so.

    "558 acknowledged writes were not audited: the service does not answer: Connection refused"
    """
    if not (ledger.not_audited and ledger.audit_due and ledger.acknowledged):
        return None
    return f"{ledger.acknowledged:,} acknowledged {_writes(ledger)} not audited: {ledger.not_audited}"


def _writes(ledger: Ledger) -> str:
    return "write was" if ledger.acknowledged == 1 else "writes were"


def proviso(ledger: Ledger) -> list[str]:
    """What the verdict adds on the ledger, accusation or not: what stays unknown, a sentence each."""
    if ledger.not_audited:
        return [f"The {ledger.acknowledged:,} acknowledged {_writes(ledger)} not audited: {ledger.not_audited}."]
    return list(ledger.remarks)
