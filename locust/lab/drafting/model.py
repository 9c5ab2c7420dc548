"""A draft: users, what they do and what they expect, before it is written as Python."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias


class DraftError(Exception):
    """Nothing can be drafted; the message says what is wrong, and where."""


@dataclass(frozen=True)
class Code:
    """Python that stands for a value, such as `os.environ["SHOP_TOKEN"]` or the name of a variable."""

    text: str
    sample: Any = None
    """A value that it can have, by which a body is tried out."""


Value: TypeAlias = Any
"""A value as JSON knows it, in which any part may be Code."""


@dataclass(frozen=True)
class Mixed:
    """A text with Code in it, such as a path with an id: its parts, in order."""

    parts: tuple[str | Code, ...]

    def __add__(self, more: str) -> Mixed:
        return Mixed((*self.parts, more))


def with_texts_joined(parts: Iterable[str | Code]) -> list[str | Code]:
    """The parts, with texts that follow each other as one.

    >>> with_texts_joined(["/pets", "/", Code("pet"), "/toys"])
    ['/pets/', Code(text='pet', sample=None), '/toys']
    """
    joined: list[str | Code] = []
    for part in parts:
        if isinstance(part, str) and joined and isinstance(last := joined[-1], str):
            joined[-1] = last + part
        else:
            joined.append(part)
    return joined


@dataclass(frozen=True)
class Save:
    """A value of an answer that is kept: the variable, and the Python that takes it from `response`."""

    variable: str
    expression: str


def sample(value: Value) -> Any:
    """The value with a possible value in the place of all Code.

    >>> sample({"name": Mixed(("pet ", Code("write", "lab-1"))), "age": Code("chance.randint(1, 9)", 1)})
    {'name': 'pet lab-1', 'age': 1}
    """
    if isinstance(value, Code):
        return value.sample
    if isinstance(value, Mixed):
        return "".join(str(sample(part)) for part in value.parts)
    if isinstance(value, dict):
        return {name: sample(part) for name, part in value.items()}
    return [sample(part) for part in value] if isinstance(value, list) else value


@dataclass
class Request:
    """A request and what its answer shall be."""

    operation: str
    """What it is called, in the contract and for people."""
    method: str
    path: str | Mixed | Code
    name: str | None = None
    """What it is counted as; None where the path says it."""
    title: str = ""
    params: Mapping[str, Value] = field(default_factory=dict)
    headers: Mapping[str, Value] = field(default_factory=dict)
    json: Value = None
    has_json: bool = False
    data: Value = None
    write: bool = False
    """Whether it sends an id for the ledger: Code("write") is in its body then."""
    read_back: bool = False
    """Whether it looks for the write before it, in a share of the cases."""
    has_contract: bool = False
    """Whether the contract says what may be answered; without one, it is status and content type."""
    status: int | None = None
    """None for any success."""
    content_type: str | None = None
    follows: bool = True
    """Whether a redirect is followed; where one is the answer that is expected, it is not."""
    saves: list[Save] = field(default_factory=list)
    guard: str | None = None
    """Python that must be true after the answer, or the task is over: such as that a list has entries."""
    picks: list[Save] = field(default_factory=list)
    """What is taken from what was saved, once the guard holds."""
    pause: float = 0.0
    """Seconds that were thought before it."""


@dataclass
class Task:
    """Something that a user does: requests in their order."""

    name: str
    title: str
    requests: list[Request]
    weight: int = 1
    why_not: str | None = None
    """Why it is written and not done, until a person says that it shall be; None where it is done."""


@dataclass
class Role:
    """A kind of user."""

    name: str
    title: str
    tasks: list[Task]
    weight: int = 1
    fixed_count: int = 0
    wait: tuple[float, float] | None = None
    """The seconds between two tasks, where they are known."""
    login: list[Request] = field(default_factory=list)
    auth: Value = None
    """The Authorization header that each request has from the start; None where there is none."""
    headers: dict[str, Value] = field(default_factory=dict)
    """Further headers of each request."""


@dataclass
class Draft:
    """All that a locustfile is written from."""

    title: str
    source: str
    host: str | None
    roles: list[Role]
    constants: dict[str, Value] = field(default_factory=dict)
    """Values by their names in the locustfile, such as ids that were seen."""
    secrets: dict[str, str] = field(default_factory=dict)
    """Values by their names in the scenario's .env."""
    contract: dict[str, Any] | None = None
    remarks: list[str] = field(default_factory=list)
    """What was left out or is to be completed, for the person who reads it."""

    @property
    def requests(self) -> list[Request]:
        """All requests of all users."""
        return [
            request
            for role in self.roles
            for request in (*role.login, *(each for task in role.tasks for each in task.requests))
        ]
