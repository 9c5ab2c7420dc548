"""Knobs: texts from the environment, read as values. An empty text means the default.

The lab's own knobs are in settings.py; with `knob`, users.py declares knobs of its own.
"""

from __future__ import annotations

import ipaddress
import os
import re
import ssl
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TypeVar

from lab.reach.place import short

Value = TypeVar("Value")

_own: dict[str, str] = {}

# the working directory may be another one when the knobs are read again
_STARTED_IN = Path.cwd()

_HOME = Path(__file__).resolve().parents[1]
_FOLDERS = (_STARTED_IN, _HOME, _HOME.parent)
"""Where a file that a knob names is looked for: from here, from the folder of locustfile.py and from the one above."""

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]+")
_MOST_SHOWN = 200
_MOST_SECONDS = 1000 * 3600.0
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


class SettingsError(ValueError):
    """A knob with a value it does not take. The message names the knob, the value and what it takes."""


def knob(name: str, read: Callable[[str], Value], default: str) -> Value:
    """The value of a knob that is not the lab's own: `weight = knob("LAB_READER_WEIGHT", number, "3")`.

    Raises SettingsError where `read` does not take its text. The run's environment.json records the knob.
    """
    value = value_of(name, read, default)
    _own[name] = text_of(name, default)
    return value


def own_knobs() -> dict[str, str]:
    """The knobs that users.py has declared, each with the text that is in force."""
    return dict(_own)


def value_of(
    name: str, read: Callable[[str], Value], default: str, environment: Mapping[str, str] = os.environ
) -> Value:
    """The value of a knob. Raises SettingsError where `read` does not take its text."""
    text = text_of(name, default, environment)
    try:
        return read(text)
    except SettingsError:
        raise
    except ValueError as error:
        raise SettingsError(f"{name}={short(text, _MOST_SHOWN)}: takes {error}") from error


def text_of(name: str, default: str, environment: Mapping[str, str] = os.environ) -> str:
    """The text of a knob: what the environment says, or else the default."""
    return environment.get(name, "").strip() or default


def of_files(names: Iterable[str], environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The texts of these knobs that are in files, each named by NAME_FILE; a file goes before the variable itself.

    Raises SettingsError where there is no such file, or nothing in it.
    """
    return {name: _held(name, text) for name in names if (text := environment.get(f"{name}_FILE", "").strip())}


def _held(name: str, text: str) -> str:
    candidates = (folder / text for folder in _FOLDERS)
    file = next((each for each in candidates if each.exists()), _STARTED_IN / text)
    try:
        held = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        # the error of a decoder shows what it could not decode
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8"
        raise SettingsError(f"{name}_FILE={text}: takes a file with the text of {name}: {reason}") from None
    if not held:
        raise SettingsError(f"{name}_FILE={text}: takes a file with the text of {name}, and this one is empty")
    return held


def duration(text: str) -> float:
    """A time in seconds.

    >>> duration("90"), duration("1.5s"), duration("1h30m")
    (90.0, 1.5, 5400.0)
    """
    written = f"{text}s" if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text) else text
    parts = re.findall(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)", written)
    if not parts or "".join(figure + unit for figure, unit in parts) != written:
        raise ValueError("a time such as 500ms, 10s, 5m or 1h30m")
    seconds = sum(float(figure) * _SECONDS[unit] for figure, unit in parts)
    if seconds > _MOST_SECONDS:
        raise ValueError("a time of 1000h at most, such as 500ms, 10s, 5m or 1h30m")
    return seconds


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
    if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]+)?%", text) or float(text[:-1]) > 100:
        return -1
    return float(text[:-1]) / 100


def one_of(*words: str) -> Callable[[str], str]:
    """What reads one of these words."""

    def read(text: str) -> str:
        if text not in words:
            raise ValueError("one of " + ", ".join(words))
        return text

    return read


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


def optional_rate(text: str) -> float | None:
    """How many a second, more than none, or nothing."""
    if text and not (re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text) and float(text)):
        raise ValueError("a number above 0 such as 10 or 0.5")
    return float(text) if text else None


def optional_time(text: str) -> float | None:
    """A time in seconds that is more than none, or nothing."""
    return some_time(text) if text else None


def header_lines(text: str) -> tuple[tuple[str, str], ...]:
    """Headers by name, from one `Name: value` a line. A message shows no value: it may be a secret.

    >>> header_lines("Authorization: Bearer abc")
    (('Authorization', 'Bearer abc'),)
    """
    headers = []
    for number, line in enumerate(filter(str.strip, text.splitlines()), 1):
        name, colon, value = (part.strip() for part in line.partition(":"))
        if not colon or not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
            raise SettingsError(f"LAB_HEADERS: line {number} is no header; takes lines such as Authorization: Bearer …")
        headers.append((name, value))
    return tuple(headers)


def address(text: str) -> str:
    """An IP address of this machine."""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise ValueError("an IP address, such as 127.0.0.1, or 0.0.0.0 for all of this machine") from None


def optional_address(text: str) -> str:
    """An IP address of this machine, or nothing."""
    return address(text) if text else ""


def certificates(text: str) -> Path | None:
    """The file with the certificates; None where there shall be none."""
    if not text:
        return None
    for folder in _FOLDERS:
        if (file := folder / text).is_file():
            try:
                ssl.create_default_context(cafile=str(file))
            except (OSError, ValueError) as error:
                raise ValueError(
                    f"a file of certificates in PEM, and {file} cannot be read as such: {error}"
                ) from error
            return file
    raise ValueError(f"a file of certificates, and there is none at {_STARTED_IN / text}")
