"""Users of what an OpenAPI document describes: readers, contributors, and one who looks after it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from lab.drafting import ledgering, naming, openapi_logins
from lab.drafting.model import Code, Draft, DraftError, Mixed, Request, Role, Task
from lab.drafting.openapi import Document, Operation
from lab.drafting.openapi_requests import Requests

OPERATIONAL = re.compile(
    r"/(health\w*|ready\w*|live\w*|ping|status|version|metrics|info|actuator|openapi[\w.]*|swagger[\w.]*|api-?docs|docs)"
    r"(/(health|ready|live|info))?$",
    re.IGNORECASE,
)
READING = ("GET", "HEAD", "OPTIONS")
READERS, LISTS, MAKERS = 3, 3, 3
"""How much more often one reads than one writes, and sees a list or makes something than does the rest."""


def draft(raw: dict[str, Any], source: str, words: str) -> Draft:
    """The draft of a document. Raises DraftError where there is nothing that users could do."""
    document = Document(raw, source)
    users = _Users(document)
    roles = users.roles()
    if not any(task.why_not is None for role in roles for task in role.tasks):
        raise DraftError("\n".join([f"{source}: no operation that could be asked for", *document.problems]))
    host, _ = document.address()
    if host is None and source.startswith(("http://", "https://")):
        host = f"{urlsplit(source).scheme}://{urlsplit(source).netloc}"
    remarks = [*document.problems, *users.requests.bodies.remarks, *users.remarks]
    return Draft(
        title=f"Users of {document.title}",
        source=words,
        host=host,
        roles=roles,
        secrets=users.requests.secrets,
        contract=users.requests.bodies.contract(),
        remarks=list(dict.fromkeys(remarks)),
    )


class _Users:
    def __init__(self, document: Document) -> None:
        self.remarks: list[str] = []
        self.requests = Requests(document, self._wanted(document.operations()))
        self._login = openapi_logins.find(self.requests)
        self._audited: set[str] = set()
        self._read_back: set[str] = set()

    def _wanted(self, operations: Iterator[Operation]) -> Iterator[Operation]:
        for operation in operations:
            if operation.is_reset:
                self.remarks.append(f"{operation.name} is left out: the lab itself resets the service by it")
            elif operation.is_deprecated:
                self.remarks.append(f"{operation.name} is left out: it is deprecated")
            else:
                yield operation

    def roles(self) -> list[Role]:
        """The roles that have a task."""
        contributor = Role("Contributor", "", list(self._contributions()))
        reader = Role("Reader", "", list(self._readings()), weight=READERS)
        operator = Role("Operator", "", list(self._looks()), fixed_count=1)
        reader.title = f"Reads: {_things(reader)}"
        contributor.title = f"Writes: {_things(contributor)}"
        operator.title = "One user beside all others, who looks how the service is"
        roles = [role for role in (reader, contributor, operator) if role.tasks]
        for role in roles:
            if len({task.weight for task in role.tasks}) == 1:
                role.tasks = [replace(task, weight=1) for task in role.tasks]
            openapi_logins.log_in(role, self._login, self.requests)
        return roles

    def _of(self, *methods: str) -> Iterator[Operation]:
        for operation in self.requests.operations:
            is_login = self._login is not None and operation is self._login.operation
            if operation.method in methods and not is_login:
                yield operation

    def _looks(self) -> Iterator[Task]:
        for operation in self._of("GET"):
            if OPERATIONAL.search(operation.path):
                yield Task(operation.name, operation.title, [self.requests.request(operation)])

    def _readings(self) -> Iterator[Task]:
        for operation in self._of(*READING):
            if OPERATIONAL.search(operation.path):
                continue
            before, path, untold = self.requests.leading_to(operation, ("GET",))
            if untold and operation.name in self._read_back:
                continue
            if untold:
                self._tell_untold(operation, path, untold)
            requests = [*before, self.requests.request(operation, path)]
            yield Task(operation.name, operation.title, requests, 1 if "{" in operation.path else LISTS)

    def _tell_untold(self, operation: Operation, path: str | Mixed, untold: list[str]) -> None:
        names = " and ".join(untold)
        self.remarks.append(
            f"nothing tells {names}: {operation.name} asks for {_shown(path)} alone; write ids that exist"
        )

    def _contributions(self) -> Iterator[Task]:
        for operation in self._of("POST", "PUT", "PATCH", "DELETE"):
            yield self._contribution(operation)

    def _contribution(self, operation: Operation) -> Task:
        is_made = operation.method == "POST" and operation.last_parameter is None
        state = self.requests.by_place.get(("GET", operation.path.rstrip("/"))) if is_made else None
        methods = ("POST",) if operation.method == "DELETE" else ("POST", "GET")
        before, path, untold = self.requests.leading_to(operation, methods)
        request = self.requests.request(operation, path)
        why_not = self.requests.with_body(request, operation, audited=state is not None)
        task = Task(operation.name, operation.title, [*before, request], MAKERS if is_made else 1, why_not)
        if operation.method == "DELETE" and (untold or operation.last_parameter is None):
            task.why_not = "it would delete what it has not made"
        elif untold and not task.why_not:
            self._tell_untold(operation, path, untold)
        if request.write and state is not None:
            self._audit(task, request, operation, state)
        return task

    def _audit(self, task: Task, request: Request, operation: Operation, state: Operation) -> None:
        """Lets the ledger look for it, and its writer as well where the answer tells the place."""
        if not state.is_state:
            self.remarks.append(ledgering.advice(operation.name, f"GET {state.path}"))
        for item in self._of("GET"):
            place, _, parameter = item.path.rpartition("/")
            if place != operation.path.rstrip("/") or item.last_parameter is None or parameter[0] != "{":
                continue
            if value := self.requests.made(request, operation, self.requests.parameter(item, item.last_parameter)):
                back = self.requests.request(item, value if value.text == "location" else _below(request.path, value))
                back.read_back = True
                task.requests.append(back)
                self._read_back.add(item.name)
            return


def _below(path: str | Mixed | Code, value: Code) -> Mixed:
    parts = path.parts if isinstance(path, Mixed) else (path,)
    return Mixed((*parts, "/", value))


def _shown(path: str | Mixed) -> str:
    return path if isinstance(path, str) else "".join(part if isinstance(part, str) else "…" for part in path.parts)


def _things(role: Role) -> str:
    """What the role is about: the first words of its paths."""
    words = []
    for task in role.tasks:
        path = task.requests[-1].name or task.requests[-1].path
        if isinstance(path, str):
            words += [part for part in path.split("/") if part and not part.startswith("[")][-1:]
    return ", ".join(dict.fromkeys(naming.snake(word).replace("_", " ") for word in words)) or "the service"
