"""A run in words: its sentence, its facts and its key figures, as finished text."""

from __future__ import annotations

from lab.judging.stationarity import noise_until_ms
from lab.report.charts import DASH, text
from lab.results.record import Fields, Record, number
from lab.wording import duration_text, estimate_text, utc_text


def headline(record: Record | None) -> dict[str, str]:
    """The sentence of a run: its word (PASS, FAIL, INVALID, RUNNING, NO RUN YET) and the rest."""
    if record is None:
        return {
            "word": "NO RUN YET",
            "kind": "idle",
            "sentence": "Start one in Locust's own page, or start the lab with a plan, such as LAB_PLAN=capacity.",
        }
    if record.verdict is None:
        return {"word": "RUNNING", "kind": "running", "sentence": _progress(record)}
    word = str(record.verdict.get("verdict") or "NO VERDICT")
    sentence = str(record.verdict.get("sentence") or "").removeprefix(f"{word}: ")
    kind = {"PASS": "pass", "FAIL": "fail", "INVALID": "invalid"}.get(word, "idle")
    return {"word": word, "kind": kind, "sentence": sentence or "The run left no verdict."}


def _progress(record: Record) -> str:
    progress = record.progress
    if progress is None:
        if not record.samples:
            return f"The {record.plan or 'run'} has begun: the first figures come within seconds."
        last = record.samples[-1]
        return (
            f"{record.plan}: {text(last.load, record.load_unit)}, {text(last.requests, 'req/s')}, "
            f"p95 {text(last.p95_ms, 'ms')} in the last complete second."
        )
    figures = "".join(f", {name} {text(number(time), 'ms')}" for name, time in (progress.get("figures") or {}).items())
    purpose = f" ({progress['purpose']})" if progress.get("purpose") else ""
    parts = [
        (
            f"Step {progress.get('step') or 1}{purpose}: {text(number(progress.get('users')), record.load_unit)}, "
            f"{text(number(progress.get('rps')), 'req/s')}{figures}."
        )
    ]
    if following := str(progress.get("next") or "").strip():
        parts.append(f"Next: {following.rstrip('.')}.")
    if (left := number(progress.get("seconds_left_at_most"))) is not None:
        parts.append(f"At most {duration_text(left)} left.")
    return " ".join(parts)


def facts(record: Record) -> list[tuple[str, str]]:
    """The facts of the run: (name, value). Times are UTC."""
    verdict = record.verdict or {}
    rows = [("Plan", record.plan), ("Target", record.target), ("Started", utc_text(record.started))]
    if (seconds := number(verdict.get("seconds"))) is not None:
        rows.append(("Took", duration_text(seconds)))
    if "exit_code" in verdict:
        rows.append(("Exit code", str(verdict["exit_code"])))
    if verdict.get("complete") is False:
        rows.append(("Complete", "no, cut short"))
    workers = (verdict.get("generator") or {}).get("workers")
    if workers is not None:
        rows.append(("Workers", str(workers)))
    return [(name, value) for name, value in (*rows, *_parts(verdict)) if value]


def _parts(verdict: Fields) -> list[tuple[str, str]]:
    """Which part of a run it is, or of which runs it was made."""
    parts = (verdict.get("merged") or {}).get("parts") or ()
    merged = ", ".join(str(part.get("run")) for part in parts)
    return [("Part", str(verdict.get("part") or "")), ("Merged of", merged)]


def tiles(record: Record) -> list[dict[str, str]]:
    """The key figures, each with its name, its value and a remark."""
    verdict = record.verdict or {}
    found = [
        _capacity(record, record.found("capacity")),
        _breach(record, record.found("breach")),
        _headroom(record, verdict.get("peak") or {}),
        _binding(verdict.get("binding") or {}),
        _stationarity(verdict.get("stationarity") or {}),
        _failures(verdict.get("soak") or {}),
        _requests(verdict.get("measured") or {}),
        _closed(verdict.get("measured") or {}),
    ]
    return [{"name": tile[0], "value": tile[1], "remark": tile[2]} for tile in found if tile]


