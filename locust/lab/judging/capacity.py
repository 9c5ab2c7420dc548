"""How much can it take: the judgement on a search. Pure: the evidence as it was read in, words and figures out."""

from __future__ import annotations

from math import inf

from lab import wording
from lab.figures import three_digits
from lab.judging import cliff, held_load, marks, neighbours
from lab.judging.document import BreachRow, CapacityRow, Judgement, Parts, PeakRow
from lab.judging.reading import Reading, Searched
from lab.judging.stationarity import sentence
from lab.limits import EXCEPTIONS, OUTAGE, worst
from lab.plans import sampling
from lab.plans.search import Purpose


def judge(reading: Reading, searched: Searched) -> Judgement:
    """The judgement on the capacity that the search found, or on why it found none.

    Limits and endpoints are shown as they are at the capacity, or, without one, where a limit broke: the steps go far
    beyond, so over all of them these figures would say nothing.
    """
    capacity, breach, peak = _capacity(searched), _breach(reading, searched), _peak(reading, searched)
    parts = Parts(capacity=capacity, breach=breach, stationarity=searched.drift, peak=peak)
    if (shown := searched.shown) is not None:
        parts["limits"] = [finding.row() for finding in reading.found(shown)]
        parts["endpoints"] = held_load.endpoints(shown.endpoints, shown.seconds)
        parts["marks"] = marks.parts(shown.endpoints, shown.seconds)
    if searched.drift and searched.drifted:
        why = sentence(searched.drift, neighbours.in_repetition(reading, searched))
        reason = f"the first step was repeated and {why}, so no capacity can be told."
        return Judgement("INVALID", reason, parts)
    if capacity is None:
        return _without_capacity(reading, searched, parts)
    found = _found(reading, searched, capacity, breach)
    if silent := _silent(reading, searched, capacity):
        return Judgement("FAIL", f"{silent}. Apart from that: {found}", parts)
    if slow := _short_of_throughput(parts):
        return Judgement("FAIL", f"throughput is short of {' and of '.join(slow)}: {found}", parts)
    if peak:
        return _against_peak(reading, peak, capacity, found, parts)
    return Judgement("PASS", found, parts)


def _silent(reading: Reading, searched: Searched, capacity: CapacityRow) -> str | None:
    """That the service fell silent at a load which it takes at other times: these do not mend that."""
    for step in searched.judged:
        for finding in reading.found(step):
            silent = finding.limit.measure == OUTAGE and not finding.kept and step.users <= capacity["users"]
            if silent and finding.measured is not None:
                load = wording.load(step.users, reading.evidence.arrivals)
                return f"at {load} there was {wording.silence(finding.limit, finding.measured)}"
    return None


def _short_of_throughput(parts: Parts) -> list[str]:
    return [row["text"] for row in parts["limits"] if row["unit"] == "req/s" and not row["kept"]]


def _without_capacity(reading: Reading, searched: Searched, parts: Parts) -> Judgement:
    breach, seconds = parts["breach"], reading.evidence.seconds
    if breach is None:
        reason = f"nothing was measured: the run ended after {seconds} s, before its first step was."
        return Judgement("INVALID", held_load.of_exceptions(reading) or reason, parts)
    why = "broken from the start"
    if searched.known.broken != 1:
        why = "no load was found that keeps the limits before the time was up"
    return Judgement("FAIL", f"{why}: {_broken(reading, searched, breach)}.", parts)


def _against_peak(reading: Reading, peak: PeakRow, capacity: CapacityRow, found: str, parts: Parts) -> Judgement:
    headroom = peak["headroom"] or 0.0
    wanted = wording.load(peak["users"], reading.evidence.arrivals) if peak["users"] else f"{peak['rps']:,} req/s"
    if headroom >= 1:
        reason = f"the capacity covers the peak of {wanted} {three_digits(headroom)} times: {found}"
        return Judgement("PASS", reason, parts)
    if not capacity["reached"]:
        return Judgement("FAIL", f"nothing shows that the peak of {wanted} is covered: {found}", parts)
    return Judgement("FAIL", f"the peak of {wanted} is {three_digits(1 / headroom)} times the capacity: {found}", parts)


def _found(reading: Reading, searched: Searched, capacity: CapacityRow, breach: BreachRow | None) -> str:
    known, goal = searched.known, searched.search.goal
    low, high = (three_digits(bound) for bound in capacity["rps_interval"])
    load = wording.load(capacity["users"], reading.evidence.arrivals)
    rps = f"{three_digits(capacity['rps'])} req/s (95 % interval {low} to {high})"
    text = f"{wording.stays(reading.evidence.limits)} up to {load} = {rps}"
    above = _above(reading, searched, known.kept or 0)
    if breach:
        text += f"; {_broken(reading, searched, breach)}."
        text += f" {edge}" if (edge := cliff.sentence(reading, searched)) else ""
    elif known.kept == goal.most:
        text += ", the most that was tried (LAB_MAX_USERS): the capacity was not reached."
    else:
        text += "." if above else ", and more was not tried."
    text += "".join(above)
    return text + _open(searched, capacity)


