"""WAS IT GOOD: the verdict on a run, from plain data. It measures nothing, writes nothing and knows no clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import IntEnum, StrEnum
from typing import Any

from lab import limits
from lab.limits import Finding, Limit
from lab.timeline import Step, Tally, together

SCHEMA = 1


class ExitCode(IntEnum):
    """What the master's exit says. No fault ends in 0."""

    PASS = 0
    LAB_FAILED = 1  # target out of reach, no workers, disk full
    WRONG_USAGE = 2
    FAIL = 3
    INVALID = 4
    INTERRUPTED = 5


class Interruption(StrEnum):
    """What cuts a run short."""

    SIGNAL = "a signal"
    PERSON = "the stop button"
    NO_WORKERS = "the loss of all its workers"


@dataclass(frozen=True)
class Evidence:
    """What is known of a run when it has ended."""

    plan: str
    target: str
    limits: tuple[Limit, ...]
    started: str  # UTC, ISO 8601
    seconds: int  # of the whole run
    steps: Sequence[Step]  # what was measured
    measured_seconds: int
    endpoints: Mapping[str, Tally]  # all steps together
    workers: int  # at the start
    losses: Sequence[str] = ()  # what became of the generator on the way, a sentence each
    interrupted_by: Interruption | None = None  # None for a plan that came to its end


@dataclass(frozen=True)
class Verdict:
    """PASS, FAIL or INVALID, why in one sentence, and the evidence as verdict.json holds it."""

    verdict: str
    exit_code: ExitCode
    sentence: str
    document: dict[str, Any]


def judge(evidence: Evidence) -> Verdict:
    """The verdict on the evidence: over everything that was measured, all steps together."""
    findings = limits.judge(evidence.limits, evidence.endpoints, evidence.measured_seconds)
    word, reason = _judgement(evidence, findings)
    sentence = " ".join([f"{word}: {reason}", *evidence.losses, *_interruption(evidence)])
    exit_code = _exit_code(evidence, word)
    return Verdict(word, exit_code, sentence, _document(evidence, findings, word, exit_code, sentence))


def _exit_code(evidence: Evidence, word: str) -> ExitCode:
    match evidence.interrupted_by:
        case None:
            return ExitCode[word]
        case Interruption.NO_WORKERS:
            return ExitCode.LAB_FAILED
        case _:
            return ExitCode.INTERRUPTED


def _judgement(evidence: Evidence, findings: Sequence[Finding]) -> tuple[str, str]:
    if evidence.interrupted_by is Interruption.NO_WORKERS:
        return "INVALID", "the swarm itself was lost, so nothing is known of the target."
    if not together(evidence.endpoints.values()).requests:
        return "INVALID", _nothing_measured(evidence)
    unheard = sorted({finding.limit.endpoint or "" for finding in findings} - {"", *evidence.endpoints})
    if unheard:
        return "INVALID", (
            f"nothing was asked of {' and '.join(unheard)}, which has a limit; measured were "
            f"{', '.join(sorted(evidence.endpoints))}."
        )
    load = _load(evidence)
    broken = [finding for finding in findings if not finding.kept]
    if broken:
        return "FAIL", "; ".join(_breach(finding, evidence) for finding in broken) + f" ({load})."
    kept = ", ".join(f"{_name(finding.limit)} {_figure(finding)} ({finding.limit.text})" for finding in findings)
    return "PASS", f"{evidence.plan} kept all its limits with {load}: {kept}."


def _nothing_measured(evidence: Evidence) -> str:
    if not evidence.measured_seconds:
        return (
            f"nothing was measured: the run ended after {evidence.seconds} s, before all users were there and settled."
        )
    return f"nothing was measured: no answer in {evidence.measured_seconds} s."


def _load(evidence: Evidence) -> str:
    users = sorted({step.users for step in evidence.steps})
    whole = together(evidence.endpoints.values())
    span = f"{users[0]} to {users[-1]}" if len(users) > 1 else f"{users[0]}"
    rps = three_digits(whole.requests / evidence.measured_seconds)
    return f"{span} user{'s' if users[-1] != 1 else ''} = {rps} req/s over {evidence.measured_seconds} s"


def _breach(finding: Finding, evidence: Evidence) -> str:
    limit = finding.limit
    if finding.measured is None:
        return f"{limit.text} could not be met: not one request succeeded{_first_failure(evidence)}"
    text = f"{_name(limit)} was {_figure(finding)} where {limit.text.rpartition(':')[2].strip()} is accepted"
    if limit.measure != "rps" and finding.measured > limit.bound > 0:
        text += f", {three_digits(finding.measured / limit.bound)} times as much"
    if limit.endpoint is None:
        text += _worst(limit, evidence)
    return text + (_first_failure(evidence) if limit.measure == "fail" else "")


