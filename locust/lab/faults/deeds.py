"""What was done of the faults that were asked for, and what was answered around them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lab.counts import tally
from lab.counts.endpoints import Endpoints, Tallies, marks_of
from lab.faults import text
from lab.faults.fault import Fault

BEFORE_SECONDS = 10
"""Seconds before a fault that show what was usual."""
AFTER_SECONDS = 600
"""Seconds after a fault in which its recovery is looked for."""


@dataclass(frozen=True)
class Deed:
    """A fault and what became of it. Times are seconds since the epoch; None: that has not happened."""

    fault: Fault
    asked: float | None = None
    done: float | None = None  # acknowledged by who did it
    over: float | None = None
    on: tuple[str, ...] = ()  # containers or processes
    problem: str | None = None  # why it was not done, or not ended

    @property
    def began(self) -> float:
        """When it was asked for: whoever does it may have needed a while to say that it is done."""
        assert self.done is not None
        return self.done if self.asked is None else self.asked

    @property
    def ended(self) -> float:
        """When it was over, as far as is known; a kill is over at once."""
        assert self.done is not None
        if not self.fault.seconds:
            return self.done
        return self.done + self.fault.seconds if self.over is None else self.over


@dataclass(frozen=True)
class Faults:
    """The part of a run's evidence: what was done, and the answers of the seconds around it.

    `failure_seconds` is how long limits must hold to hold again, `timeout_seconds` how long a request may hang.
    """

    deeds: Sequence[Deed]
    seconds: Mapping[int, Tallies] = field(default_factory=dict)
    failure_seconds: int = 5
    timeout_seconds: float = 10.0

    def document(self) -> dict[str, Any]:
        """As steps.json holds it."""
        return {
            "failure_seconds": self.failure_seconds,
            "timeout_seconds": self.timeout_seconds,
            "deeds": [_deed_document(deed) for deed in self.deeds],
            "seconds": {str(second): tally.documents(found) for second, found in sorted(self.seconds.items())},
            "marks": {
                str(second): tally.documents(marks)
                for second, found in sorted(self.seconds.items())
                if (marks := marks_of(found))
            },
        }


def from_document(document: Mapping[str, Any]) -> Faults:
    """The counterpart of `document`. Raises KeyError, TypeError, ValueError or AttributeError for any other."""
    marks = document.get("marks", {})  # runs of earlier versions have none
    return Faults(
        [
            Deed(text.parse(row["text"])[0], row["asked"], row["done"], row["over"], tuple(row["on"]), row["problem"])
            for row in document["deeds"]
        ],
        {
            int(second): Endpoints(tally.from_documents(found), tally.from_documents(marks.get(second, {})))
            for second, found in document["seconds"].items()
        },
        document["failure_seconds"],
        document["timeout_seconds"],
    )


def _deed_document(deed: Deed) -> dict[str, Any]:
    return {
        "text": deed.fault.text,
        "asked": deed.asked,
        "done": deed.done,
        "over": deed.over,
        "on": list(deed.on),
        "problem": deed.problem,
    }
