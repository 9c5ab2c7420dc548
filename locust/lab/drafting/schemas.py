"""Schemas of OpenAPI documents as JSON Schema (2020-12), with what they refer to. Lying ones are mended or left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema_rs

TYPES = {"null", "boolean", "object", "array", "number", "string", "integer"}
_MOST_HOPS = 50
_BELOW = {"properties", "patternProperties", "definitions", "$defs", "dependentSchemas"}
"""Keywords whose value has a schema for each name."""
_LISTS = {"allOf", "anyOf", "oneOf", "prefixItems"}
_SINGLE = {"items", "additionalProperties", "not", "contains", "propertyNames", "if", "then", "else"}


def mapping(value: Any) -> Mapping[str, Any]:
    """The value where it is an object, or an empty one: a document may have anything anywhere."""
    return value if isinstance(value, Mapping) else {}


def entries(value: Any) -> list[Any]:
    """The value where it is a list, or an empty one."""
    return value if isinstance(value, list) else []


def target(document: Mapping[str, Any], reference: str) -> Any:
    """What a reference inside the document leads to. Raises KeyError where it leads nowhere, or out of the document."""
    if not reference.startswith("#/"):
        raise KeyError(reference)
    found: Any = document
    for part in reference[2:].split("/"):
        name = part.replace("~1", "/").replace("~0", "~").replace("%7B", "{").replace("%7D", "}")
        try:
            found = found[int(name)] if isinstance(found, list) else found[name]
        except (LookupError, TypeError, ValueError) as error:
            raise KeyError(reference) from error
    return found


def resolved(document: Mapping[str, Any], node: Any) -> Any:
    """The node, or what it refers to in the end. Raises KeyError where that is nowhere, or refers to itself."""
    for _ in range(_MOST_HOPS):
        if not isinstance(node, Mapping) or not isinstance(node.get("$ref"), str):
            return node
        node = target(document, node["$ref"])
    raise KeyError(str(node))


def normal(schema: Any) -> Any:
    """The schema of OpenAPI 2, 3.0 or 3.1 as one of JSON Schema 2020-12; what is no schema at all allows anything."""
    if isinstance(schema, bool):
        return schema
    if not isinstance(schema, Mapping):
        return {}
    if isinstance(schema.get("$ref"), str):
        return {"$ref": schema["$ref"]}
    found = {name: _normal_part(name, part) for name, part in schema.items() if name not in ("example", "examples")}
    _mend_type(found)
    _mend_bounds(found)
    if not isinstance(found.get("required", []), list):
        del found["required"]  # draft 3 said it at each property
    if found.pop("nullable", False) is True:
        _allow_null(found)
    return found


def _normal_part(name: str, part: Any) -> Any:
    if name in _BELOW and isinstance(part, Mapping):
        return {key: normal(each) for key, each in part.items()}
    if name in _LISTS and isinstance(part, list):
        return [normal(each) for each in part]
    if name in _SINGLE:
        return normal(part)
    return part


def _mend_type(found: dict[str, Any]) -> None:
    kinds = found.get("type")
    if kinds is None:
        return
    known = [
        kind for kind in (kinds if isinstance(kinds, list) else [kinds]) if isinstance(kind, str) and kind in TYPES
    ]
    if not known:
        del found["type"]  # such as `file` of OpenAPI 2, or `int`
    else:
        found["type"] = known[0] if len(known) == 1 else known


def _mend_bounds(found: dict[str, Any]) -> None:
    for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        # until 3.0 it says how the other is meant
        if isinstance(found.get(exclusive), bool) and found.pop(exclusive) and bound in found:
            found[exclusive] = found.pop(bound)


def _allow_null(found: dict[str, Any]) -> None:
    if isinstance(found.get("type"), str):
        found["type"] = [found["type"], "null"]
    if isinstance(found.get("enum"), list) and None not in found["enum"]:
        found["enum"] = [*found["enum"], None]


def references(schema: Any) -> Iterator[str]:
    """The references in a schema."""
    if isinstance(schema, Mapping):
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"]
        for part in schema.values():
            yield from references(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from references(part)


def surroundings(document: Mapping[str, Any], schemas: list[Any]) -> dict[str, Any]:
    """What these schemas refer to, each at its place in the document; what leads nowhere allows anything."""
    found: dict[str, Any] = {}
    open_ends = [reference for schema in schemas for reference in references(schema)]
    seen: set[str] = set()
    while open_ends:
        reference = open_ends.pop()
        if reference in seen or not reference.startswith("#/"):
            continue
        seen.add(reference)
        try:
            schema = normal(target(document, reference))
        except KeyError:
            schema = {}
        *parents, last = (part.replace("~1", "/").replace("~0", "~") for part in reference[2:].split("/"))
        place = found
        for part in parents:
            place = place.setdefault(part, {})
        place[last] = schema
        open_ends += references(schema)
    return found


def problem(schema: Any, root: Mapping[str, Any]) -> str | None:
    """Why nothing can be held against the schema; None where that is possible."""
    if isinstance(schema, bool):
        return None
    try:
        jsonschema_rs.Draft202012Validator({**root, **schema})
    except (ValueError, jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError) as error:
        return " ".join(str(getattr(error, "message", error)).split())[:160]
    return None


def breach(schema: Any, root: Mapping[str, Any], instance: Any) -> str | None:
    """Where the instance breaks the schema, as a JSON pointer and a keyword; None where it does not."""
    if isinstance(schema, bool):
        return None if schema else "/: false"
    for error in jsonschema_rs.Draft202012Validator({**root, **schema}).iter_errors(instance):
        return f"/{'/'.join(map(str, error.instance_path))}: {error.schema_path[-1]}"
    return None
