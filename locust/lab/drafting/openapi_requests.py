"""Requests of a document's operations, with those before them that tell the ids in their paths."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from lab.drafting import naming, openapi_ids
from lab.drafting.model import Code, Mixed, Request, Save, Value, sample, with_texts_joined
from lab.drafting.openapi import Document, Operation, is_json
from lab.drafting.openapi_bodies import Bodies, properties_of
from lab.drafting.python_text import text_of
from lab.drafting.secrecy import secret_name

SENT_ANYWAY = {"accept", "content-type", "authorization", "content-length", "host", "cookie"}
_PARAMETER = re.compile(r"\{([^{}]+)\}")


class Requests:
    """Makes requests. An id in a path is told by a list that has it or by the answer that made it."""

    def __init__(self, document: Document, operations: Iterable[Operation]) -> None:
        self.document, self.bodies = document, Bodies(document)
        self.operations = list(operations)
        self.by_place = {(each.method, each.path.rstrip("/")): each for each in self.operations}
        self.secrets: dict[str, str] = {}

    def request(self, operation: Operation, path: str | Mixed | Code | None = None) -> Request:
        """A request with this path, by default with the operation's own, and without a body."""
        self.bodies.note(operation)
        made = Request(
            operation.name, operation.method, operation.path if path is None else path, title=operation.title
        )
        made.has_contract = True
        made.follows = not operation.responses or any(status[0] == "2" for status in operation.responses)
        if _PARAMETER.search(operation.path):
            made.name = operation.path.replace("{", "[").replace("}", "]")
        made.params, made.headers = self._given(operation, "query"), self._given(operation, "header")
        self._authorise(made, operation)
        return made

    def with_body(self, request: Request, operation: Operation, *, audited: bool) -> str | None:
        """Gives it its body; says why it cannot have one."""
        return self.bodies.fill(request, operation, audited=audited)

    def leading_to(
        self, operation: Operation, methods: tuple[str, ...]
    ) -> tuple[list[Request], str | Mixed, list[str]]:
        """The requests that tell the ids of its path, the path with them, and the ids that nothing tells.

        `methods` are those by which ids may be told: GET by lists, POST by making something.
        """
        before: list[Request] = []
        parts: list[str | Code] = []
        untold: list[str] = []
        done = ""
        for segment in operation.path.split("/")[1:]:
            parameter = _PARAMETER.fullmatch(segment)
            if parameter and (told := self._told(done, self.parameter(operation, parameter[1]), methods, _path(parts))):
                request, value = told
                before.append(request)
                parts = [value] if value.text.startswith("location") else [*parts, "/", value]
            else:
                untold += [
                    each for each in _PARAMETER.findall(segment) if not _is_given(self.parameter(operation, each))
                ]
                parts.append("/" + _PARAMETER.sub(lambda found: self._literal(operation, found[1]), segment))
            done += f"/{segment}"
        return before, _path(parts), untold

    def _told(
        self, place: str, parameter: Mapping[str, Any], methods: tuple[str, ...], path: str | Mixed
    ) -> tuple[Request, Code] | None:
        for method in methods:
            operation = self.by_place.get((method, place))
            if operation is None:
                continue
            request = self.request(operation, path)
            if method == "GET":
                value = self._listed(request, operation, parameter)
            else:
                value = (
                    None
                    if self.with_body(request, operation, audited=False)
                    else self.made(request, operation, parameter)
                )
            if value:
                return request, value
        return None

    def made(self, request: Request, operation: Operation, parameter: Mapping[str, Any]) -> Code | None:
        """Where the answer to a POST tells the id of what it made, which is saved; None where it does not."""
        variable = _variable(parameter, operation)
        for kind, schema in operation.success()[1].items():
            properties = properties_of(self.document.raw, self.bodies.examples, schema) if is_json(kind) else {}
            if name := openapi_ids.among(properties, parameter):
                request.saves.append(Save(variable, f"response.json()[{text_of(name)}]"))
                return Code(variable)
        if operation.has_location:
            request.saves.append(Save("location", 'response.headers["Location"]'))
            return Code("location")
        return None

    def _listed(self, request: Request, operation: Operation, parameter: Mapping[str, Any]) -> Code | None:
        for kind, schema in operation.success()[1].items():
            if not is_json(kind):
                continue
            where, item = openapi_ids.items(self.document.raw, self.bodies.examples, schema)
            properties = properties_of(self.document.raw, self.bodies.examples, item)
            name = openapi_ids.among(properties, parameter)
            is_plain = not properties and item.get("type") in ("string", "integer")
            if where is None or not (name or is_plain):
                continue
            listed = _things(operation.path)
            variable = _variable(parameter, operation)
            listed = f"{listed}_listed" if listed == variable else listed
            request.saves.append(Save(listed, f"response.json(){where}"))
            request.guard = listed
            request.picks.append(Save(variable, f"chance.choice({listed})" + (f"[{text_of(name)}]" if name else "")))
            return Code(variable)
        return None

    def parameter(self, operation: Operation, name: str) -> Mapping[str, Any]:
        """What is said of a parameter of the path: its name alone where the document forgot it."""
        found = (each for each in operation.parameters if (each["in"], each["name"]) == ("path", name))
        return next(found, {"name": name, "in": "path"})

    def _literal(self, operation: Operation, name: str) -> str:
        value = sample(self._example(self.parameter(operation, name), name))
        return re.sub(r"[^\w.~-]+", "-", str(value)) or "1"

    def _example(self, parameter: Mapping[str, Any], name: str) -> Value:
        if "example" in parameter:
            return parameter["example"]
        no_schema = ("name", "in", "required")  # OpenAPI 2 has the schema's keywords beside these
        schema = parameter.get("schema") or {key: part for key, part in parameter.items() if key not in no_schema}
        kind = schema.get("type") if isinstance(schema, Mapping) else None
        telling = {
            "$ref",
            "enum",
            "oneOf",
            "anyOf",
            "allOf",
            "example",
            "examples",
            "default",
            "const",
            "pattern",
            "format",
        }
        if kind in (None, "string") and not (isinstance(schema, Mapping) and schema.keys() & telling):
            return "1"
        return self.bodies.examples.value(schema, name)

    def _given(self, operation: Operation, place: str) -> dict[str, Value]:
        """The parameters that a request must have in this place."""
        return {
            str(each["name"]): self._example(each, str(each["name"]))
            for each in operation.parameters
            if each["in"] == place and each.get("required") is True and str(each["name"]).lower() not in SENT_ANYWAY
        }

    def _authorise(self, request: Request, operation: Operation) -> None:
        """Gives it the keys that its security schemes want in the query; what they want in headers, each user has."""
        for name in operation.security:
            scheme = self.document.schemes.get(name) or {}
            if scheme.get("type") != "apiKey" or scheme.get("in") != "query":
                continue
            request.params = {**request.params, str(scheme.get("name")): self.secret(name)}

    def secret(self, name: str) -> Code:
        """A value that stands in the scenario's .env."""
        full = secret_name(name)
        self.secrets.setdefault(full, "")
        return Code(f'os.environ["{full}"]', "secret")


def _path(parts: list[str | Code]) -> str | Mixed:
    """The parts as one: a plain text where nothing in it is code."""
    joined = with_texts_joined(parts)
    if all(isinstance(part, str) for part in joined):
        return "".join(map(str, joined))
    return Mixed(tuple(joined))


def _things(path: str) -> str:
    """What a collection is called: the last word of its path.

    >>> _things("/v1/users/{user}/order-lines"), _things("/projects/{owner}")
    ('order_lines', 'projects')
    """
    words = [part for part in path.split("/") if part and not part.startswith("{")]
    return naming.snake(words[-1]) if words else "things"


def _variable(parameter: Mapping[str, Any], operation: Operation) -> str:
    """What an id is called in the locustfile."""
    name = str(parameter["name"])
    return naming.snake(f"{naming.singular(_things(operation.path))}_id" if name.lower() == "id" else name)


def _is_given(parameter: Mapping[str, Any]) -> bool:
    """Whether the document itself says a value of the parameter."""
    schema = parameter.get("schema")
    places = (parameter, schema if isinstance(schema, Mapping) else {})
    return any(key in place for place in places for key in ("example", "examples", "default", "enum", "const"))