def _capacity(record: Record, part: Fields) -> tuple[str, str, str] | None:
    if not part:
        return None
    interval = [text(number(end)) for end in part.get("rps_interval") or ()]
    between = f" (95 % interval {' to '.join(interval)})" if interval else ""
    name = "Capacity" if part.get("reached", True) else "Holds at least"
    return name, text(number(part.get("users")), record.load_unit), text(number(part.get("rps")), "req/s") + between


def _breach(record: Record, part: Fields) -> tuple[str, str, str] | None:
    if not part:
        return None
    measured = number(part.get("measured"))
    remark = f"{text(measured, str(part.get('unit') or ''))} where {part.get('broke')} is accepted"
    if part.get("unit") == "ratio" and measured is not None:
        remark = f"{text(measured * 100)} % where {part.get('broke')} is accepted"
    return "Breaks at", text(number(part.get("users")), record.load_unit), remark


def _headroom(record: Record, part: Fields) -> tuple[str, str, str] | None:
    if not part:
        return None
    asked = [
        text(figure, unit)
        for figure, unit in ((number(part.get("users")), record.load_unit), (number(part.get("rps")), "req/s"))
        if figure is not None
    ]
    headroom = number(part.get("headroom"))
    if headroom is None:
        return "Peak", " = ".join(asked), "held, and judged directly"
    return "Headroom", f"{text(headroom)} times", f"over a peak of {' = '.join(asked)}"


def _binding(part: Fields) -> tuple[str, str, str] | None:
    if not part:
        return None
    if not part.get("gives", True):
        following: Fields = part.get("next") or {}
        return _nearest(following) if following else None
    used = number(part.get("used"))
    share = DASH if used is None else f"{text(used * 100)} %"
    return "Gives first", str(part.get("resource") or ""), f"{share} {part.get('unit') or ''}"


def _nearest(part: Fields) -> tuple[str, str, str]:
    share = f"{text((number(part.get('used')) or 0) * 100)} %"
    return "Nearest to its limit", str(part.get("resource") or ""), f"{share} {part.get('unit') or ''}"


def _failures(part: Fields) -> tuple[str, str, str] | None:
    if not part or not part["observed_seconds"]:
        return None
    if not part["count"]:
        return "Failures", "none", f"MTTF {estimate_text(part['mttf_seconds']['interval'][0])} or more (95 %)"
    low, high = part["mtbf_seconds"]["interval"]
    failures = f"{part['count']} failure{'' if part['count'] == 1 else 's'}"
    return (
        "MTBF",
        estimate_text(part["mtbf_seconds"]["value"]),
        f"{failures} (95 % interval {estimate_text(low)} to {estimate_text(high)})",
    )


def _stationarity(part: Fields) -> tuple[str, str, str] | None:
    ratio = number(part.get("ratio"))
    if ratio is None:
        return None
    times = f"{text(number(part.get('first_ms')), 'ms')}, then {text(number(part.get('repeated_ms')), 'ms')}"
    value = "as before" if part.get("stationary") else f"{text(ratio)} times as slow"
    noise = f" (noise reaches to {text(noise_until_ms(float(part['first_ms'])), 'ms')})"
    return "First step repeated", value, f"{part.get('endpoint') or 'all'}: {times}{noise}"


def _closed(part: Fields) -> tuple[str, str, str] | None:
    closed = number(part.get("closed_p95_ms"))
    if closed is None:
        return None
    of_all = text(number(part.get("p95_ms")), "ms")
    return (
        "Closed-loop p95",
        text(closed, "ms"),
        f"measured as if users waited for each answer; counted for all arrivals it is {of_all}",
    )


def _requests(part: Fields) -> tuple[str, str, str] | None:
    requests, failed = number(part.get("requests")), number(part.get("failed")) or 0
    if requests is None:
        return None
    share = f" = {text(failed / requests * 100)} %" if requests and failed else ""
    return (
        "Measured",
        f"{int(requests):,} requests",
        f"{int(failed):,} failed{share}, in {duration_text(number(part.get('seconds')) or 0)}",
    )
