"""A draft written down: the locustfile, its contract.json and what is added to the scenario's .env."""

from __future__ import annotations

import ast
import json
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from lab.drafting import python_text
from lab.drafting.model import Code, Draft, Request, Role, Value

INDENT = 8
METHODS = ("get", "post", "put", "patch", "delete", "head", "options")
_TEMPLATES = Path(__file__).with_name("templates")


def locustfile(draft: Draft, contract_name: str) -> str:
    """The locustfile as text: Python that compiles; its contract lies beside it under that name."""
    loader = FileSystemLoader(_TEMPLATES)
    environment = Environment(loader=loader, undefined=StrictUndefined, autoescape=False)  # noqa: S701 - no HTML
    environment.filters |= {
        "bullet": _bullet,
        "sentence": _sentence,
        "flat": _flat,
        "comment": _comment,
        "one_line": python_text.one_line,
    }
    environment.tests["pausing"] = _is_pausing
    rendered = environment.get_template("locustfile.py.jinja").render(
        draft=draft, imports=_imports(draft), setup=_setup(draft, contract_name), attributes=_attributes, body=_body
    )
    text = re.sub(r"\n{4,}", "\n\n\n", re.sub(r"[ \t]+\n", "\n", rendered)).rstrip() + "\n"
    ast.parse(text)
    return text


def contract(draft: Draft) -> str | None:
    """The contract as text; None where the draft has none."""
    if draft.contract is None:
        return None
    return json.dumps(draft.contract, indent=2, ensure_ascii=False) + "\n"


def variables(draft: Draft, there: str) -> str:
    """What the scenario's .env shall be: what is there already, and each secret that it does not have yet."""
    known = set(re.findall(r"^\s*(?:export\s+)?(\w+)\s*=", there, re.MULTILINE))
    added = [f"{name}={_quoted(value)}" for name, value in draft.secrets.items() if name not in known]
    if not added:
        return there
    return "\n".join([*([there.rstrip("\n")] if there.strip() else []), *added]) + "\n"


def _quoted(value: str) -> str:
    """As dotenv and Compose both read it: between single quotes nothing is replaced."""
    if "'" not in value:
        return f"'{value}'"
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")
    return f'"{escaped}"'


def _imports(draft: Draft) -> list[list[str]]:
    """The imports that the code needs, as ruff sorts them: of Python, of others, of the lab."""
    code = "\n".join(line for role in draft.roles for line in _code(role))
    pauses, waits = any(map(_is_pausing, draft.roles)), any(role.wait for role in draft.roles)
    checks = sorted(_checks(draft))
    standard = [
        ("import os", "os.environ" in code),
        ("from pathlib import Path", "Contract" in checks),
        ("from random import Random", "chance." in code or pauses),
        ("from time import time", "time()" in code),
        ("from uuid import uuid4", "uuid4()" in code),
    ]
    others = [("from gevent import sleep", pauses), (f"from locust import {'between, ' if waits else ''}task", True)]
    own = [
        (f"from lab.arrivals.visitor import Visitor{', knob, share' if 'READ_BACK' in code else ''}", True),
        ("from lab.client import LeanHttpUser", True),
        (f"from lab.contract import {', '.join(checks)}", True),
        ("from lab.ledger.writes import writes", "writes.new_id()" in code),
    ]
    blocks = [[line for line, is_needed in block if is_needed] for block in (standard, others, own)]
    return [block for block in blocks if block]


def _checks(draft: Draft) -> set[str]:
    """What of lab.contract the locustfile uses."""
    return {"Contract" if request.has_contract else "expect" for request in draft.requests}


def _setup(draft: Draft, contract_name: str) -> list[str]:
    found: list[str] = []
    if "Contract" in _checks(draft):
        found.append(f'contract = Contract(Path(__file__).with_name("{contract_name}"))')
    if any("chance." in line for role in draft.roles for line in _code(role)) or any(map(_is_pausing, draft.roles)):
        found.append("chance = Random(1)  # the same values in each run")
    if any(request.read_back for request in draft.requests):
        found.append('READ_BACK = knob("LAB_READ_BACK", share, "5%")')
    for name, value in draft.constants.items():
        found += python_text.lines(value, 0, f"{name} = ")
    return found


