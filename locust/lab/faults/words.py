"""Faults in words and in verdict.json: what was done and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypedDict

from lab.faults.effects import Effect
from lab.figures import rounded, three_digits, utc

KNOB = "LAB_FAULT"
MOST_SENTENCES = 3
"""Faults that the sentence describes; verdict.json has them all."""


class FaultRow(TypedDict):
    """A fault as verdict.json holds it; what is not known of one that was not done is None."""

    text: str
    verb: str
    service: str | None
    on: list[str]
    done: str | None
    over: str | None
    problem: str | None
    until: str | None
    requests: int | None
    failed: int | None
    failures: dict[str, int]
    slowest_ms: float | None
    silent_seconds: int | None
    bad_seconds: int | None
    broke: str | None
    recovered: bool | None
    recovery_seconds: float | None
    lost: int | None


def rows(found: Sequence[Effect]) -> list[FaultRow] | None:
    """The effects as verdict.json holds them; None where nothing was asked for."""
    return [row(effect) for effect in found] or None


def row(effect: Effect) -> FaultRow:
    """The effect as verdict.json holds it."""
    deed, is_done = effect.deed, effect.deed.done is not None
    return {
        "text": deed.fault.text,
        "verb": deed.fault.verb,
        "service": deed.fault.service,
        "on": list(deed.on),
        "done": None if deed.done is None else utc(deed.done),
        "over": utc(deed.ended) if is_done else None,
        "problem": deed.problem,
        "until": utc(effect.until) if is_done else None,
        "requests": effect.whole.requests if is_done else None,
        "failed": effect.whole.failed if is_done else None,
        "failures": dict(sorted(effect.whole.failures.items(), key=lambda item: -item[1])),
        "slowest_ms": rounded(effect.whole.max_ms) if effect.whole.successes else None,
        "silent_seconds": effect.silent_seconds if is_done else None,
        "bad_seconds": len(effect.bad) if is_done else None,
        "broke": effect.broke,
        "recovered": effect.recovery_seconds is not None if is_done else None,
        "recovery_seconds": effect.recovery_seconds,
        "lost": effect.lost,
    }


def not_done(found: Sequence[Effect]) -> list[str]:
    """The faults that were asked for and not done, not ended, or not seen to their recovery, each with the reason."""
    undone = [
        f"'{effect.deed.fault.text}' was not {'done' if effect.deed.done is None else 'ended'}: "
        f"{effect.deed.problem or 'the run ended before'}"
        for effect in found
        if not effect.is_done
    ]
    untold = [
        f"the run ended before the recovery from '{effect.deed.fault.text}' could be seen"
        for effect in found
        if effect.is_done and not effect.is_told
    ]
    return [*undone, *untold]


def stayed_away(found: Sequence[Effect]) -> list[str]:
    """The faults after which the limits did not hold again, a reason each."""
    return [
        f"the service stayed away after '{effect.deed.fault.text}': {effect.broke or 'no second with an answer'}, and "
        f"the limits did not hold again in the {round(effect.until - effect.deed.ended)} s that were left"
        for effect in found
        if effect.is_done and effect.is_told and effect.recovery_seconds is None
    ]


def sentences(found: Sequence[Effect]) -> list[str]:
    """What was done and what a user saw of it, a sentence each."""
    done = [effect for effect in found if effect.deed.done is not None]
    more = len(done) - MOST_SENTENCES
    rest = f"verdict.json has the other {'fault' if more == 1 else f'{more} faults'} of {KNOB}."
    return [*map(_sentence, done[:MOST_SENTENCES]), *([rest] if more > 0 else [])]


def _sentence(effect: Effect) -> str:
    deed, whole = effect.deed, effect.whole
    lost = {None: "", 0: ", no acknowledged write lost", 1: ", 1 acknowledged write lost"}.get(
        effect.lost, f", {effect.lost} acknowledged writes lost"
    )
    return (
        f"{KNOB} '{deed.fault.text}', done at {utc(deed.done or 0)[11:19]} UTC: {whole.failed:,} of {whole.requests:,} "
        f"requests failed{lost}, {_recovery(effect)}; {_seen(effect)}."
    )


def _recovery(effect: Effect) -> str:
    if effect.recovery_seconds is None:
        return "the limits did not hold again"
    if effect.recovery_seconds:
        over = " was over" if effect.deed.fault.seconds else ""
        return f"the limits held again {effect.recovery_seconds:g} s after it{over}"
    return "the limits held again when it was over" if effect.bad else "the limits held all the time"


def _seen(effect: Effect) -> str:
    """What a user saw."""
    whole = effect.whole
    seen = [f"were without an answer for {effect.silent_seconds} s"] if effect.silent_seconds else []
    if whole.successes:
        seen.append(f"waited up to {three_digits(whole.max_ms / 1000)} s")
    if whole.failures:
        seen.append(f"saw mostly {max(whole.failures, key=lambda message: whole.failures[message])!r}")
    return f"users {', '.join(seen[:-1])}{' and ' if seen[1:] else ''}{seen[-1]}" if seen else "users asked nothing"


def was_asked_for(found: Sequence[Effect], time: str) -> bool:
    """Whether what began at this time was a fault's doing."""
    second = datetime.fromisoformat(time).timestamp()
    return any(effect.deed.done is not None and effect.began - 2 <= second < effect.until for effect in found)


def of_silence(found: Sequence[Effect], seconds: float) -> str:
    """That so long a silence was in a fault's seconds, for the end of a clause; empty where in none's."""
    for effect in found:
        if effect.deed.done is not None and effect.silent_seconds >= seconds - 1:
            return f", in the seconds of '{effect.deed.fault.text}', as asked by {KNOB}"
    return ""
