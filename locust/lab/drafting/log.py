"""Users of an access log (common or combined format): who asked for what, how often, and with which pauses."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import PurePath
from statistics import quantiles
from typing import NamedTuple

from lab.counts import templates
from lab.drafting import documents, naming
from lab.drafting.har import ASSET
from lab.drafting.model import Code, Draft, DraftError, Request, Role, Task, Value

LINE = re.compile(
    r'(?P<client>\S+) \S+ (?P<who>.*?) \[(?P<time>[^\]]+)\] "(?P<request>(?:[^"\\]|\\.)*)" (?P<status>\d{3}) \S+'
    r'(?: "(?:[^"\\]|\\.)*" "(?P<agent>(?:[^"\\]|\\.)*)")?'
)
ASKED = re.compile(r"(?P<method>[A-Z]+) (?:https?://[^/ ]+)?(?P<path>/[^ ]*)(?: HTTP/[\d.]+)?")
ROBOT = re.compile(r"bot\b|crawl|spider|slurp|kube-probe|healthcheck|monitor|pingdom|uptime|prometheus", re.IGNORECASE)
TIME = "%d/%b/%Y:%H:%M:%S %z"
LONGEST_PAUSE = 1800.0
"""Seconds after which somebody who asks again has come back."""
MOST_PATHS = 20
MOST_WORDS = 12
"""So many different words at one place of a path are taken for names of things."""
MOST_BROKEN = 3
WEIGHTS = 1000
LEAST_PAUSES = 5
READING = ("GET", "HEAD", "OPTIONS")


class Visit(NamedTuple):
    """A line: who asked when, for what, and the status."""

    client: str
    second: float
    method: str
    path: str
    status: int


@dataclass
class Operation:
    """What was asked for in one way: how often, by which paths, with which answers."""

    method: str
    name: str
    count: int = 0
    paths: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)


def draft(source: str, words: str) -> Draft:
    """Readers and contributors of a log. Raises DraftError where it has no line that could be read."""
    remarks: list[str] = []
    visits = list(_kept(_visits(source, documents.text(source).splitlines(), remarks), remarks))
    if not visits:
        raise DraftError("\n".join([f"{source}: no line of an access log that could be asked for again", *remarks]))
    constants: dict[str, Value] = {}
    roles = list(_roles(visits, constants))
    tasks = [task for role in roles for task in role.tasks]
    waiting = dict.fromkeys(task.name for task in tasks if task.why_not)
    if waiting:
        remarks.append(f"a log does not say what was sent: complete {', '.join(waiting)}")
    if all(task.why_not for task in tasks):
        raise DraftError(f"{source}: nothing but writes, and a log does not say what was sent")
    name = "standard input" if source == "-" else PurePath(source).name
    return Draft(f"Users as {name} tells", words, None, roles, constants=constants, remarks=remarks)


def _roles(visits: list[Visit], constants: dict[str, Value]) -> Iterator[Role]:
    writers = {visit.client for visit in visits if visit.method not in READING}
    grouped = _names(visits)
    for name, is_writer in (("Reader", False), ("Contributor", True)):
        if own := [visit for visit in visits if (visit.client in writers) is is_writer]:
            yield _role(name, own, grouped, constants)


def _visits(source: str, lines: Iterable[str], remarks: list[str]) -> Iterator[Visit]:
    broken = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        visit = _visit(line)
        if isinstance(visit, Visit):
            yield visit
        elif visit:
            broken.append(f"line {number}: {visit}")
    remarks += broken[:MOST_BROKEN]
    if len(broken) > MOST_BROKEN:
        remarks.append(f"{len(broken) - MOST_BROKEN} more lines of {PurePath(source).name} could not be read")


def _visit(line: str) -> Visit | str:
    """The visit of a line, or what is wrong with it."""
    found = LINE.match(line)
    if not found:
        return "it is not of the common or the combined format"
    asked = ASKED.fullmatch(found["request"])
    if not asked:
        return f"no request: {found['request'][:40]}"
    try:
        second = datetime.strptime(found["time"], TIME).timestamp()  # noqa: DTZ007 - TIME has a zone
    except ValueError:
        return f"no time: {found['time'][:40]}"
    agent = found["agent"] or ""
    client = f"{found['client']} {found['who']} {agent}"
    return Visit(client, second, asked["method"], asked["path"], int(found["status"]))


def _kept(visits: Iterable[Visit], remarks: list[str]) -> Iterator[Visit]:
    left: Counter[str] = Counter()
    for visit in visits:
        if ROBOT.search(visit.client):
            left["by robots and probes"] += 1
        elif ASSET.search(visit.path.partition("?")[0]):
            left["for images, fonts, styles and scripts"] += 1
        elif visit.status >= 400:
            left["that failed"] += 1
        else:
            yield visit
    remarks += [f"left out: {count} requests {why}" for why, count in left.items()]


def _names(visits: Iterable[Visit]) -> dict[str, str]:
    """What each path is counted as, without its query: ids are grouped, and words where many stand at one place."""
    paths = {visit.path.partition("?")[0] for visit in visits}
    made = {path: templates.template(path) for path in paths}
    for place in range(max((path.count("/") for path in paths), default=0)):
        words: dict[tuple[str, ...], set[str]] = defaultdict(set)
        for name in made.values():
            parts = name.split("/")[1:]
            if place < len(parts):
                words[(*parts[:place], str(len(parts)))].add(parts[place])
        for path, name in made.items():
            parts = name.split("/")[1:]
            if place < len(parts) and len(words[(*parts[:place], str(len(parts)))]) > MOST_WORDS:
                made[path] = "/" + "/".join([*parts[:place], "[name]", *parts[place + 1 :]])
    return made


def _role(name: str, visits: list[Visit], grouped: Mapping[str, str], constants: dict[str, Value]) -> Role:
    found: dict[tuple[str, str], Operation] = {}
    for visit in visits:
        key = visit.method, grouped[visit.path.partition("?")[0]]
        operation = found.setdefault(key, Operation(*key))
        operation.count += 1
        operation.paths[visit.path] += 1
        operation.statuses[visit.status] += 1
    names = naming.Names()
    ordered = sorted(found.values(), key=lambda each: (-each.count, each.name, each.method))
    tasks = [_task(operation, len(visits), names, constants) for operation in ordered]
    clients = len({visit.client for visit in visits})
    title = f"{clients} clients of the log, with {len(visits)} requests"
    return Role(name, title, tasks, weight=clients, wait=_wait(visits))


def _task(operation: Operation, total: int, names: naming.Names, constants: dict[str, Value]) -> Task:
    title = f"{operation.method} {operation.name}"
    name = names.unique(naming.snake(title.replace("[", "").replace("]", "")))
    request = Request(name, operation.method, operation.name, title=title)
    paths = tuple(path for path, _ in operation.paths.most_common(MOST_PATHS))
    if paths == (operation.name,):
        pass
    elif len(paths) == 1:
        request.path, request.name = paths[0], operation.name
    else:
        constant = _constant(name, paths, constants)
        request.path, request.name = Code(f"chance.choice({constant})"), operation.name
    status = operation.statuses.most_common(1)[0][0]
    request.status = None if status >= 300 else status
    why_not = None if operation.method in READING else "a log does not say what was sent, so write it"
    weight = max(1, round(WEIGHTS * operation.count / total))
    return Task(name, f"{title}: {operation.count} of {total} requests", [request], weight, why_not)


def _constant(name: str, paths: tuple[str, ...], constants: dict[str, Value]) -> str:
    """The name of the constant with these paths; roles share those that are the same."""
    constant = f"{naming.constant(name)}_PATHS"
    while constant in constants and constants[constant] != paths:
        constant += "_2"
    constants[constant] = paths
    return constant


def _wait(visits: list[Visit]) -> tuple[float, float] | None:
    """The middle half of the pauses between two requests of one client; None where there are too few."""
    last: dict[str, float] = {}
    pauses = []
    for visit in sorted(visits, key=lambda each: each.second):
        pause = visit.second - last.get(visit.client, visit.second - LONGEST_PAUSE)
        last[visit.client] = visit.second
        if 0 < pause < LONGEST_PAUSE:
            pauses.append(pause)
    if len(pauses) < LEAST_PAUSES:
        return None
    low, _, high = quantiles(pauses, n=4)
    return round(low, 1), round(high, 1)
