"""What the operations of a document are sent and may answer: bodies by their schemas, and the contract."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lab.drafting import schemas
from lab.drafting.examples import Examples
from lab.drafting.ledgering import TELLING, WRITE
from lab.drafting.model import Mixed, Request, Value, sample
from lab.drafting.openapi import FORM, Document, Operation, is_json


class Bodies:
    """Makes what is sent, and notes what may be answered."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self.examples = Examples(document.raw)
        self.operations: dict[str, dict[str, dict[str, Any]]] = {}
        self.remarks: list[str] = []
        self._told: set[str] = set()

    def fill(self, request: Request, operation: Operation, *, audited: bool) -> str | None:
        """Gives the request its body, with the id of a write if it can take one; why it has none, where one is due."""
        kind = operation.body_type
        if kind is None:
            return None
        value = self._value(operation)
        if is_json(kind):
            request.has_json = True
            request.json = self._with_write(request, operation, value) if audited else value
            self._try_out(operation, request.json)
            if kind != "application/json":
                request.headers = {**request.headers, "Content-Type": kind}
        elif kind == FORM:
            request.data = value
        elif kind.startswith("text/"):
            request.data = sample(value) if isinstance(sample(value), str) else "load test"
            request.headers = {**request.headers, "Content-Type": kind}
        elif kind == "application/octet-stream":
            request.data = b"load test"
            request.headers = {**request.headers, "Content-Type": kind}
        else:
            return f"its body is {kind}, which takes a value that the document does not give: write it"
        return None

    def contract(self) -> dict[str, Any]:
        """The contract of all operations that were noted, with the schemas that they refer to."""
        noted = [
            schema for statuses in self.operations.values() for types in statuses.values() for schema in types.values()
        ]
        return {"operations": self.operations, **schemas.surroundings(self._document.raw, noted)}

    def note(self, operation: Operation) -> None:
        """Takes the operation's successes into the contract."""
        if operation.name in self.operations:
            return
        found: dict[str, dict[str, Any]] = {}
        for status, types in operation.responses.items():
            if status[0] in "23":
                found[status] = {kind: self._schema(operation, status, schema) for kind, schema in types.items()}
        self.operations[operation.name] = found

    def _schema(self, operation: Operation, status: str, schema: Any) -> Any:
        if schema is None:
            return None
        normal = schemas.normal(schema)
        if problem := schemas.problem(normal, schemas.surroundings(self._document.raw, [normal])):
            self.tell(
                f"{operation.pointer}/responses/{status}", f"its schema is none ({problem}); bodies are not checked"
            )
            return None
        return normal

    def tell(self, pointer: str, what: str) -> None:
        """Notes something for the person, once for each place."""
        if pointer not in self._told:
            self._told.add(pointer)
            self.remarks.append(f"{pointer}: {what}")

    def _value(self, operation: Operation) -> Value:
        media = operation.body
        if "example" in media:
            return media["example"]
        if isinstance(given := media.get("examples"), Mapping) and given:
            try:
                first = schemas.resolved(self._document.raw, next(iter(given.values())))
            except KeyError:
                first = None
            if isinstance(first, Mapping) and "value" in first:
                return first["value"]
        return self.examples.value(media.get("schema") or {}, "")

    def _with_write(self, request: Request, operation: Operation, value: Value) -> Value:
        for name, with_id in self._places(operation, value):
            changed = {**value, name: with_id}
            if not self._breach(operation, changed):
                request.write = True
                return changed
        return value

    def _places(self, operation: Operation, value: Value) -> Iterator[tuple[str, Value]]:
        """The fields that may hold an id, and their value with it."""
        if not isinstance(value, dict):
            return
        texts = [name for name, part in value.items() if isinstance(part, (str, Mixed))]
        told = sorted((name for name in texts if name.lower() in TELLING), key=lambda name: TELLING.index(name.lower()))
        properties = self._properties(operation)
        for name in [*told, *(name for name in texts if name not in told)]:
            schema = properties.get(name)
            if isinstance(schema, Mapping) and not {"format", "enum", "const"} & schema.keys():
                text = sample(value[name])
                yield name, Mixed((f"{text} ", WRITE))
                yield name, WRITE

    def _properties(self, operation: Operation) -> Mapping[str, Any]:
        return properties_of(self._document.raw, self.examples, operation.body.get("schema"))

    def _try_out(self, operation: Operation, value: Value) -> None:
        if where := self._breach(operation, value):
            self.tell(
                f"{operation.pointer}/requestBody", f"the body breaks its own schema at {where}; correct it below"
            )

    def _breach(self, operation: Operation, value: Value) -> str | None:
        schema = schemas.normal(operation.body.get("schema") or {})
        root = schemas.surroundings(self._document.raw, [schema])
        if problem := schemas.problem(schema, root):
            self.tell(f"{operation.pointer}/requestBody", f"its schema is none ({problem}); the body is a guess")
            return None
        return schemas.breach(schema, root, sample(value))


def properties_of(document: Mapping[str, Any], examples: Examples, schema: Any) -> Mapping[str, Any]:
    """The properties of an object's schema, each with what it refers to; empty where it is none."""
    try:
        found = schemas.resolved(document, schema)
    except KeyError:
        return {}
    if not isinstance(found, Mapping):
        return {}
    if "allOf" in found:
        found = examples.merged(found)
    properties = found.get("properties")
    known = {}
    for name, part in (properties if isinstance(properties, Mapping) else {}).items():
        try:
            known[str(name)] = schemas.resolved(document, part)
        except KeyError:
            continue
    return known
