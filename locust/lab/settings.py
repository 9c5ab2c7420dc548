"""The lab's knobs: read from the environment, typed and checked. An empty value means the default."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from lab import faults, limits
from lab.arrivals import schedule
from lab.counts.part import Part, part
from lab.faults import Fault, FaultError
from lab.knobs import (
    SettingsError,
    address,
    certificates,
    count,
    duration,
    header_lines,
    of_files,
    one_of,
    optional_address,
    optional_count,
    optional_rate,
    optional_time,
    percent,
    share,
    some_time,
    span,
    text_of,
    truth,
    value_of,
    whole_seconds,
)
from lab.limits import Limit, LimitError
from lab.plans import acceptance, stages
from lab.reach.texts import hosts, optional_port, trace_url, urls

ROOT = Path(__file__).parents[2]
SECRET_LETTERS = 16
IN_FILES = ("LAB_HEADERS", "LAB_NOTIFY", "LAB_UI_PASSWORD")
"""The secrets that may come from a file, which NAME_FILE names; engine/secret.py has the swarm's own, and makes it."""
PORTS = ("LOCUST_WEB_PORT", "LOCUST_MASTER_BIND_PORT", "LOCUST_MASTER_NODE_PORT")
LOCUSTS_OWN: Mapping[str, Callable[[str], Any]] = {
    "LOCUST_USERS": optional_count,
    "LOCUST_SPAWN_RATE": optional_rate,
    "LOCUST_RUN_TIME": optional_time,
    **dict.fromkeys(PORTS, optional_port),
}
"""Knobs of Locust's own that people set, read first: Locust would name an option that nobody has given."""
STOPS = (END, BREACH) = ("end", "breach")
PASSWORD_LETTERS = 8
NEIGHBOURS = (ACCUSE, ACCEPT) = ("accuse", "accept")


def limit_list(text: str) -> tuple[Limit, ...]:
    """The limits in the text; the message of a wrong one shows where it is wrong."""
    try:
        return limits.parse(text)
    except LimitError as error:
        raise SettingsError(f"LAB_LIMITS: {error}") from error


def fault_list(text: str) -> tuple[Fault, ...]:
    """The faults in the text; the message of a wrong one says which and why."""
    try:
        return faults.parse(text)
    except FaultError as error:
        raise SettingsError(f"LAB_FAULT: {error}") from error


def secret(text: str) -> str:
    """A secret, which no message shows, or nothing."""
    if text and (len(text) < SECRET_LETTERS or not text.isascii()):
        raise SettingsError(f"LAB_SWARM_SECRET: takes {SECRET_LETTERS} ASCII characters or more, by chance, or nothing")
    return text


def password(text: str) -> str:
    """The UI's password, which no message shows, or nothing."""
    if text and len(text) < PASSWORD_LETTERS:
        raise SettingsError(f"LAB_UI_PASSWORD: takes {PASSWORD_LETTERS} characters or more, or nothing")
    return text


def object_store(text: str) -> str:
    """The place in an object store, such as s3://bucket/prefix, or nothing."""
    if text and not re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9!_.*'()/-]*)?", text):
        raise ValueError("a bucket, and what its keys begin with, such as s3://my-bucket/load")
    return text


def _knob(name: str, read: Callable[[str], Any], default: str) -> Any:
    is_secret = any(word in name for word in ("SECRET", "HEADERS", "NOTIFY", "PASSWORD"))
    return field(metadata={"name": name, "read": read, "default": default}, repr=not is_secret)