def _worst(limit: Limit, evidence: Evidence) -> str:
    """Where the limit broke most, when there is more than one place."""
    figures = {
        endpoint: figure
        for endpoint, tally in evidence.endpoints.items()
        if (figure := limits.measure(limit.measure, tally, evidence.measured_seconds)) is not None
    }
    if len(figures) < 2 or limit.measure == "rps":
        return ""
    worst = max(figures, key=lambda endpoint: figures[endpoint])
    return f"; worst at {worst} with {_figure(Finding(limit, figures[worst], False))}"


def _first_failure(evidence: Evidence) -> str:
    failures = failures_by_message(evidence.endpoints)
    if not failures:
        return ""
    message = max(failures, key=lambda message: failures[message])
    return f"; most of all {message!r}"


def failures_by_message(endpoints: Mapping[str, Tally]) -> dict[str, int]:
    """How often each failure was seen, the most frequent first, as "GET /tests: message"."""
    counts = {
        f"{endpoint}: {message}": count
        for endpoint, tally in endpoints.items()
        for message, count in tally.failures.items()
    }
    return dict(sorted(counts.items(), key=lambda item: -item[1]))


def _interruption(evidence: Evidence) -> list[str]:
    if not evidence.interrupted_by:
        return []
    return [f"Cut short after {evidence.seconds} s by {evidence.interrupted_by}: the verdict is on what there is."]


def _name(limit: Limit) -> str:
    name = {"fail": "the share of failures", "rps": "throughput", "avg": "the average"}.get(
        limit.measure, limit.measure
    )
    return f"{limit.endpoint}: {name}" if limit.endpoint else name


def _figure(finding: Finding) -> str:
    if finding.measured is None:
        return "unknown"
    match finding.limit.unit:
        case "ratio":
            return f"{three_digits(finding.measured * 100)} %"
        case unit:
            return f"{three_digits(finding.measured)} {unit}"


def three_digits(figure: float) -> str:
    """The figure to three significant digits, never in powers of ten.

    >>> three_digits(0.012345), three_digits(456.7), three_digits(12345.6), three_digits(4.0)
    ('0.0123', '457', '12300', '4')
    """
    rounded = float(f"{figure:.3g}")
    return f"{rounded:.10f}".rstrip("0").rstrip(".")


def _document(
    evidence: Evidence, findings: Sequence[Finding], word: str, exit_code: ExitCode, sentence: str
) -> dict[str, Any]:
    whole = together(evidence.endpoints.values())
    return {
        "schema": SCHEMA,
        "verdict": word,
        "exit_code": int(exit_code),
        "complete": evidence.interrupted_by is None,
        "sentence": sentence,
        "plan": evidence.plan,
        "target": evidence.target,
        "started": evidence.started,
        "seconds": evidence.seconds,
        "limits": [
            {
                "text": finding.limit.text,
                "endpoint": finding.limit.endpoint,
                "unit": finding.limit.unit,
                "bound": finding.limit.bound,
                "measured": finding.measured,
                "kept": finding.kept,
            }
            for finding in findings
        ],
        "measured": figures(whole, evidence.measured_seconds),
        "endpoints": {
            endpoint: figures(tally, evidence.measured_seconds)
            for endpoint, tally in sorted(evidence.endpoints.items())
        },
        "generator": {"workers": evidence.workers, "losses": list(evidence.losses)},
        "failures": failures_by_message(evidence.endpoints),
        "capacity": None,
        "breach": None,
        "binding": None,
        "ledger": None,
        "replicas": None,
    }


@dataclass(frozen=True)
class Figures:
    """A tally in figures: times in ms and of successes only; None where there is nothing to tell a figure from."""

    seconds: int
    requests: int
    failed: int
    rps: float | None
    avg_ms: float | None
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    max_ms: float | None


def figures(tally: Tally, seconds: int) -> dict[str, Any]:
    """The Figures of a tally of so many seconds, as a dictionary."""
    times = {
        f"{name}_ms": None if (figure := limits.measure(name, tally, seconds)) is None else float(f"{figure:.4g}")
        for name in ("avg", "p50", "p95", "p99", "max")
    }
    rps = round(tally.requests / seconds, 3) if seconds else None
    return asdict(Figures(seconds=seconds, requests=tally.requests, failed=tally.failed, rps=rps, **times))
