"""What a limit asks of a service's own figures: its CPU, its memory, or any series of its Prometheus page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

CPU, MEMORY = "cpu", "memory"
RATIO, CORES, MIB, A_SECOND, PLAIN = "ratio", "CPU", "MiB", "/s", ""
_MIB = 2.0**20
_BYTES: Mapping[str, float] = {
    "B": 1 / _MIB,
    "KB": 1e3 / _MIB,
    "MB": 1e6 / _MIB,
    "GB": 1e9 / _MIB,
    "KiB": 1024 / _MIB,
    "MiB": 1.0,
    "GiB": 1024.0,
}
_UNITS: Mapping[str, Mapping[str | None, tuple[str, float]]] = {
    CPU: {"%": (RATIO, 0.01), None: (CORES, 1.0)},
    MEMORY: {"%": (RATIO, 0.01), **{name: (MIB, factor) for name, factor in _BYTES.items()}},
}
_SERIES: Mapping[str | None, tuple[str, float]] = {
    None: (PLAIN, 1.0),
    "/s": (A_SECOND, 1.0),
    "%": (PLAIN, 0.01),
    "ms": (PLAIN, 0.001),
    "s": (PLAIN, 1.0),
    **{name: (PLAIN, factor * _MIB) for name, factor in _BYTES.items()},
}
"""Series are in base units, as Prometheus has them: seconds, bytes, ratios."""
_LABEL = re.compile(r'\s*([a-zA-Z_]\w*)\s*=\s*"([^"]*)"\s*(?:,|$)')
TEXT = r"(?P<service>[a-z][a-z0-9_-]*)\.(?P<series>[a-zA-Z_:][a-zA-Z0-9_:]*)(?P<labels>\{[^{}]*\})?"


class Source(NamedTuple):
    """A figure of a service: `name` is "cpu", "memory" or a series; labels narrow a series down."""

    service: str
    name: str
    unit: str  # a ratio of its own limit, CPUs, MiB, a second (of a counter), or as it is
    labels: tuple[tuple[str, str], ...] = ()

    @property
    def is_series(self) -> bool:
        """Whether it is a series of a Prometheus page, and not one of the figures that the lab knows."""
        return self.name not in (CPU, MEMORY)

    @property
    def series(self) -> str:
        """The series with its labels: `http_requests_total{code="500"}`."""
        labels = ",".join(f'{name}="{value}"' for name, value in self.labels)
        return f"{self.name}{{{labels}}}" if labels else self.name

    @property
    def text(self) -> str:
        """As a limit has it: "api.cpu"."""
        return f"{self.service}.{self.series}"

    def takes(self, name: str, labels: Mapping[str, str]) -> bool:
        """Whether a sample of a page is of the series."""
        return self.name == name and all(labels.get(label) == value for label, value in self.labels)


def units(name: str) -> Mapping[str | None, tuple[str, float]]:
    """In which units a limit on it is given: the unit that it is measured in, and the factor to it."""
    return _UNITS.get(name, _SERIES)


def labels(text: str | None) -> tuple[tuple[str, str], ...]:
    """The labels in a text such as `{code="500"}`. Raises ValueError for any other."""
    inner, found = (text or "").strip("{}").strip(), []
    while inner:
        match = _LABEL.match(inner)
        if not match:
            raise ValueError('labels are given as {code="500", method="GET"}')
        found.append((match[1], match[2]))
        inner = inner[match.end() :].strip()
    return tuple(sorted(found))
