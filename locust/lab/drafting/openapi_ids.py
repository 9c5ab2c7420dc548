"""Where in an answer is the id that a parameter of a path takes?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lab.drafting.examples import Examples
from lab.drafting.openapi_bodies import properties_of
from lab.drafting.python_text import text_of
from lab.drafting.schemas import mapping

LISTS = ("data", "items", "results", "content", "records", "values", "entries")
"""What the list in an answer is mostly called, where an object has it."""
IDS = ("id", "uuid", "_id", "key", "slug", "code", "number", "name", "username")
"""What an id is mostly called, the best first."""


def items(document: Mapping[str, Any], examples: Examples, schema: Any) -> tuple[str | None, Mapping[str, Any]]:
    """Where in an answer its list is, as Python, and the schema of an item; None where it has none."""
    found = examples.look(schema)
    if found.get("type") == "array" or "items" in found:
        return "", examples.look(found.get("items"))
    properties = properties_of(document, examples, found)
    arrays = [name for name, part in properties.items() if mapping(part).get("type") == "array"]
    if not arrays:
        return None, {}
    name = min(arrays, key=lambda each: LISTS.index(each) if each in LISTS else len(LISTS))
    return f"[{text_of(name)}]", examples.look(properties[name].get("items"))


def among(properties: Mapping[str, Any], parameter: Mapping[str, Any]) -> str | None:
    """Which property has the id that a parameter takes: by its name, and only where it is of the same type."""
    plain = {_plain(name): name for name in properties}
    wanted = _plain(str(parameter["name"]))
    for candidate in (wanted, *map(_plain, IDS)):
        name = plain.get(candidate)
        if name is not None and _type(properties[name]) in (None, _type(parameter.get("schema") or parameter)):
            return name
        if name is not None and _type(parameter.get("schema") or parameter) is None:
            return name
    return None


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")


def _type(schema: Any) -> str | None:
    kind = schema.get("type") if isinstance(schema, Mapping) else None
    return kind if isinstance(kind, str) else None