@dataclass(frozen=True)
class Settings:
    """What the knobs say. Times are in seconds."""

    scenario: str = _knob("LAB_SCENARIO", str, "")  # read in scenario/place.py
    plan: str = _knob("LAB_PLAN", str, stages.MANUAL)
    limits: tuple[Limit, ...] = _knob("LAB_LIMITS", limit_list, "p95<=450ms fail<=1%")
    run_seconds: float | None = _knob("LAB_RUN_TIME", optional_time, "")
    most_users: int = _knob("LAB_MAX_USERS", count, "2000")
    part: Part | None = _knob("LAB_PART", part, "")
    stop: str = _knob("LAB_STOP", one_of(*STOPS), END)
    start_users: int = _knob("LAB_START_USERS", count, "10")
    resolution: float = _knob("LAB_RESOLUTION", percent, "10%")
    step_seconds: tuple[float, float] = _knob("LAB_STEP_TIME", span, "5s-20s")
    deadline_seconds: float = _knob("LAB_DEADLINE", some_time, "5m")
    faults: tuple[Fault, ...] = _knob("LAB_FAULT", fault_list, "")
    peak_users: int | None = _knob("LAB_PEAK_USERS", optional_count, "")
    peak_rps: int | None = _knob("LAB_PEAK_RPS", optional_count, "")
    settle_seconds: float = _knob("LAB_SETTLE", duration, "3s")
    arrivals: str = _knob("LAB_ARRIVALS", one_of(*schedule.ARRIVALS), schedule.CLOSED)
    arrival_spacing: str = _knob("LAB_ARRIVAL_SPACING", one_of(*schedule.SPACINGS), schedule.POISSON)
    think_seconds: tuple[float, float] = _knob("LAB_THINK_TIME", span, "0.5s-1.5s")
    failure_seconds: int = _knob("LAB_FAILURE_TIME", whole_seconds, "5s")
    failure_errors: float = _knob("LAB_FAILURE_ERRORS", percent, "50%")
    audit_seconds: float = _knob("LAB_AUDIT_TIME", some_time, "60s")
    keep_alive: bool = _knob("LAB_KEEP_ALIVE", truth, "true")
    trace_share: float = _knob("LAB_TRACE", share, "0%")
    trace_url: str = _knob("LAB_TRACE_URL", trace_url, "")
    group_names: bool = _knob("LAB_GROUP_NAMES", truth, "true")
    timeout_seconds: float = _knob("LAB_TIMEOUT", some_time, "10s")
    allowed_hosts: frozenset[str] = _knob("LAB_ALLOWED_HOSTS", hosts, "host.docker.internal")
    tls_verify: bool = _knob("LAB_TLS_VERIFY", truth, "true")
    tls_ca: Path | None = _knob("LAB_TLS_CA", certificates, "")
    own_headers: tuple[tuple[str, str], ...] = _knob("LAB_HEADERS", header_lines, "")
    metrics_urls: tuple[str, ...] = _knob("LAB_METRICS_URLS", urls, "http://api:5000/metrics http://proxy:8404/metrics")
    target_wait_seconds: float = _knob("LAB_TARGET_WAIT", duration, "10s")
    workers: int | None = _knob("LAB_WORKERS", optional_count, "")
    workers_wait_seconds: float = _knob("LAB_WORKERS_WAIT", duration, "60s")
    notify: str = _knob("LAB_NOTIFY", str, "")
    neighbours: str = _knob("LAB_NEIGHBOURS", one_of(*NEIGHBOURS), ACCUSE)
    workers_settle_seconds: float = _knob("LAB_WORKERS_SETTLE", duration, "3s")
    chaos: Path = _knob("LAB_CHAOS", Path, "/run/chaos/control")
    verbose: bool = _knob("LAB_VERBOSE", truth, "false")
    swarm_secret: str = _knob("LAB_SWARM_SECRET", secret, "")
    swarm_secret_file: Path = _knob("LAB_SWARM_SECRET_FILE", Path, str(ROOT / ".local" / "swarm-secret"))
    master_publish: str = _knob("LAB_MASTER_PUBLISH", optional_address, "")
    ui_address: str = _knob("LAB_UI_ADDRESS", address, "127.0.0.1")
    ui_hosts: frozenset[str] = _knob("LAB_UI_HOSTS", hosts, "")
    ui_password: str = _knob("LAB_UI_PASSWORD", password, "")
    verdict_file: Path | None = _knob("LAB_VERDICT_FILE", lambda text: Path(text) if text else None, "")
    results_store: str = _knob("LAB_RESULTS_STORE", object_store, "")
    results: Path = _knob("LAB_RESULTS", lambda text: Path(text).absolute(), str(ROOT / "results"))

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """Reads every knob, and checks them by the lab's own plans. Raises SettingsError at the first that is wrong."""
        settings = cls.read(environment)
        settings.check()
        return settings

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """Reads every knob by itself. Raises SettingsError at the first one that has a value it does not take."""
        environment = {**environment, **of_files(IN_FILES, environment)}
        for name, reader in LOCUSTS_OWN.items():
            value_of(name, reader, "", environment)
        values = {}
        for knob in fields(cls):
            name, read, default = (knob.metadata[part] for part in ("name", "read", "default"))
            values[knob.name] = value_of(name, read, default, environment)
        return cls(**values)

    def check(self, own_plans: Collection[str] = ()) -> None:
        """Raises SettingsError where there is no such plan, or the knobs do not go together.

        `own_plans` are those that the scenario has besides the lab's.
        """
        if self.plan not in (plans := (*stages.NAMES, *own_plans)):
            raise SettingsError(f"LAB_PLAN={self.plan}: takes one of {', '.join(plans)}")
        if problem := self.contradiction():
            raise SettingsError(problem)

    def contradiction(self) -> str | None:
        """Why the knobs do not go together; None where they do."""
        # with plan manual, the person at the UI may choose another: its start is looked at then
        if self.plan != stages.MANUAL and (problem := self.refusal(self.limits, self.plan)):
            return f"LAB_LIMITS: {problem}"
        if problem := self.fault_refusal(self.plan, self.run_seconds):
            return f"LAB_FAULT: {problem}"
        if self.stop == BREACH and (problem := self._breach_refusal()):
            return f"LAB_STOP=breach: {problem}"
        if self.part and (problem := self._part_refusal()):
            return f"LAB_PART={self.part}: {problem}"
        if self.tls_ca and not self.tls_verify:
            return "LAB_TLS_CA: takes LAB_TLS_VERIFY=true, or nothing would be checked by it"
        if self.start_users > self.most_users:
            return f"LAB_START_USERS={self.start_users}: takes at most LAB_MAX_USERS"
        return self._contradiction_of_peak() if self.plan == stages.PEAK else None

    def _breach_refusal(self) -> str | None:
        if self.plan not in (stages.MANUAL, *stages.HELD):
            return f"takes one of the plans that hold a load, {', '.join(stages.HELD)}"
        return "takes no LAB_FAULT, whose faults may break limits and shall all be done" if self.faults else None

    def _part_refusal(self) -> str | None:
        if self.plan not in (stages.MANUAL, *stages.ADDS_UP):
            return f"takes one of the plans whose loads add up, {', '.join(stages.ADDS_UP)}"
        return "takes no LAB_FAULT, because what comes of a fault does not add up" if self.faults else None

    def _contradiction_of_peak(self) -> str | None:
        if not (self.peak_users or self.peak_rps):
            return "LAB_PLAN=peak: takes LAB_PEAK_USERS or LAB_PEAK_RPS, what shall be held"
        if (self.peak_users or 0) > self.most_users:
            return f"LAB_PEAK_USERS={self.peak_users}: plan peak takes at most LAB_MAX_USERS"
        if self.arrivals == schedule.OPEN and not self.peak_users and (self.peak_rps or 0) > self.most_users:
            return f"LAB_PEAK_RPS={self.peak_rps}: plan peak takes at most LAB_MAX_USERS where each arrival is a user"
        return None

    def refusal(self, accepted: Sequence[Limit], plan: str) -> str | None:
        """Why the plan cannot be judged by these limits; None where it can."""
        return acceptance.refusal(accepted, plan, has_faults=bool(self.faults))

    def fault_refusal(self, plan: str, run_seconds: float | None) -> str | None:
        """Why the faults cannot be done in the plan; None where they can."""
        seconds = run_seconds or (stages.PLANS[plan].seconds if plan in stages.PLANS else 0.0)
        return faults.refusal(self.faults, plan, seconds, self.failure_seconds)


def results_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Where runs are kept, whatever the other knobs say."""
    return Path(text_of("LAB_RESULTS", knobs()["LAB_RESULTS"], environment)).absolute()


def limits_text(environment: Mapping[str, str] = os.environ) -> str:
    """The text of LAB_LIMITS, or its default."""
    return text_of("LAB_LIMITS", knobs()["LAB_LIMITS"], environment)


def knobs() -> dict[str, str]:
    """Every knob of the lab with its default, as text."""
    return {knob.metadata["name"]: knob.metadata["default"] for knob in fields(Settings)}
