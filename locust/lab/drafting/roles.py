"""What all requests of a user have in common is said once."""

from __future__ import annotations

from lab.drafting import python_text
from lab.drafting.model import Code, Mixed, Request, Role, Save, Value

AUTHORIZATION = "authorization"


def share_authorization(role: Role) -> None:
    """One Authorization header for all requests of the role that have it, instead of the same one in each."""
    requests = [request for task in role.tasks for request in task.requests]
    values = [value for value in map(_authorization, requests) if value is not None]
    names = _names(values)
    is_told_on_the_way = not all(name.startswith(("self.", "os.environ")) for name in names)
    if not values or is_told_on_the_way or values.count(values[0]) < len(values):
        return
    for request in (*requests, *role.login):
        request.headers = _without_authorization(request)
    if role.login and "self." in "".join(names):
        role.login[-1].saves.append(Save("self.client.auth_header", python_text.one_line(values[0])))
    else:
        role.auth = values[0]


def _without_authorization(request: Request) -> dict[str, Value]:
    return {name: value for name, value in request.headers.items() if name.lower() != AUTHORIZATION}


def _authorization(request: Request) -> Value:
    return next((value for name, value in request.headers.items() if name.lower() == AUTHORIZATION), None)


def _names(values: list[Value]) -> set[str]:
    """What the values are made of: variables of the user, secrets, or what an answer told on the way."""
    return {part.text for value in values for part in _parts(value) if isinstance(part, Code)}


def _parts(value: Value) -> tuple[Value, ...]:
    return value.parts if isinstance(value, Mixed) else (value,)