def _attributes(role: Role) -> list[str]:
    found = [f"weight = {role.weight}"] if role.weight != 1 and not role.fixed_count else []
    found += [f"fixed_count = {role.fixed_count}"] if role.fixed_count else []
    if role.wait:
        found.append(f"wait_time = between({role.wait[0]:g}, {role.wait[1]:g})")
    return found


def _is_pausing(role: Role) -> bool:
    return any(request.pause for task in role.tasks for request in task.requests)


def _code(role: Role) -> list[str]:
    of_tasks = [line for task in role.tasks for line in _body(task.requests)]
    return [*_body(role.login), *of_tasks, python_text.one_line(role.auth), python_text.one_line(role.headers)]


def _body(requests: list[Request]) -> list[str]:
    """The lines of a function that makes these requests."""
    found: list[str] = []
    for number, request in enumerate(requests):
        indent = INDENT
        if request.read_back:
            found.append(f"{' ' * indent}if chance.random() < READ_BACK:")
            indent += python_text.STEP
        found += _block(request, indent, is_first=not number)
    return found


def _block(request: Request, indent: int, *, is_first: bool) -> Iterator[str]:
    space = " " * indent
    if request.pause:
        yield f"{space}self.think({request.pause:g})"
    if request.write:
        yield f"{space}write = writes.new_id()"
    json_value = request.json
    if request.has_json and len(python_text.one_line(json_value)) > 60:
        yield from python_text.lines(json_value, indent, "body = ")
        json_value = Code("body")
    if not is_first and request.title:
        yield f"{space}# {_short(request.title)}"
    opening, arguments = f"with self.client.{_verb(request)}(", _arguments(request, json_value)
    yield from python_text.call(opening, arguments, " as response:", indent)
    yield from _after(request, " " * (indent + python_text.STEP))


def _verb(request: Request) -> str:
    method = request.method.lower()
    return method if method in METHODS else "request"


def _arguments(request: Request, json_value: Value) -> list[tuple[str, Value]]:
    found: list[tuple[str, Value]] = [] if _verb(request) != "request" else [("", request.method)]
    found.append(("", request.path))
    if request.name:
        found.append(("name", request.name))
    found += [(name, value) for name in ("params", "headers") if (value := getattr(request, name))]
    if request.has_json:
        found.append(("json", json_value))
    elif request.data is not None:
        found.append(("data", request.data))
    found += [] if request.follows else [("allow_redirects", False)]
    found.append(("catch_response", True))
    if request.write or request.read_back:
        found.append(("context", {"write" if request.write else "read_back": Code("write")}))
    return found


def _after(request: Request, space: str) -> Iterator[str]:
    check = _check(request)
    if not request.saves and not request.guard:
        yield f"{space}{check}"
        return
    yield f"{space}if not {check}:"
    yield f"{space}    return"
    for save in request.saves:
        yield f"{space}{save.variable} = {save.expression}"
    if request.guard:
        yield f"{space}if not {request.guard}:"
        yield f"{space}    return"
    for pick in request.picks:
        yield f"{space}{pick.variable} = {pick.expression}"


def _check(request: Request) -> str:
    if request.has_contract:
        return f'contract.check(response, "{request.operation}")'
    wanted = [str(request.status)] if request.status or request.content_type else []
    wanted += [python_text.text_of(request.content_type)] if request.content_type else []
    return f"expect({', '.join(['response', *wanted])})"


def _sentence(text: str, indent: int) -> str:
    """A docstring of one line, whatever the text has in it."""
    plain = _short(_flat(text), 120 - indent - 3).rstrip('"').rstrip()
    return plain if plain.endswith((".", "!", "?", "…")) else f"{plain}."


def _short(text: str, most: int = 100) -> str:
    return textwrap.shorten(" ".join(text.split()), most, placeholder=" …")


def _flat(text: str) -> str:
    """A text in one line that ends no docstring and no comment, whatever it has in it."""
    return " ".join(text.split()).replace("\\", "/").replace('"""', "'''")


def _comment(text: str) -> str:
    return "\n".join(textwrap.wrap(_flat(text), 114, initial_indent="    # ", subsequent_indent="    # "))


def _bullet(text: str) -> str:
    plain = _flat(text)
    return "\n".join(textwrap.wrap(plain, 116, initial_indent="- ", subsequent_indent="  ", break_long_words=False))
