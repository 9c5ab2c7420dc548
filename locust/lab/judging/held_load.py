"""Does it take this load: the judgement on a plan that held loads given beforehand, all its steps together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import sqrt

from lab import limits, wording
from lab.counts.endpoints import find
from lab.counts.timeline import Tally
from lab.faults import words as of_faults
from lab.figures import Figures, figures, three_digits
from lab.judging import advice, marks
from lab.judging.document import Judgement, Parts, StopRow
from lab.judging.evidence import Evidence
from lab.judging.reading import Reading
from lab.limits import AVAILABILITY, EXCEPTIONS, LOST, OUTAGE, RECOVERY, Finding, Limit
from lab.plans import sampling
from lab.plans.stages import PEAK

LEAST_SHORTFALL = 0.02
"""The share of the peak's requests a second that may be missing: users are whole, and so is their number."""
CHANCE = 3.0
"""So many standard deviations of a Poisson count may be missing as well: in some seconds fewer arrive by chance."""

_UNSAID = ", because the service did not say it all the time on a page of metrics that the lab reads (LAB_METRICS_URLS)"


def judge(reading: Reading) -> Judgement:
    """PASS where all limits are kept; FAIL says which broke, by how much and where; INVALID: nothing can be told."""
    if not reading.whole.requests:
        return Judgement("INVALID", _nothing_measured(reading))
    load, parts = _load(reading), _parts(reading.evidence)
    broken = [finding for finding in reading.findings if not finding.kept and not _is_unknown(finding)]
    reasons = [*of_faults.stayed_away(reading.effects), *(_breach(finding, reading) for finding in broken)]
    reasons += _short_of_peak(reading.evidence) + _failed_in_soak(reading.evidence)
    if reasons:
        return Judgement("FAIL", "; ".join(reasons) + f" ({load}).", parts)
    if unknown := unmeasured(reading.findings):
        return Judgement("INVALID", f"{unknown} ({load}).", parts)
    return _kept(reading, load, parts)


def _kept(reading: Reading, load: str, parts: Parts) -> Judgement:
    """All limits were kept; by a run that was ended at a breach, only as far as it came."""
    evidence = reading.evidence
    kept = ", ".join(
        f"{wording.measured(finding.limit, finding.measured)} ({wording.accepted(finding.limit)})"
        for finding in reading.findings
        if not finding.limit.implied
    )
    if evidence.stopped:
        early = f"the run was ended at a breach of {evidence.stopped.limit}, before it had measured all"
        return Judgement("INVALID", f"{early}; as far as it came, its limits were kept with {load}: {kept}.", parts)
    return Judgement("PASS", f"{evidence.plan} kept all its limits with {load}: {kept}.", parts)


def _is_unknown(finding: Finding) -> bool:
    """Whether nobody knows: no audit said which writes are lost; a service that stayed away is a reason by itself."""
    return finding.is_unsaid or (finding.measured is None and finding.limit.measure in (LOST, RECOVERY))


def unmeasured(findings: Iterable[Finding]) -> str | None:
    """Which limits nobody can say anything of, in words; None where there is none."""
    unknown = [finding for finding in findings if _is_unknown(finding)]
    if not unknown:
        return None
    texts = " and ".join(dict.fromkeys(finding.limit.text for finding in unknown))
    unsaid = any(finding.is_unsaid for finding in unknown)
    return f"{texts} could not be measured{_UNSAID if unsaid else ''}"


def _parts(evidence: Evidence) -> Parts:
    if evidence.plan != PEAK:
        return {}
    return {"peak": {"users": evidence.peak_users, "rps": evidence.peak_rps, "headroom": None}}


def _short_of_peak(evidence: Evidence) -> list[str]:
    """That the peak's requests a second were not made, and not by chance alone; nothing where they were."""
    if evidence.plan != PEAK or not evidence.peak_rps:
        return []
    counts = [count for step in evidence.steps for count in step.successes]
    rps, _low, high = sampling.rate(counts)
    by_chance = CHANCE * sqrt(sum(counts)) / max(1, len(counts))
    if max(high, rps + by_chance, rps / (1 - LEAST_SHORTFALL)) >= evidence.peak_rps:
        return []
    return [f"throughput was {three_digits(rps)} req/s where the peak has {evidence.peak_rps:,}"]


def _failed_in_soak(evidence: Evidence) -> list[str]:
    """That a soak failed by its own rule, where no limit says how much of that is accepted."""
    count = evidence.soak["count"] if evidence.soak else 0
    if not count or any(limit.measure == AVAILABILITY for limit in evidence.limits):
        return []
    times = "once" if count == 1 else f"{count:,} times"
    return [f"it failed {times}, and no limit such as availability>=99.9% accepts that"]


def stopped(evidence: Evidence) -> StopRow | None:
    """What ended the plan before its time, as verdict.json holds it."""
    stop = evidence.stopped
    return {"limit": stop.limit, "planned_seconds": stop.planned_seconds} if stop else None


