"""Which writes may have an id, so that the ledger looks for them (docs/ledger.md)?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lab.drafting.model import Code, Mixed, Request

WRITE = Code("write", "lab-a35ee4c0-0000-00000000")
"""The id of a write, and what it looks like."""
TELLING = ("reference", "name", "title", "subject", "summary", "description", "note", "notes", "comment", "text")
"""Fields that take any text, by their names: the best place for an id first."""


def advice(operation: str, state: str) -> str:
    """What the service has to say for the ledger."""
    marked = f"where /openapi.json marks {state} with `x-lab-state: {{}}`"
    return f"the ledger looks for what {operation} wrote {marked} (docs/ledger.md)"


def let_it_look(requests: Iterable[Request]) -> list[str]:
    """Gives an id to what recorded requests create, where there is a list of it and nothing changes it; says where."""
    made = list(requests)
    listed = {request.path for request in made if request.method == "GET" and isinstance(request.path, str)}
    found = [_audited(request, made) for request in made if request.method == "POST" and request.path in listed]
    return [remark for remark in found if remark]


def _audited(request: Request, others: Sequence[Request]) -> str | None:
    field = next((name for name in TELLING if isinstance(_text(request, name), str)), None)
    if field is None:
        return None
    changes = (each for each in others if each.method in ("PUT", "PATCH", "DELETE"))
    if any(_begin(each.path).startswith(f"{request.path}/") for each in changes):
        return f"{request.operation} has no id for the ledger: what it makes is changed or deleted later"
    request.json = {**request.json, field: Mixed((f"{request.json[field]} ", WRITE))}
    request.write = True
    return advice(request.operation, f"GET {request.path}")


def _text(request: Request, name: str) -> object:
    return request.json.get(name) if isinstance(request.json, dict) else None


def _begin(path: str | Mixed | Code) -> str:
    """The path until its first id."""
    first = path.parts[0] if isinstance(path, Mixed) else path
    return first if isinstance(first, str) else ""
