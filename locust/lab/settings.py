"""The lab's knobs: read from the environment, typed and checked. An empty value means the default."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from lab import limits
from lab.arrivals import schedule
from lab.plans import stages

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


class SettingsError(ValueError):
    """A knob with a value it does not take. The message names the knob, the value and what it takes."""


def duration(text: str) -> float:
    """A time in seconds.

    >>> duration("90"), duration("1.5s"), duration("1h30m")
    (90.0, 1.5, 5400.0)
    """
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|s|m|h)", text)
    if not parts or "".join(figure + unit for figure, unit in parts) != text:
        raise ValueError("a time such as 500ms, 10s, 5m or 1h30m")
    return sum(float(figure) * _SECONDS[unit] for figure, unit in parts)


def span(text: str) -> tuple[float, float]:
    """A shortest and a longest time in seconds, as in "0.5s-1.5s"; one time stands for both."""
    shortest, _, longest = text.partition("-")
    try:
        times = duration(shortest), duration(longest or shortest)
    except ValueError:
        times = (1.0, 0.0)
    if times[0] > times[1]:
        raise ValueError("a time or two, the shorter first, such as 1s or 0.5s-1.5s")
    return times


def number(text: str) -> int:
    """A whole number of 0 or more."""
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise ValueError("a whole number of 0 or more")
    return int(text)


def count(text: str) -> int:
    """A whole number of 1 or more."""
    if not re.fullmatch(r"0*[1-9][0-9]{0,8}", text):
        raise ValueError("a whole number of 1 or more")
    return int(text)


def optional_count(text: str) -> int | None:
    """A whole number of 1 or more, or nothing."""
    return count(text) if text else None


def truth(text: str) -> bool:
    """Yes or no."""
    if text.lower() not in ("true", "false"):
        raise ValueError("true or false")
    return text.lower() == "true"


def percent(text: str) -> float:
    """A ratio, written in percent: from 1% to 100%."""
    if (ratio := _ratio(text)) < 0.01:
        raise ValueError("a share from 1% to 100%, such as 10%")
    return ratio


def share(text: str) -> float:
    """A ratio, written in percent: from 0% to 100%."""
    if (ratio := _ratio(text)) < 0:
        raise ValueError("a share from 0% to 100%, such as 5%")
    return ratio


def _ratio(text: str) -> float:
    """The ratio of a text in percent; -1 for what is none."""
    if not re.fullmatch(r"\d{1,3}(\.\d+)?%", text) or float(text[:-1]) > 100:
        return -1
    return float(text[:-1]) / 100


def plan(text: str) -> str:
    """The name of a plan."""
    if text not in stages.NAMES:
        raise ValueError("one of " + ", ".join(stages.NAMES))
    return text


def one_of(*words: str) -> Callable[[str], str]:
    """What reads one of these words."""

    def read(text: str) -> str:
        if text not in words:
            raise ValueError("one of " + ", ".join(words))
        return text

    return read


def hosts(text: str) -> frozenset[str]:
    """Host names, apart by spaces or commas."""
    return frozenset(text.lower().replace(",", " ").split())


def urls(text: str) -> tuple[str, ...]:
    """URLs, apart by spaces."""
    for url in text.split():
        if not re.fullmatch(r"https?://[^/\s]+\S*", url):
            raise ValueError("URLs such as http://api:5000/metrics, apart by spaces")
    return tuple(text.split())


def some_time(text: str) -> float:
    """A time in seconds that is more than none."""
    seconds = duration(text)
    if not seconds:
        raise ValueError("a time above 0 such as 500ms, 10s, 5m or 1h30m")
    return seconds


def whole_seconds(text: str) -> int:
    """A time of one second or more, in whole seconds."""
    seconds = duration(text)
    if seconds < 1 or seconds % 1:
        raise ValueError("a time of whole seconds such as 5s or 1m")
    return int(seconds)


def optional_time(text: str) -> float | None:
    """A time in seconds that is more than none, or nothing."""
    return some_time(text) if text else None


def _knob(name: str, read: Callable[[str], Any], default: str) -> Any:
    return field(metadata={"name": name, "read": read, "default": default})


@dataclass(frozen=True)
class Settings:
    """What the knobs say. Times are in seconds."""

    plan: str = _knob("LAB_PLAN", plan, stages.MANUAL)
    limits: tuple[limits.Limit, ...] = _knob("LAB_LIMITS", limits.parse, "p95<=450ms fail<=1%")
    run_seconds: float | None = _knob("LAB_RUN_TIME", optional_time, "")
    most_users: int = _knob("LAB_MAX_USERS", count, "2000")
    start_users: int = _knob("LAB_START_USERS", count, "10")
    resolution: float = _knob("LAB_RESOLUTION", percent, "10%")
    step_seconds: tuple[float, float] = _knob("LAB_STEP_TIME", span, "5s-20s")
    deadline_seconds: float = _knob("LAB_DEADLINE", some_time, "5m")
    peak_users: int | None = _knob("LAB_PEAK_USERS", optional_count, "")
    peak_rps: int | None = _knob("LAB_PEAK_RPS", optional_count, "")
    settle_seconds: float = _knob("LAB_SETTLE", duration, "3s")
    arrivals: str = _knob("LAB_ARRIVALS", one_of(*schedule.ARRIVALS), schedule.CLOSED)
    arrival_spacing: str = _knob("LAB_ARRIVAL_SPACING", one_of(*schedule.SPACINGS), schedule.POISSON)
    think_seconds: tuple[float, float] = _knob("LAB_THINK_TIME", span, "0.5s-1.5s")
    reader_weight: int = _knob("LAB_READER_WEIGHT", number, "3")
    contributor_weight: int = _knob("LAB_CONTRIBUTOR_WEIGHT", number, "1")
    failure_seconds: int = _knob("LAB_FAILURE_TIME", whole_seconds, "5s")
    failure_errors: float = _knob("LAB_FAILURE_ERRORS", percent, "50%")
    read_back_ratio: float = _knob("LAB_READ_BACK", share, "5%")
    audit_seconds: float = _knob("LAB_AUDIT_TIME", some_time, "60s")
    keep_alive: bool = _knob("LAB_KEEP_ALIVE", truth, "true")
    timeout_seconds: float = _knob("LAB_TIMEOUT", some_time, "10s")
    allowed_hosts: frozenset[str] = _knob("LAB_ALLOWED_HOSTS", hosts, "host.docker.internal")
    metrics_urls: tuple[str, ...] = _knob("LAB_METRICS_URLS", urls, "http://api:5000/metrics http://proxy:8404/metrics")
    target_wait_seconds: float = _knob("LAB_TARGET_WAIT", duration, "10s")
    workers_wait_seconds: float = _knob("LAB_WORKERS_WAIT", duration, "60s")
    workers_settle_seconds: float = _knob("LAB_WORKERS_SETTLE", duration, "3s")
    results: Path = _knob("LAB_RESULTS", Path, str(Path(__file__).parents[2] / "results"))

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """Reads every knob. Raises SettingsError at the first one that has a value it does not take."""
        values = {}
        for knob in fields(cls):
            name, default = knob.metadata["name"], knob.metadata["default"]
            text = environment.get(name, "").strip() or default
            try:
                values[knob.name] = knob.metadata["read"](text)
            except limits.LimitError as error:
                raise SettingsError(f"{name}: {error}") from error
            except ValueError as error:
                raise SettingsError(f"{name}={text}: takes {error}") from error
        settings = cls(**values)
        if settings.plan == stages.CAPACITY and not limits.can_break_a_step(settings.limits):
            raise SettingsError("LAB_LIMITS: plan capacity takes at least one limit on response times or failures")
        if settings.start_users > settings.most_users:
            raise SettingsError(f"LAB_START_USERS={settings.start_users}: takes at most LAB_MAX_USERS")
        if settings.plan == stages.PEAK and not (settings.peak_users or settings.peak_rps):
            raise SettingsError("LAB_PLAN=peak: takes LAB_PEAK_USERS or LAB_PEAK_RPS, what shall be held")
        if settings.plan == stages.PEAK and (settings.peak_users or 0) > settings.most_users:
            raise SettingsError(f"LAB_PEAK_USERS={settings.peak_users}: plan peak takes at most LAB_MAX_USERS")
        if not settings.reader_weight + settings.contributor_weight:
            raise SettingsError("LAB_READER_WEIGHT=0 and LAB_CONTRIBUTOR_WEIGHT=0: one of them takes more than 0")
        return settings


def limits_text(environment: Mapping[str, str] = os.environ) -> str:
    """The text of LAB_LIMITS, or its default."""
    return environment.get("LAB_LIMITS", "").strip() or knobs()["LAB_LIMITS"]


def knobs() -> dict[str, str]:
    """Every knob of the lab with its default, as text."""
    return {knob.metadata["name"]: knob.metadata["default"] for knob in fields(Settings)}
