"""What gives first? The resource nearest to its limit, from what replicas, proxy and swarm used at one load."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypedDict

from lab.figures import three_digits
from lab.service.metrics import MACHINE, PROXY, REPLICA
from lab.service.usage import Usage

NONE = "none of the measured ones"


class ResourceRow(TypedDict):
    """A resource as verdict.json holds it."""

    resource: str
    used: float
    unit: str


class BindingRow(TypedDict):
    """The resource that gives first; where none does, `used` is None and the nearest one is the next."""

    resource: str
    used: float | None
    unit: str
    gives: bool
    next: ResourceRow | None


@dataclass(frozen=True)
class Resource:
    """Something that can run out: how much of it was used, as a ratio, and from which ratio on it gives."""

    name: str  # in verdict.json
    words: str  # in a sentence
    used: float
    unit: str
    gives_from: float
    among: str = ""  # which of several replicas it is

    @property
    def gives(self) -> bool:
        """Whether it holds the service back."""
        return self.used >= self.gives_from

    @property
    def shown(self) -> float:
        """How much of it was used, as sentence and document have it: rounded once, so that both say the same."""
        return round(self.used, 4)

    @property
    def figure(self) -> str:
        """How much of what is used: "99 % of 0.5 CPU"."""
        return f"{round(self.shown * 100)} % {self.unit}"

    @property
    def told(self) -> str:
        """The same, and where that was: "99 % of 0.5 CPU in the busiest of 3 replicas"."""
        return f"{self.figure} {self.among}".rstrip()

    def row(self) -> ResourceRow:
        """As verdict.json holds it."""
        return {"resource": self.name, "used": self.shown, "unit": f"{self.unit} {self.among}".rstrip()}


@dataclass(frozen=True)
class Binding:
    """The resource that gives first, or the nearest one where none does, and the next one behind it."""

    first: Resource
    next: Resource | None

    def row(self) -> BindingRow:
        """As verdict.json holds it."""
        if self.first.gives:
            found, following = self.first.row(), self.next.row() if self.next else None
            return {
                "resource": found["resource"],
                "used": found["used"],
                "unit": found["unit"],
                "gives": True,
                "next": following,
            }
        return {"resource": NONE, "used": None, "unit": "", "gives": False, "next": self.first.row()}

    def sentence(self, broke: bool) -> str:
        """The cause of a broken limit; or, where none broke, what is nearest to its limit."""
        following = f" (next: {self.next.words}, {self.next.figure})" if self.next else ""
        if not broke:
            return f"Nearest to its limit: {self.first.words}, {self.first.told}."
        if self.first.gives:
            return f"{self.first.words[0].upper()}{self.first.words[1:]} gives first: {self.first.told}{following}."
        return (
            f"None of the measured resources gives, so it waits on something outside; "
            f"nearest is {self.first.words}, {self.first.told}."
        )


def find(usages: Iterable[Usage], slow_seconds: float | None, more: Iterable[Resource] = ()) -> Binding | None:
    """The binding resource at one load; None where nothing was measured.

    `slow_seconds` is how long its answers took on average where that broke a limit: then, if nothing is used up, the
    store may be what was waited for. `more` are resources that others measured, such as the generator's CPU.
    """
    known = list(usages)
    ranked = sorted([*_resources(known), *more], key=lambda each: -each.used / each.gives_from)
    if ranked and ranked[0].gives:
        return Binding(ranked[0], ranked[1] if len(ranked) > 1 else None)
    store = _store(known, slow_seconds) if slow_seconds else None
    if store and store.gives:
        return Binding(store, ranked[0] if ranked else None)
    return Binding(ranked[0], ranked[1] if len(ranked) > 1 else None) if ranked else None


def _resources(usages: Sequence[Usage]) -> list[Resource]:
    of_kind = {kind: [usage for usage in usages if usage.kind == kind] for kind in (REPLICA, PROXY, MACHINE)}
    found: list[Resource | None] = []
    for service in dict.fromkeys(usage.service for usage in of_kind[REPLICA]):
        found += _of_service(service, [usage for usage in of_kind[REPLICA] if usage.service == service])
    for usage in of_kind[PROXY]:
        found += [_proxy(usage), _connections(usage)]
    found += [_machine(usage) for usage in of_kind[MACHINE]]
    return [resource for resource in found if resource]


def _of_service(service: str, replicas: Sequence[Usage]) -> list[Resource | None]:
    cpu, throttling = _cpu(service, replicas), _throttling(service, replicas)
    # a service that has used its CPU up is throttled as well: the same thing twice; any quota throttles a little
    if throttling and (not throttling.gives or (cpu and cpu.gives)):
        throttling = None
    return [cpu, _workers(service, replicas), _memory(service, replicas), throttling]


def _cpu(service: str, replicas: Sequence[Usage]) -> Resource | None:
    worst = _worst(replicas, lambda usage: usage.cpu_used)
    if worst is None:
        return None
    limit = three_digits(worst.peaks["cpu_limit"])
    unit = f"of {limit if '.' in limit else limit + '.0'} CPU"
    return Resource(f"{service} cpu", f"the {service}'s CPU", worst.cpu_used or 0.0, unit, 0.85, _among(replicas))


def _workers(service: str, replicas: Sequence[Usage]) -> Resource | None:
    worst = _worst(replicas, lambda usage: usage.workers_busy)
    if worst is None:
        return None
    count = round(worst.peaks["workers"])
    unit = f"of a core, each of {count}"
    return Resource(
        f"{service} workers",
        f"the {service}'s gunicorn workers",
        worst.workers_busy or 0.0,
        unit,
        0.85,
        _among(replicas),
    )


def _memory(service: str, replicas: Sequence[Usage]) -> Resource | None:
    worst = _worst(replicas, lambda usage: usage.memory_used)
    if worst is None:
        return None
    unit = f"of {three_digits(worst.peaks['memory_limit_bytes'] / 2**20)} MiB"
    return Resource(
        f"{service} memory", f"the {service}'s memory", worst.memory_used or 0.0, unit, 0.95, _among(replicas)
    )


def _throttling(service: str, replicas: Sequence[Usage]) -> Resource | None:
    worst = _worst(replicas, lambda usage: usage.throttled)
    if worst is None:
        return None
    unit = "of its CPU periods held back"
    return Resource(
        f"{service} throttling", f"the {service}'s CPU quota", worst.throttled or 0.0, unit, 0.5, _among(replicas)
    )


def _store(usages: Sequence[Usage], response_seconds: float) -> Resource | None:
    worst = _worst(usages, lambda usage: usage.store_seconds)
    if worst is None:
        return None
    share = min(1.0, (worst.store_seconds or 0.0) / response_seconds)
    name = f"{worst.service} store"
    return Resource(name, f"the {worst.service}'s store", share, "of the response time is spent waiting for it", 0.5)


def _proxy(usage: Usage) -> Resource | None:
    busy = usage.per_second("busy")
    return None if busy is None else Resource("proxy cpu", "the proxy", busy, "of its time", 0.9)


def _connections(usage: Usage) -> Resource | None:
    count, limit = usage.peaks.get("connections"), usage.peaks.get("connections_limit")
    if count is None or not limit:
        return None
    return Resource("proxy connections", "the proxy's connections", count / limit, f"of {round(limit):,}", 0.95)


def _machine(usage: Usage) -> Resource | None:
    """Where swarm and service share a machine, they can be short of CPU before any limit of theirs is reached."""
    if usage.cpu_used is None:
        return None
    unit = f"of its {round(usage.peaks['cpu_limit'])} CPUs"
    return Resource("machine cpu", "the CPU of the swarm's own machine", usage.cpu_used, unit, 0.95)


def _worst(replicas: Sequence[Usage], figure: Callable[[Usage], float | None]) -> Usage | None:
    known = [(used, at) for at, usage in enumerate(replicas) if (used := figure(usage)) is not None]
    return replicas[max(known)[1]] if known else None


def _among(replicas: Sequence[Usage]) -> str:
    return f"in the busiest of {len(replicas)} replicas" if len(replicas) > 1 else ""
