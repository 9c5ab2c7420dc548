"""What a soak takes from each second: answers, response times, and the readings of every replica. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from lab.counts.endpoints import Tallies
from lab.service.outages import OutageRow
from lab.soak.watch import SoakRow, Watch

MB = 1e6
RESPONSE_TIMES = ("p50_ms", "p95_ms")


def take(
    watch: Watch, second: int, endpoints: Tallies, sample: Mapping[str, Any], replicas: Sequence[Mapping[str, Any]]
) -> None:
    """Takes in a measured second: its answers, its row of samples.csv, and its rows of replicas.csv."""
    watch.see(second, endpoints)
    for name in RESPONSE_TIMES:
        measure = name.removesuffix("_ms")
        bound = next((limit.bound for limit in watch.rule.limits if limit.key == measure), None)
        watch.note(f"response time ({measure})", "ms", second, sample.get(name), bound)
    for row in replicas:
        name, memory, used = row["replica"], row.get("memory_bytes"), row.get("memory_used")
        limit = memory / used / MB if memory and used else None
        watch.note(f"memory of {name}", "MB", second, memory / MB if memory else None, limit)
        watch.note(f"open files of {name}", "", second, row.get("open_files"))


def conclude(watch: Watch, outages: Iterable[OutageRow]) -> SoakRow:
    """The part of verdict.json. Absences of replicas are failures too, unless another failure covers them."""
    for outage in outages:
        began, back = int(datetime.fromisoformat(outage["gone"]).timestamp()), outage["back_after_seconds"]
        watch.lose(
            began, None if back is None else began + max(1, round(back)), f"replica {outage['replica']} was gone"
        )
    return watch.document()
