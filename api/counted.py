"""What have all workers counted together? Prometheus text from the files that prometheus-client keeps their counts in.

Its own collector gives the same at four times the CPU, and a page that is read each second must cost next to nothing.
"""

from __future__ import annotations

import json
from glob import glob
from itertools import groupby
from math import inf
from typing import NamedTuple

from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.utils import floatToGoString


class Series(NamedTuple):
    """One count: its metric, the line that it stands in without the figure, and the bucket that it is, if it is one."""

    metric: str
    kind: str
    text: str
    line: str
    bucket: float | None
    count_line: str  # of the histogram that the bucket is of


class CountedPage:
    """The page of one folder. What a count is called is worked out once."""

    def __init__(self, folder: str) -> None:
        self._pattern = f"{folder}/*.db"
        self._series: dict[str, Series] = {}

    def text(self) -> str:
        """All counts, each with its metric's help and type."""
        sums: dict[str, float] = {}
        for path in glob(self._pattern):  # noqa: PTH207 - pathlib takes twice as long
            try:
                kept = MmapedDict.read_all_values_from_file(path)
            except FileNotFoundError:
                continue  # of a worker that has just ended
            kind = path.rpartition("/")[2].partition("_")[0]
            for key, value, _, _ in kept:
                if key not in self._series:
                    self._series[key] = _series(key, kind)
                sums[key] = sums.get(key, 0.0) + value
        ordered = sorted((self._series[key], value) for key, value in sums.items())
        lines: list[str] = []
        for (metric, kind, text), rows in groupby(ordered, key=lambda row: row[0][:3]):
            lines += [f"# HELP {metric} {text}", f"# TYPE {metric} {kind}", *_lines(list(rows))]
        return "\n".join([*lines, ""])


def _lines(rows: list[tuple[Series, float]]) -> list[str]:
    lines, sums = [], [row for row in rows if row[0].bucket is None]
    for series, value in sums:
        lines.append(f"{series.line} {value!r}")
    buckets = sorted(
        (row for row in rows if row[0].bucket is not None), key=lambda row: (row[0].count_line, row[0].bucket)
    )
    for count_line, group in groupby(buckets, key=lambda row: row[0].count_line):
        whole = 0.0
        for series, value in group:
            whole += value
            lines.append(f"{series.line} {whole!r}")
        lines.append(f"{count_line} {whole!r}")
    return lines


def _series(key: str, kind: str) -> Series:
    metric, name, labels, text = json.loads(key)
    bound = labels.pop("le", None)
    bucket = None if bound is None else inf if bound == "+Inf" else float(bound)
    pairs = [f'{label}="{value}"' for label, value in sorted(labels.items())]
    edge = [] if bucket is None else [f'le="{floatToGoString(bucket)}"']
    shown = f"{metric}_total" if kind == "counter" else metric
    return Series(shown, kind, text, _line(name, edge + pairs), bucket, _line(f"{metric}_count", pairs))


def _line(name: str, pairs: list[str]) -> str:
    return f"{name}{{{','.join(pairs)}}}" if pairs else name
