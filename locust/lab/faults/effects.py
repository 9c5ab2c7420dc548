"""What came of a fault: failed requests, how long until the limits held again, lost writes, what a user saw.

A second is bad if a limit is surely broken in it, if nobody succeeded though answers were due, or if half its requests
failed. The limits hold again with the first of LAB_FAILURE_TIME seconds in a row of which none is bad, once the fault
is over: a pause by its end, a kill at once. The recovery is the time from there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil, floor

from lab.counts.endpoints import Tallies
from lab.counts.tally import Tally, together
from lab.faults.deeds import AFTER_SECONDS, BEFORE_SECONDS, Deed, Faults
from lab.limits import Limit
from lab.plans import bad_second

BURST_SHARE = 0.5
"""Of a second's requests that failed."""


@dataclass(frozen=True)
class Effect:
    """What came of a fault that was done, in the seconds from `began` to `until`; of others nothing is known."""

    deed: Deed
    began: int = 0
    until: int = 0
    whole: Tally = field(default_factory=Tally)
    bad: Sequence[int] = ()
    broke: str | None = None  # what was wrong with the first bad second
    silent_seconds: int = 0
    recovery_seconds: float | None = None  # None: the limits did not hold again
    is_told: bool = True  # whether there was time enough to see a recovery
    lost: int | None = None  # acknowledged writes; None: not known

    @property
    def is_done(self) -> bool:
        """Whether it was done, and ended."""
        return self.deed.done is not None and self.deed.over is not None and self.deed.problem is None

    @property
    def is_recovered(self) -> bool:
        """Whether it was done and the limits held again."""
        return self.is_done and self.recovery_seconds is not None


def effects(faults: Faults | None, limits: Sequence[Limit], lost: Sequence[float] | None = None) -> list[Effect]:
    """What came of each fault. `lost` is when each lost write was acknowledged; None: not known of every one."""
    if faults is None:
        return []
    done = [deed.done for deed in faults.deeds if deed.done is not None]
    found = []
    for deed in faults.deeds:
        if deed.done is None:
            found.append(Effect(deed))
            continue
        following = next((other for other in done if other > deed.done), None)
        found.append(_effect(deed, following, faults, limits))
    return list(_with_lost(found, lost))


def longest_recovery(found: Sequence[Effect]) -> float | None:
    """The longest of all; None where one did not recover or was not done, or there is none."""
    known = [effect.recovery_seconds for effect in found if effect.is_recovered]
    longest = [seconds for seconds in known if seconds is not None]
    return max(longest) if found and len(longest) == len(found) else None


def _effect(deed: Deed, following: float | None, faults: Faults, limits: Sequence[Limit]) -> Effect:
    began = floor(deed.began)
    is_due = _is_due(began, faults)
    end = max(began, _end(deed, following, faults))
    wrong = {second: _wrong(faults.seconds.get(second, {}), limits, is_due) for second in range(began, end)}
    again = _holds_again(floor(deed.ended), wrong, faults)
    until = end if again is None else min(end, again + 1 + ceil(faults.timeout_seconds))
    bad = [second for second in range(began, until) if wrong[second]]
    answers = [faults.seconds.get(second, {}) for second in range(began, until)]
    return Effect(
        deed,
        began,
        until,
        together(tally for endpoints in answers for tally in endpoints.values()),
        bad,
        wrong[bad[0]] if bad else None,
        _longest_silence(answers, is_due),
        None if again is None else float(again - floor(deed.ended)),
        again is not None or end - floor(deed.ended) >= faults.failure_seconds,
    )


def _is_due(began: int, faults: Faults) -> bool:
    """Whether so many answered before that a second without an answer is no chance."""
    before = [second for second in range(began - BEFORE_SECONDS, began) if second in faults.seconds]
    usual = sum(together(faults.seconds[second].values()).requests for second in before)
    return bool(before) and usual >= bad_second.DUE * len(before)


def _end(deed: Deed, following: float | None, faults: Faults) -> int:
    """The second with which the next fault begins, or the run ends, or nobody looks any more."""
    ends = [max(faults.seconds, default=-1) + 1, ceil(deed.ended) + AFTER_SECONDS]
    return min(ends if following is None else [*ends, floor(following)])


def _wrong(endpoints: Tallies, limits: Sequence[Limit], is_due: bool) -> str:
    """Why the second is bad; empty where it is not."""
    whole = together(endpoints.values())
    if not whole.requests:
        return "no answer" if is_due else ""
    if not whole.successes or bad_second.is_burst(whole, BURST_SHARE):
        return "requests failed"
    return bad_second.broken(limits, endpoints)


def _holds_again(over: int, wrong: Mapping[int, str], faults: Faults) -> int | None:
    """The first second from `over` on that begins a row of seconds in which the limits hold."""
    begin = over
    for second in range(over, max(wrong, default=over - 1) + 1):
        if wrong[second]:
            begin = second + 1
        row = range(begin, second + 1)
        if len(row) >= faults.failure_seconds and any(_succeeded(faults, each) for each in row):
            return begin
    return None


def _succeeded(faults: Faults, second: int) -> bool:
    return any(tally.successes for tally in faults.seconds.get(second, {}).values())


def _longest_silence(answers: Sequence[Tallies], is_due: bool) -> int:
    """The most seconds in a row in which nobody succeeded; 0 where nothing was due."""
    longest = silent = 0
    for endpoints in answers:
        silent = 0 if any(tally.successes for tally in endpoints.values()) else silent + 1
        longest = max(longest, silent)
    return longest if is_due else 0


def _with_lost(found: Sequence[Effect], lost: Sequence[float] | None) -> Iterator[Effect]:
    """Each lost write is put down to the first fault whose seconds end after it was acknowledged."""
    since = float("-inf")
    for effect in found:
        if effect.deed.done is None or lost is None:
            yield effect
            continue
        count = sum(since <= time < effect.until for time in lost)
        since = effect.until
        yield Effect(**{**vars(effect), "lost": count})