def _open(searched: Searched, capacity: CapacityRow) -> str:
    """What is not known for sure of the capacity that was found."""
    known, text = searched.known, ""
    if searched.search.time_was_up:
        text += " The time was up (LAB_DEADLINE) before the search was done"
        text += "." if searched.search.goal.is_met_by(known) else ": the capacity may be higher."
    if known.doubted:
        text += " It may be lower: a second, longer step at this load broke a limit."
    elif not known.confirmed:
        text += " This was not confirmed by a second step."
    elif not all(step.kept for step in searched.at(capacity["users"])):
        text += " Another step at this load broke a limit."
    return text


def _above(reading: Reading, searched: Searched, kept: int) -> list[str]:
    """Of the loads above the capacity that were run: what the breach does not say already."""
    until = searched.known.broken or inf
    open_ = {step.users for step in reading.steps if step.kept is None and kept < step.users < until}
    held = {step.users for step in searched.judged if step.kept and step.users >= until}
    arrivals = reading.evidence.arrivals
    return [
        *(f" A step at {wording.load(load, arrivals)} ended before it could be judged." for load in sorted(open_)),
        *(f" A step at {wording.load(load, arrivals)} kept the limits all the same." for load in sorted(held)),
    ]


def _broken(reading: Reading, searched: Searched, breach: BreachRow) -> str:
    load = wording.load(breach["users"], reading.evidence.arrivals)
    limit = next(limit for limit in reading.evidence.limits if limit.text == breach["broke"])
    if breach["measured"] is None:
        return f"at {load} not one {marks.what_of(limit)} succeeds"
    if limit.measure == OUTAGE:
        return f"at {load} there was {wording.silence(limit, breach['measured'])}"
    if limit.measure == EXCEPTIONS and searched.at_breach:
        return f"at {load} {held_load.undone(held_load.exceptions_by_place(searched.at_breach.endpoints))}"
    return f"at {load} {wording.measured(limit, breach['measured'], 'is')}"


def _capacity(searched: Searched) -> CapacityRow | None:
    known = searched.known
    if known.kept is None:
        return None
    rps, low, high = _rate(searched, known.kept)
    if known.broken is not None:
        # the capacity lies between the load that keeps and the one that breaks, and so does its throughput; and which
        # loads these are is known to half the resolution
        left_open = searched.search.goal.gap(known.kept) * _rps_per_user(searched, known.kept)
        low, high = max(0.0, low - left_open), max(high + left_open, _rate(searched, known.broken)[2])
    return CapacityRow(
        users=known.kept,
        rps=round(rps, 2),
        rps_interval=[round(low, 2), round(high, 2)],
        reached=known.broken is not None,
    )


def _breach(reading: Reading, searched: Searched) -> BreachRow | None:
    step = searched.at_breach
    if step is None:
        return None
    broke = worst(reading.found(step))
    return BreachRow(
        users=step.users,
        rps=round(_rate(searched, step.users)[0], 2),
        broke=broke.limit.text,
        measured=broke.measured,
        unit=broke.limit.unit,
    )


def _peak(reading: Reading, searched: Searched) -> PeakRow | None:
    users, rps, kept = reading.evidence.peak_users, reading.evidence.peak_rps, searched.known.kept
    if not (users or rps):
        return None
    factors = [0.0]
    if kept is not None:
        by_users = [kept / users] if users else []
        factors = [*by_users, *([_rate(searched, kept)[0] / rps] if rps else [])]
    return PeakRow(users=users, rps=rps, headroom=float(f"{min(factors):.4g}"))


def _rps_per_user(searched: Searched, load: int) -> float:
    """By how much the throughput may change near a load with one user more or less.

    It rises ever more slowly with the load: so near it by no more than on the way there from a load clearly below.
    """
    kept = [step.users for step in searched.judged if step.kept and step.purpose != Purpose.REPEAT]
    below = [users for users in kept if users <= 0.9 * load]
    rps = _rate(searched, load)[0]
    if not below:
        return rps / load
    return max(0.0, rps - _rate(searched, max(below))[0]) / (load - max(below))


def _rate(searched: Searched, load: int) -> tuple[float, float, float]:
    """Successes a second at a load, over all its steps, and their 95 % interval."""
    return sampling.rate([count for step in searched.at(load) for count in step.successes])
