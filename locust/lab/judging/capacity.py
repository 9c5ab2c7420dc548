"""How much can it take: the judgement on a search, from its steps. Pure: plain data in, words and figures out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import isfinite
from typing import Any

from lab import limits, wording
from lab.counts.timeline import Step
from lab.figures import figures, three_digits
from lab.judging.evidence import Evidence, Judgement
from lab.judging.stationarity import has_drifted, stationarity
from lab.limits import Finding
from lab.plans import sampling
from lab.plans.search import Bracket, Purpose, Trial, bracket


def trials(steps: Sequence[Step]) -> list[Trial]:
    """The steps that were judged, as the search sees them."""
    judged = [step for step in steps if step.kept is not None]
    return [
        Trial(step.users, bool(step.kept), Purpose(step.purpose), step.excess, drifted=has_drifted(judged[0], step))
        for step in judged
    ]


def excess(findings: Sequence[Finding]) -> float | None:
    """How far beyond its limits a step is, measured over accepted, where that is most; None: nothing was measured."""
    most = _excess(worst(findings))
    return most if isfinite(most) else None


def deciding(steps: Sequence[Step]) -> list[Step]:
    """The steps that decide: at the capacity and at the breach, and the first and its repetition if they differ.

    While none was judged, all are.
    """
    judged = [step for step in steps if step.kept is not None]
    known, drift = bracket(trials(judged)), stationarity(judged)
    repeated = [judged[0]] if drift and not drift["stationary"] else []
    return [
        step
        for step in judged
        if (step.purpose == Purpose.REPEAT and repeated)
        or (step.purpose != Purpose.REPEAT and (step.users in (known.kept, known.broken) or step in repeated))
    ] or list(steps)


def judge(evidence: Evidence) -> Judgement:
    """The judgement on the capacity that the search found, or on why it found none.

    Limits and endpoints are told as they are at the capacity, or, without one, where a limit broke: the steps go far
    beyond, so over all of them these figures would say nothing.
    """
    judged = _judged(evidence)
    known = bracket(trials(judged))
    told = _told_step(judged, known)
    parts: dict[str, Any] = {
        "capacity": _capacity(evidence, judged, known),
        "breach": _breach(evidence, judged, known),
        "stationarity": stationarity(judged),
        "peak": _peak(evidence, judged, known),
    }
    if told is not None:
        parts["limits"] = [finding.row() for finding in _findings(evidence, told)]
        parts["endpoints"] = {name: figures(tally, told.seconds) for name, tally in sorted(told.endpoints.items())}
    word, reason = _judgement(evidence, known, parts)
    return Judgement(word, reason, parts)


def _judgement(evidence: Evidence, known: Bracket, parts: dict[str, Any]) -> tuple[str, str]:
    drift, capacity = parts["stationarity"], parts["capacity"]
    if drift and not drift["stationary"]:
        return "INVALID", (
            f"the first step was repeated and took {three_digits(drift['ratio'])} times as long "
            f"({three_digits(drift['first_ms'])} ms, then {three_digits(drift['repeated_ms'])} ms at "
            f"{drift['endpoint']}): the answers depend on history, so no capacity can be told."
        )
    if capacity is None:
        return _no_capacity(evidence, known, parts)
    found = _found(evidence, known, parts)
    slow = [row["text"] for row in parts["limits"] if row["unit"] == "req/s" and not row["kept"]]
    if slow:
        return "FAIL", f"throughput is short of {' and of '.join(slow)}: {found}"
    peak = parts["peak"]
    if peak is None:
        return "PASS", found
    wanted = wording.load(peak["users"], evidence.arrivals) if peak["users"] else f"{peak['rps']:,} req/s"
    if peak["headroom"] < 1 and not capacity["reached"]:
        return "FAIL", f"nothing shows that the peak of {wanted} is covered: {found}"
    if peak["headroom"] < 1:
        return "FAIL", f"the peak of {wanted} is {three_digits(1 / peak['headroom'])} times the capacity: {found}"
    return "PASS", f"the capacity covers the peak of {wanted} {three_digits(peak['headroom'])} times: {found}"


def _no_capacity(evidence: Evidence, known: Bracket, parts: dict[str, Any]) -> tuple[str, str]:
    breach = parts["breach"]
    if breach is None:
        return "INVALID", f"nothing was measured: the run ended after {evidence.seconds} s, before its first step was."
    if known.broken == 1:
        return "FAIL", f"broken from the start: {_breach_text(evidence, breach)}."
    return "FAIL", f"no load was found that keeps the limits before the time was up: {_breach_text(evidence, breach)}."


def _found(evidence: Evidence, known: Bracket, parts: dict[str, Any]) -> str:
    capacity, breach = parts["capacity"], parts["breach"]
    low, high = (three_digits(bound) for bound in capacity["rps_interval"])
    load = wording.load(capacity["users"], evidence.arrivals)
    rps = f"{three_digits(capacity['rps'])} req/s (95 % interval {low} to {high})"
    text = f"{wording.stays(evidence.limits)} up to {load} = {rps}"
    if breach:
        text += f"; {_breach_text(evidence, breach)}."
    elif evidence.search and known.kept == evidence.search.goal.most:
        text += ", the most that was tried (LAB_MAX_USERS): the capacity was not reached."
    else:
        text += ", and more was not tried."
    if evidence.search and evidence.search.time_was_up:
        text += " The time was up (LAB_DEADLINE) before the search was done"
        text += "." if evidence.search.goal.is_met_by(known) else ": the capacity may be higher."
    if known.doubted:
        text += " It may be lower: a second, longer step at this load broke a limit."
    elif not known.confirmed:
        text += " This was not confirmed by a second step."
    return text


def _breach_text(evidence: Evidence, breach: dict[str, Any]) -> str:
    limit = next(limit for limit in evidence.limits if limit.text == breach["broke"])
    figure = wording.figure(limit, breach["measured"])
    if breach["measured"] is None:
        return f"at {wording.load(breach['users'], evidence.arrivals)} not one request succeeds"
    return f"at {wording.load(breach['users'], evidence.arrivals)} {wording.name(limit)} is {figure}"


def _capacity(evidence: Evidence, judged: Sequence[Step], known: Bracket) -> dict[str, Any] | None:
    if known.kept is None:
        return None
    rps, low, high = _rate(judged, known.kept)
    if known.broken is not None and evidence.search:
        # the capacity lies between the load that keeps and the one that breaks, and so does its throughput; and which
        # loads these are is known to half the resolution
        left_open = evidence.search.goal.gap(known.kept) * _rps_per_user(judged, known.kept)
        low, high = max(0.0, low - left_open), max(high + left_open, _rate(judged, known.broken)[2])
    return {
        "users": known.kept,
        "rps": round(rps, 2),
        "rps_interval": [round(low, 2), round(high, 2)],
        "reached": known.broken is not None,
    }


def _breach(evidence: Evidence, judged: Sequence[Step], known: Bracket) -> dict[str, Any] | None:
    if known.broken is None:
        return None
    step = _broken_step(judged, known.broken)
    broke = worst(_findings(evidence, step))
    return {
        "users": known.broken,
        "rps": round(_rate(judged, known.broken)[0], 2),
        "broke": broke.limit.text,
        "measured": broke.measured,
        "unit": broke.limit.unit,
    }


def _broken_step(judged: Sequence[Step], load: int) -> Step:
    """The last step at the load that broke a limit."""
    at_load = _at(judged, load)
    return next((step for step in reversed(at_load) if not step.kept), at_load[-1])


def told_step(steps: Sequence[Step]) -> tuple[Step | None, bool]:
    """The step that shows what gives first, and whether it broke a limit: at the breach, or else at the most load."""
    judged = [step for step in steps if step.kept is not None]
    known = bracket(trials(judged))
    if known.broken is not None:
        return _broken_step(judged, known.broken), True
    return _told_step(judged, known), False


def _peak(evidence: Evidence, judged: Sequence[Step], known: Bracket) -> dict[str, Any] | None:
    if not (evidence.peak_users or evidence.peak_rps):
        return None
    factors = [0.0]
    if known.kept is not None:
        by_users = known.kept / evidence.peak_users if evidence.peak_users else None
        by_rps = _rate(judged, known.kept)[0] / evidence.peak_rps if evidence.peak_rps else None
        factors = [factor for factor in (by_users, by_rps) if factor is not None]
    return {"users": evidence.peak_users, "rps": evidence.peak_rps, "headroom": float(f"{min(factors):.4g}")}


def _judged(evidence: Evidence) -> list[Step]:
    """The steps that the search judged; what came in after that may have broken a limit that was kept just so."""
    return [
        replace(step, kept=step.kept and limits.step_keeps(evidence.limits, step.endpoints, step.seconds))
        for step in evidence.steps
        if step.kept is not None
    ]


def _told_step(judged: Sequence[Step], known: Bracket) -> Step | None:
    """The step whose figures are told: at the capacity the longest that kept, or without one the last that broke."""
    if known.kept is None:
        return None if known.broken is None else _broken_step(judged, known.broken)
    return max(_at(judged, known.kept), key=lambda step: (bool(step.kept), step.seconds))


def _at(judged: Sequence[Step], load: int) -> list[Step]:
    return [step for step in judged if step.users == load and step.purpose != Purpose.REPEAT]


def _rps_per_user(judged: Sequence[Step], load: int) -> float:
    """By how much the throughput may change near a load with one user more or less.

    It rises ever more slowly with the load: so near it by no more than on the way there from a load clearly below.
    """
    below = [step.users for step in judged if step.kept and step.purpose != Purpose.REPEAT and step.users <= 0.9 * load]
    rps = _rate(judged, load)[0]
    if not below:
        return rps / load
    return max(0.0, rps - _rate(judged, max(below))[0]) / (load - max(below))


def _rate(judged: Sequence[Step], load: int) -> tuple[float, float, float]:
    """Successes a second at a load, over all its steps, and their 95 % interval."""
    return sampling.rate([count for step in _at(judged, load) for count in step.successes])


def _findings(evidence: Evidence, step: Step) -> list[Finding]:
    return limits.judge(evidence.limits, step.endpoints, step.seconds)


def worst(findings: Sequence[Finding]) -> Finding:
    """The finding that is furthest beyond its limit, or nearest to it; limits on throughput are no part of that."""
    return max((finding for finding in findings if finding.limit.measure != "rps"), key=_excess)


def _excess(finding: Finding) -> float:
    """How far beyond its limit a finding is; a limit that nothing could be measured for is the furthest."""
    if finding.measured is None:
        return float("inf")
    return finding.measured / finding.limit.bound if finding.limit.bound else finding.measured