def endpoints(tallies: Mapping[str, Tally], seconds: int) -> dict[str, Figures]:
    """What was asked of each endpoint; a task that died is none."""
    return {name: figures(tally, seconds) for name, tally in sorted(tallies.items()) if tally.requests}


def failures_by_message(endpoints: Mapping[str, Tally]) -> dict[str, int]:
    """How often each failure was seen, the most frequent first, as "GET /tests: message"."""
    counts = {
        f"{endpoint}: {message}": count
        for endpoint, tally in endpoints.items()
        for message, count in tally.failures.items()
    }
    return dict(sorted(counts.items(), key=lambda item: -item[1]))


def exceptions_by_place(endpoints: Mapping[str, Tally]) -> dict[str, int]:
    """How often each task died, the most frequent first, as "Shopper.buy: KeyError: 'total'"."""
    counts = {
        f"{endpoint.partition(' ')[2]}: {exception}": count
        for endpoint, tally in endpoints.items()
        for exception, count in tally.exceptions.items()
    }
    return dict(sorted(counts.items(), key=lambda item: -item[1]))


def undone(exceptions: Mapping[str, int]) -> str:
    """That work was left undone: "3 tasks ended in an exception, most of all Shopper.buy: KeyError: 'total'"."""
    which = "" if len(exceptions) == 1 else "most of all "
    first = next(iter(exceptions))
    return f"{wording.died(sum(exceptions.values()))}, {which}{first}{advice.of(first)}"


def of_exceptions(reading: Reading) -> str | None:
    """That exceptions are why nothing was measured; None where there were none."""
    exceptions = exceptions_by_place({**reading.endpoints, **reading.evidence.undone})
    return f"nothing was measured: {undone(exceptions)}." if exceptions else None


def _nothing_measured(reading: Reading) -> str:
    if reason := of_exceptions(reading):
        return reason
    if reading.seconds:
        return f"nothing was measured: no answer in {reading.seconds} s."
    seconds = reading.evidence.seconds
    return f"nothing was measured: the run ended after {seconds} s, before all users were there and settled."


def _load(reading: Reading) -> str:
    counts = sorted({step.users for step in reading.steps})
    least = f"{counts[0]} to " if len(counts) > 1 else ""
    rps = three_digits(reading.whole.requests / reading.seconds)
    text = f"{least}{wording.load(counts[-1], reading.evidence.arrivals)} = {rps} req/s over {reading.seconds} s"
    if not (stop := reading.evidence.stopped):
        return text
    return (
        f"{text} of {wording.duration_text(stop.planned_seconds)}, ended when {stop.limit} was surely broken, LAB_STOP"
    )


def _breach(finding: Finding, reading: Reading) -> str:
    limit = finding.limit
    if finding.measured is None:
        failed = _first_failure(reading.endpoints, limit)
        return f"{limit.text} could not be met: not one {marks.what_of(limit)} succeeded{failed}"
    if limit.measure == OUTAGE:
        return wording.silence(limit, finding.measured) + of_faults.of_silence(reading.effects, finding.measured)
    if limit.measure == EXCEPTIONS:
        return f"{undone(exceptions_by_place(reading.endpoints))} ({wording.accepted(limit)})"
    text = f"{wording.measured(limit, finding.measured, 'was')} where {wording.accepted(limit)} is accepted"
    if finding.measured > limit.bound > 0 and not limit.is_at_least:
        text += f", {three_digits(finding.measured / limit.bound)} times as much"
    if limit.endpoint is None and limit.is_of_sums:
        text += _worst(limit, reading)
    return text + (_failures(limit, reading) if limit.measure == "fail" else "")


def _worst(limit: Limit, reading: Reading) -> str:
    """Where the limit broke most, when there is more than one place."""
    figures = {
        endpoint: figure
        for endpoint, tally in reading.endpoints.items()
        if (figure := limits.measure(limit.measure, tally, reading.seconds)) is not None
    }
    if len(figures) < 2 or limit.measure == "rps":
        return ""
    worst = max(figures, key=lambda endpoint: figures[endpoint])
    return f"; worst at {worst} with {wording.figure(limit, figures[worst])}"


def _failures(limit: Limit, reading: Reading) -> str:
    """How many requests failed that the limit is for, and which failure was the most frequent; "" if only tasks did."""
    counts = _messages(reading.endpoints, limit)
    if not counts:
        return ""
    count, what = sum(counts.values()), marks.what_of(limit)
    return f"; {count:,} {what}{'' if count == 1 else 's'} failed, most of all {next(iter(counts))!r}"


def _messages(endpoints: Mapping[str, Tally], limit: Limit) -> dict[str, int]:
    """How often each failure was seen of what the limit is for."""
    if limit.endpoint is None:
        return failures_by_message(endpoints)
    found = find(limit.endpoint, endpoints)
    return failures_by_message({limit.endpoint: found} if found else {})


def _first_failure(endpoints: Mapping[str, Tally], limit: Limit) -> str:
    messages = list(_messages(endpoints, limit))
    return f"; most of all {messages[0]!r}" if messages else ""
