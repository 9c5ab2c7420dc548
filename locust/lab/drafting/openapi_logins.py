"""How users of a document log in: by an operation of its own, or by what its security schemes ask for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lab.drafting.model import Mixed, Request, Role, Save, Value
from lab.drafting.openapi import Operation, is_json
from lab.drafting.openapi_bodies import properties_of
from lab.drafting.openapi_requests import Requests
from lab.drafting.python_text import text_of
from lab.drafting.secrecy import LOGIN, NO_LOGIN, PASSWORD, WHO

TOKEN = re.compile(r"^(access|auth|id|api|bearer)?_?(token|jwt|key)$", re.IGNORECASE)


@dataclass
class Login:
    """The operation that logs a user in, as a request."""

    operation: Operation
    request: Request


def find(requests: Requests) -> Login | None:
    """The login of the document, with who logs in as variables of the scenario's .env; None where there is none."""
    return next(filter(None, (_login(requests, each) for each in requests.operations if _may_log_in(each))), None)


def _may_log_in(operation: Operation) -> bool:
    said = f"{operation.path} {operation.name}"
    is_plain = operation.method == "POST" and "{" not in operation.path
    return is_plain and bool(LOGIN.search(said)) and not NO_LOGIN.search(said)


def _login(requests: Requests, operation: Operation) -> Login | None:
    request = requests.request(operation)
    if requests.with_body(request, operation, audited=False):
        return None
    body = request.json if request.has_json else request.data
    if not isinstance(body, dict) or not any(map(PASSWORD.search, body)):
        return None
    changed = {name: _credential(requests, name, value) for name, value in body.items()}
    request.json, request.data = (changed, None) if request.has_json else (None, changed)
    if token := _token(requests, operation):
        request.saves.append(Save("self.token", f"response.json(){token}"))
        request.saves.append(Save("self.client.auth_header", 'f"Bearer {self.token}"'))
    return Login(operation, request)


def log_in(role: Role, login: Login | None, requests: Requests) -> None:
    """Lets the role log in at its start, where one of its operations is not for everybody."""
    needed = _schemes_of(role, requests)
    if login and (needed or not requests.document.schemes):
        role.login = [login.request]
    for name in needed:
        scheme = requests.document.schemes.get(name) or {}
        if _is_own_header(scheme):
            role.headers[str(scheme["name"])] = requests.secret(name)
        elif role.auth is None and not role.login:
            role.auth = _header(requests, name, scheme)


def _schemes_of(role: Role, requests: Requests) -> list[str]:
    """The security schemes that operations of the role name."""
    used = {request.operation for task in role.tasks for request in task.requests}
    return list(dict.fromkeys(name for each in requests.operations if each.name in used for name in each.security))


def _is_own_header(scheme: Mapping[str, Any]) -> bool:
    is_key = (scheme.get("type"), scheme.get("in")) == ("apiKey", "header")
    return is_key and str(scheme.get("name")).lower() != "authorization"


def _header(requests: Requests, name: str, scheme: Mapping[str, Any]) -> Value:
    kind = str(scheme.get("type"))
    if kind == "basic" or (kind == "http" and str(scheme.get("scheme")).lower() == "basic"):
        return Mixed(("Basic ", requests.secret(f"{name}_base64")))
    if kind in ("http", "oauth2", "openIdConnect"):
        return Mixed(("Bearer ", requests.secret(f"{name}_token")))
    if kind == "apiKey" and str(scheme.get("name")).lower() == "authorization":
        return requests.secret(name)
    return None


def _credential(requests: Requests, name: str, value: Value) -> Value:
    return requests.secret(name) if PASSWORD.search(name) or WHO.search(name) else value


def _token(requests: Requests, operation: Operation) -> str | None:
    """Where in the answer the token is, as Python."""
    for kind, schema in operation.success()[1].items():
        if not is_json(kind):
            continue
        properties = properties_of(requests.document.raw, requests.bodies.examples, schema)
        for name, part in properties.items():
            if TOKEN.search(name):
                return f"[{text_of(name)}]"
            inner = properties_of(requests.document.raw, requests.bodies.examples, part)
            if found := next((each for each in inner if TOKEN.search(each)), None):
                return f"[{text_of(name)}][{text_of(found)}]"
    return None
