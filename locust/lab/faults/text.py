"""Faults as text: `kill api at 60s, pause postgres for 5s at 120s, delay 50ms at 180s for 30s`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from lab.faults.fault import CUT, DELAY, KILL, PAUSE, STOP, Fault
from lab.knobs import duration, some_time

MOST_FAULTS = 100
MOST_DELAY_SECONDS = 60.0
NEVER = {"master": "it does the judging", "chaos": "it does the faults"}
"""Services that no fault is done to, and why."""
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]*")


class FaultError(ValueError):
    """A text that is no list of faults, in one line: which fault, and what is wrong with it."""


@dataclass(frozen=True)
class _Form:
    """How a fault of this verb is written: an example, and what stands between verb and times."""

    example: str
    takes: str = ""  # "service", "delay" or nothing
    lasts: bool = True


_FORMS = {
    KILL: _Form("kill api at 60s", takes="service", lasts=False),
    PAUSE: _Form("pause api for 5s at 60s", takes="service"),
    STOP: _Form("stop api for 5s at 60s", takes="service"),
    DELAY: _Form("delay 50ms for 30s at 60s", takes="delay"),
    CUT: _Form("cut for 5s at 60s"),
}


def parse(text: str) -> tuple[Fault, ...]:
    """The faults in the text, in the order of their times; none in an empty one.

    >>> [fault.at for fault in parse("pause api for 5s at 2m, kill api at 60s")]
    [60.0, 120.0]

    Raises FaultError where the text says something else.
    """
    if not text.strip():
        return ()
    faults = [_fault(" ".join(part.split())) for part in re.split("[,;]", text)]
    if len(faults) > MOST_FAULTS:
        raise FaultError(f"{len(faults)} faults are more than a run takes: {MOST_FAULTS}")
    return tuple(sorted(faults, key=lambda fault: fault.at))


def _fault(text: str) -> Fault:
    if not text:
        raise FaultError("between two commas stands nothing; a fault is such as 'kill api at 60s'")
    verb, *words = text.split(" ")
    if verb not in _FORMS:
        raise FaultError(f"'{text}': there is no '{verb}'; there are {', '.join(_FORMS)}")
    form = _FORMS[verb]
    head, times = _times(text, words)
    if "at" not in times:
        raise FaultError(f"'{text}': it does not say when; a whole one is '{form.example}'")
    if form.lasts and "for" not in times:
        raise FaultError(f"'{text}': it does not say for how long; a whole one is '{form.example}'")
    if not form.lasts and "for" in times:
        raise FaultError(f"'{text}': a kill has no duration (stop has one); a whole one is '{form.example}'")
    if len(head) != bool(form.takes):
        raise FaultError(f"'{text}': it is written like '{form.example}'")
    return Fault(
        text=text,
        verb=verb,
        at=_seconds(text, times["at"]),
        service=_service(text, head[0]) if form.takes == "service" else None,
        seconds=_seconds(text, times["for"], is_some=True) if form.lasts else 0.0,
        delay_seconds=_delay(text, head[0]) if form.takes == "delay" else 0.0,
    )


def _times(text: str, words: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """What stands before the first `at` or `for`, and the time that follows each of them."""
    begin = next((at for at, word in enumerate(words) if word in ("at", "for")), len(words))
    head, tail = list(words[:begin]), words[begin:]
    times = dict(zip(tail[::2], tail[1::2], strict=False))
    if len(tail) % 2 or len(times) != len(tail) / 2 or not times.keys() <= {"at", "for"}:
        raise FaultError(f"'{text}': after what is done stand 'at' and 'for', each once and with its time")
    return head, times


def _service(text: str, name: str) -> str:
    if not _NAME.fullmatch(name):
        raise FaultError(f"'{text}': '{name}' is no name of a service")
    if why := NEVER.get(re.sub(r"-\d+$", "", name)):
        raise FaultError(f"'{text}': no fault is done to {name}: {why}")
    return name


def _seconds(text: str, time: str, *, is_some: bool = False) -> float:
    try:
        return some_time(time) if is_some else duration(time)
    except ValueError as error:
        raise FaultError(f"'{text}': '{time}' is not {error}") from error


def _delay(text: str, time: str) -> float:
    seconds = _seconds(text, time, is_some=True)
    if seconds > MOST_DELAY_SECONDS:
        raise FaultError(f"'{text}': a delay is at most {MOST_DELAY_SECONDS:g}s")
    return seconds
