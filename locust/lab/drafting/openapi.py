"""Operations of an OpenAPI document, 2.0 to 3.1. What is broken is named by its JSON pointer, and the rest goes on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from lab.drafting import naming, schemas
from lab.drafting.model import DraftError
from lab.drafting.schemas import entries, mapping

METHODS = ("get", "head", "post", "put", "patch", "delete", "options")
PLACES = ("path", "query", "header", "cookie")
JSON, FORM = "application/json", "application/x-www-form-urlencoded"


@dataclass
class Operation:
    """What a document says of one method of one path."""

    name: str
    method: str
    path: str
    pointer: str
    title: str = ""
    tags: tuple[str, ...] = ()
    parameters: list[Mapping[str, Any]] = field(default_factory=list)
    body_type: str | None = None
    body: Mapping[str, Any] = field(default_factory=dict)
    """The media type of the body: its schema and examples."""
    responses: dict[str, dict[str, Any]] = field(default_factory=dict)
    """For each documented status the schema of each content type; without types where it has no body."""
    has_location: bool = False
    security: tuple[str, ...] = ()
    """The schemes that a request needs, the first choice where there are several."""
    is_reset: bool = False
    is_state: bool = False
    is_deprecated: bool = False

    @property
    def last_parameter(self) -> str | None:
        """The name of the parameter that the path ends with; None where it ends otherwise."""
        found = re.search(r"\{([^{}]+)\}$", self.path)
        return found[1] if found else None

    def success(self) -> tuple[str, Mapping[str, Any]]:
        """The status of the first documented success and its content types."""
        return next(((status, types) for status, types in self.responses.items() if status[0] == "2"), ("2XX", {}))


class Document:
    """An OpenAPI document; `problems` fills with what is broken in it while it is read."""

    def __init__(self, document: dict[str, Any], source: str) -> None:
        self.raw, self.problems = document, list[str]()
        self.version = str(document.get("openapi") or document.get("swagger") or "")
        if not re.match(r"[23]\.", self.version):
            raise DraftError(f"{source} is no OpenAPI document: it has neither `openapi: 3.…` nor `swagger: 2.0`")
        if not isinstance(document.get("paths"), Mapping) or not document["paths"]:
            raise DraftError(f"{source}#/paths: an object with at least one path is wanted")
        self.is_old = self.version.startswith("2")
        self._source = source
        self._names = naming.Names()

    @property
    def title(self) -> str:
        """What the service is called."""
        return str(mapping(self.raw.get("info")).get("title") or "the service")

    @property
    def schemes(self) -> dict[str, Mapping[str, Any]]:
        """How one logs in: the security schemes by name."""
        found = self.raw.get("securityDefinitions") or mapping(self.raw.get("components")).get("securitySchemes")
        kinds = {name: self._look(scheme) for name, scheme in mapping(found).items()}
        return {name: scheme for name, scheme in kinds.items() if isinstance(scheme, Mapping)}

    def address(self) -> tuple[str | None, str]:
        """The host that the document names, and the path that all of its paths begin with."""
        if self.is_old:
            host = self.raw.get("host")
            scheme = next(iter(entries(self.raw.get("schemes"))), "https")
            return (f"{scheme}://{host}" if host else None), str(self.raw.get("basePath") or "").rstrip("/")
        server = mapping(next(iter(entries(self.raw.get("servers"))), None))
        url = str(server.get("url") or "/")
        for name, variable in mapping(server.get("variables")).items():
            url = url.replace(f"{{{name}}}", str(mapping(variable).get("default", "")))
        parts = urlsplit(url)
        return (f"{parts.scheme}://{parts.netloc}" if parts.netloc else None), parts.path.rstrip("/")

    def operations(self) -> Iterator[Operation]:
        """Every operation that can be read."""
        _, base = self.address()
        for path, node in self.raw["paths"].items():
            pointer = f"#/paths/{escaped(str(path))}"
            if str(path).startswith("x-"):
                continue
            item = self._look(node)
            if not isinstance(item, Mapping) or not str(path).startswith("/"):
                self.problem(pointer, "a path that begins with / and an object for it are wanted")
                continue
            for method in METHODS:
                if method in item:
                    try:
                        yield self._operation(method, f"{base}{path}", item, f"{pointer}/{method}")
                    except (TypeError, ValueError, KeyError, AttributeError) as error:
                        self.problem(f"{pointer}/{method}", f"cannot be read ({type(error).__name__}: {error})")

    def problem(self, pointer: str, what: str) -> None:
        """Notes what is broken, and where."""
        self.problems.append(f"{pointer}: {what}")

    def _look(self, node: Any) -> Any:
        try:
            return schemas.resolved(self.raw, node)
        except KeyError as error:
            self.problems.append(f"{error.args[0]}: nothing is there, though something refers to it")
            return None

    def _operation(self, method: str, path: str, item: Mapping[str, Any], pointer: str) -> Operation:
        node = item[method]
        if not isinstance(node, Mapping):
            raise TypeError("an object is wanted")
        said = node.get("operationId")
        name = self._names.unique(naming.snake(str(said) if said else f"{method} {path}"))
        made = Operation(name, method.upper(), path, pointer)
        made.title = str(node.get("summary") or node.get("description") or f"{made.method} {path}").split("\n")[0]
        tags = node.get("tags")
        made.tags = tuple(map(str, tags)) if isinstance(tags, list) else ()
        made.parameters = list(self._parameters(item, node, pointer))
        self._read_body(made, node, pointer)
        self._read_responses(made, node, pointer)
        made.security = self._security(node)
        made.is_reset, made.is_state = bool(node.get("x-lab-reset")), "x-lab-state" in node
        made.is_deprecated = node.get("deprecated") is True
        return made

    def _parameters(
        self, item: Mapping[str, Any], node: Mapping[str, Any], pointer: str
    ) -> Iterator[Mapping[str, Any]]:
        found: dict[tuple[str, str], Mapping[str, Any]] = {}
        for owner in (item, node):
            listed = owner.get("parameters") or []
            for number, each in enumerate(listed if isinstance(listed, list) else []):
                parameter = self._look(each)
                if isinstance(parameter, Mapping) and {"name", "in"} <= parameter.keys():
                    found[str(parameter["in"]), str(parameter["name"])] = parameter
                elif parameter is not None:
                    self.problem(f"{pointer}/parameters/{number}", "a parameter with name and in is wanted")
        yield from found.values()

    def _read_body(self, made: Operation, node: Mapping[str, Any], pointer: str) -> None:
        if self.is_old:
            self._read_old_body(made, node)
            return
        body = self._look(node.get("requestBody") or {})
        content = body.get("content") if isinstance(body, Mapping) else None
        if not isinstance(content, Mapping) or not content:
            if body:
                self.problem(f"{pointer}/requestBody", "content by media type is wanted; nothing is sent")
            return
        types = {str(name).partition(";")[0].strip().lower(): part for name, part in content.items()}
        chosen = next((name for name in types if is_json(name)), FORM if FORM in types else next(iter(types)))
        made.body_type = chosen
        made.body = types[chosen] if isinstance(types[chosen], Mapping) else {}

    def _read_old_body(self, made: Operation, node: Mapping[str, Any]) -> None:
        """In OpenAPI 2 the body is a parameter, or several of a form."""
        by_place: dict[str, list[Mapping[str, Any]]] = {}
        for each in made.parameters:
            by_place.setdefault(str(each["in"]), []).append(each)
        if "body" in by_place:
            consumed = list(map(str, entries(node.get("consumes") or self.raw.get("consumes")))) or [JSON]
            made.body_type = next(filter(is_json, consumed), consumed[0])
            made.body = {"schema": by_place["body"][0].get("schema") or {}}
        elif fields := by_place.get("formData"):
            made.body_type = "multipart/form-data" if any(each.get("type") == "file" for each in fields) else FORM
            made.body = {"schema": _object_of(fields)}
        made.parameters = [each for place in PLACES for each in by_place.get(place, ())]

    def _read_responses(self, made: Operation, node: Mapping[str, Any], pointer: str) -> None:
        listed = node.get("responses")
        if not isinstance(listed, Mapping):
            self.problem(f"{pointer}/responses", "statuses are wanted; any success is taken")
            return
        for status, each in listed.items():
            response = self._look(each)
            code = str(status).upper()
            if not re.fullmatch(r"[1-5](\d\d|XX)|DEFAULT", code) or not isinstance(response, Mapping):
                self.problem(f"{pointer}/responses/{status}", "a status such as 200 or 2XX with an object is wanted")
                continue
            if code != "DEFAULT":
                made.responses[code] = self._types(response, node)
            headers = response.get("headers")
            if isinstance(headers, Mapping) and code[0] in "23":
                made.has_location |= any(str(name).lower() == "location" for name in headers)

    def _types(self, response: Mapping[str, Any], node: Mapping[str, Any]) -> dict[str, Any]:
        if self.is_old:
            if "schema" not in response:
                return {}
            produced = node.get("produces") or self.raw.get("produces") or [JSON]
            return {str(name).partition(";")[0].strip().lower(): response["schema"] for name in produced}
        content = response.get("content")
        if not isinstance(content, Mapping):
            return {}
        return {
            str(name).partition(";")[0].strip().lower(): part.get("schema") if isinstance(part, Mapping) else None
            for name, part in content.items()
        }

    def _security(self, node: Mapping[str, Any]) -> tuple[str, ...]:
        listed = node["security"] if "security" in node else self.raw.get("security")
        if not isinstance(listed, list) or not all(isinstance(each, Mapping) for each in listed) or {} in listed:
            return ()
        return tuple(map(str, listed[0])) if listed else ()


def _object_of(fields: list[Mapping[str, Any]]) -> dict[str, Any]:
    """The schema of a form, from the fields of OpenAPI 2."""
    required = [each["name"] for each in fields if each.get("required") is True]
    return {"type": "object", "properties": {each["name"]: each for each in fields}, "required": required}


def escaped(part: str) -> str:
    """A name as a part of a JSON pointer."""
    return part.replace("~", "~0").replace("/", "~1")


def is_json(kind: str) -> bool:
    """Whether a content type is JSON's, or one that is built on it."""
    kind = kind.partition(";")[0].strip().lower()
    return kind == JSON or kind.endswith("+json")
