"""A row of the ring of faults: what is injected, what must come of it, and what came of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.support.faults_lab import Lab


@dataclass(frozen=True)
class Seen:
    """What a trial left: the master's verdict and exit code, and what the trial itself knows to be true."""

    verdict: str = "none"  # PASS, FAIL, INVALID; "none" where there is no verdict
    exit_code: int | None = None
    sentence: str = ""  # the master's last line
    document: Mapping[str, Any] = field(default_factory=dict)  # verdict.json, {} where there is none
    facts: Mapping[str, Any] = field(default_factory=dict)
    log: str = ""  # of all processes of the lab
    recovered_after: float | None = None  # seconds

    @property
    def outcome(self) -> str:
        """The verdict with the exit code, such as "FAIL 3", or "none 1"; "" where no master ended."""
        return "" if self.exit_code is None else f"{self.verdict} {self.exit_code}"


Trial = Callable[["Lab"], None]
"""Starts what it needs, waits for its moment, injects the fault, and returns when all is over."""
Check = Callable[[Seen], str]
"""Raises AssertionError where a figure or a word is not as it must be; returns it in words, for the table."""


@dataclass(frozen=True)
class Fault:
    """One row. Several rows may look at one trial: it then runs once."""

    name: str
    trial: Trial
    wanted: tuple[str, ...]  # outcomes, each right; none where no verdict is due
    exact: tuple[Check, ...] = ()
    within_seconds: float | None = None  # time to recover
    red: str = ""  # why the row is not green yet
    alone: bool = False  # whether nothing else may run meanwhile
    timeout_seconds: int = 150  # for the trial

    def judge(self, seen: Seen) -> list[str]:
        """What of the row does not hold, a line each; none where it is green."""
        wrong = []
        if self.wanted and seen.outcome not in self.wanted:
            wrong.append(f"wanted {' or '.join(self.wanted)}, saw {seen.outcome}")
        for check in self.exact:
            try:
                check(seen)
            except AssertionError as error:
                wrong.append(str(error))
        if self.within_seconds is not None:
            after = seen.recovered_after
            if after is None or after > self.within_seconds:
                wrong.append(f"recovered after {after} s, wanted {self.within_seconds:g} s at most")
        if "Traceback (most recent call last)" in seen.log:
            wrong.append("a traceback is in a log")
        return wrong

    def figures(self, seen: Seen) -> str:
        """What was exact, in words."""
        words = []
        for check in self.exact:
            try:
                words.append(check(seen))
            except AssertionError as error:
                words.append(f"not so: {error}")
        return "; ".join(word for word in words if word)


def says(pattern: str, words: str = "") -> Check:
    """The sentence matches the pattern, whatever the case."""

    def check(seen: Seen) -> str:
        assert re.search(pattern, seen.sentence, re.IGNORECASE), f"the sentence does not say {words or pattern!r}"
        return words

    return check


def never_says(pattern: str) -> Check:
    """The sentence does not match the pattern."""

    def check(seen: Seen) -> str:
        found = re.search(pattern, seen.sentence, re.IGNORECASE)
        assert not found, f"the sentence says {found and found[0]!r}, which is not so"
        return ""

    return check


def logs(pattern: str, words: str = "") -> Check:
    """A log of the lab has the pattern."""

    def check(seen: Seen) -> str:
        assert re.search(pattern, seen.log, re.IGNORECASE), f"no log says {words or pattern!r}"
        return words

    return check


def fact(name: str, holds: Callable[[Any], bool], words: str) -> Check:
    """What the trial found out under this name is as it must be; `words` may hold {} for it."""

    def check(seen: Seen) -> str:
        found = seen.facts.get(name)
        assert found is not None, f"{name}: not found out"
        assert holds(found), f"{name} is {found}"
        return words.format(found)

    return check


def part(path: str, holds: Callable[[Any], bool], words: str) -> Check:
    """The part of verdict.json at this path ("double_entry.agree") is as it must be."""

    def check(seen: Seen) -> str:
        found: Any = seen.document
        for key in path.split("."):
            found = found.get(key) if isinstance(found, Mapping) else None
        assert holds(found), f"{path} is {found}"
        return words.format(found)

    return check


def says_number(name: str, of: str = "requests?|answers?|writes?", within: int = 0) -> Check:
    """The sentence has the figure that the trial knows under this name, give or take `within`, and says of what."""

    def check(seen: Seen) -> str:
        true = seen.facts.get(name)
        assert true is not None, f"{name}: not found out"
        figures = re.findall(rf"(\d[\d,]*)[\w' ]{{1,30}}?(?:{of})", seen.sentence, re.IGNORECASE)
        said = [int(figure.replace(",", "")) for figure in figures]
        near = [figure for figure in said if abs(figure - true) <= within]
        assert near, f"the sentence does not say {name}, {true:g}"
        return f"{name} {true:g}, said {near[0]:g}"

    return check
