"""Values made by a schema: the document's own examples first, and otherwise values that differ from request to request.

hypothesis-jsonschema makes what breaks services, in tests of the service; a load wants values like those of people, at
the speed of a dictionary in the locustfile. So a value is made once, when the locustfile is written, is tried out
against its schema, and stands there for a person to see and change.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from random import Random
from typing import Any

import rstr

from lab.drafting import schemas
from lab.drafting.model import Code, Mixed, Value
from lab.drafting.python_text import one_line

DEEPEST = 5
OPTIONAL_UNTIL = 3
"""Down to that depth, properties that may be left out are sent as well."""
LONGEST = 60
MOST_ITEMS, MOST_CHOICES = 20, 10
SPAN = 100
"""How far numbers reach where the schema has no end of them."""
DRAWS = 20
"""Of so many texts that match a pattern the shortest is taken: where it may be of any length, most are long."""
UNIQUE = re.compile(r"e?mail|user_?name|login|slug|sku|handle|nick", re.IGNORECASE)
"""Properties that a service seldom takes twice."""
# not by `chance`, which is the same for each worker and in each run
_ONCE = Code("uuid4().hex[:12]", "0123456789ab")
_FORMATS: dict[str, Value] = {
    "date": "2026-01-15",
    "date-time": "2026-01-15T12:00:00Z",
    "time": "12:00:00Z",
    "email": Mixed(("user-", _ONCE, "@example.org")),
    "uuid": Code("str(uuid4())", "3f0e2a7c-5d1b-4c8e-9a6f-2b7d4e1c8a90"),
    "uri": "https://example.org/",
    "url": "https://example.org/",
    "hostname": "example.org",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "byte": "bG9hZA==",
    "binary": "load",
    "password": "correct horse battery staple",
}


class Examples:
    """Makes values by the schemas of a document, the same ones each time."""

    def __init__(self, document: Mapping[str, Any], seed: int = 1) -> None:
        self._document = document
        self._random = Random(seed)  # noqa: S311 - no secret

    def value(self, schema: Any, name: str = "", depth: int = 0) -> Value:
        """A value that the schema allows, as far as it can be made; `name` is that of the property."""
        schema = self.look(schema)
        if (given := _given(schema)) is not _NONE:
            return given
        if schemas.entries(schema.get("allOf")):
            return self.value(self.merged(schema), name, depth)
        for choice in ("oneOf", "anyOf"):
            if choices := schemas.entries(schema.get(choice)):
                rest = {key: part for key, part in schema.items() if key != choice}
                chosen = next((each for each in choices if not _is_null(each)), choices[0])
                return self.value(self.merged({"allOf": [rest, chosen]}) if rest else chosen, name, depth)
        return self._by_type(schema, name, depth)

    def look(self, schema: Any) -> Mapping[str, Any]:
        """The schema, or what it refers to; an empty one where that leads nowhere."""
        try:
            return schemas.mapping(schemas.resolved(self._document, schema))
        except KeyError:
            return {}

    def merged(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        """A schema with allOf as one without."""
        found = {key: part for key, part in schema.items() if key != "allOf"}
        for part in map(self.look, schemas.entries(schema.get("allOf"))):
            for key, more in (self.merged(part) if "allOf" in part else part).items():
                if key == "properties":
                    found[key] = {**schemas.mapping(found.get(key)), **schemas.mapping(more)}
                elif key == "required":
                    found[key] = [*schemas.entries(found.get(key)), *schemas.entries(more)]
                else:
                    found.setdefault(key, more)
        return found

    def _by_type(self, schema: Mapping[str, Any], name: str, depth: int) -> Value:
        kinds = schema.get("type")
        kind = next((each for each in kinds if each != "null"), "null") if isinstance(kinds, list) else kinds
        if kind == "object" or (kind is None and "properties" in schema):
            return self._object(schema, depth)
        if kind == "array":
            return self._array(schema, name, depth)
        if kind in ("integer", "number"):
            return _number(schema, whole=kind == "integer")
        if kind == "boolean":
            return Code("chance.choice((True, False))", sample=True)
        return None if kind == "null" else self._string(schema, name)

    def _array(self, schema: Mapping[str, Any], name: str, depth: int) -> Value:
        if depth >= DEEPEST:
            return []
        least, most = _count(schema.get("minItems"), 0), _count(schema.get("maxItems"), 1)
        count = max(least, min(1, most))
        return [self.value(schema.get("items") or {}, name, depth + 1) for _ in range(min(count, MOST_ITEMS))]

    def _object(self, schema: Mapping[str, Any], depth: int) -> Value:
        properties = {str(name): part for name, part in schemas.mapping(schema.get("properties")).items()}
        required = [str(name) for name in schemas.entries(schema.get("required"))]
        found = {}
        for name in dict.fromkeys([*properties, *required]):
            part = properties.get(name, {"type": "string"})
            is_sent = depth < OPTIONAL_UNTIL and not self._is_left_out(part)
            if is_sent or (name in required and depth <= 2 * DEEPEST):
                found[name] = self.value(part, name, depth + 1)
        return found

    def _is_left_out(self, schema: Any) -> bool:
        found = self.look(schema)
        return bool(found.get("readOnly") or found.get("deprecated")) or (not found and bool(schema))

    def _string(self, schema: Mapping[str, Any], name: str) -> Value:
        if isinstance(kind := schema.get("format"), str) and kind in _FORMATS:
            return _FORMATS[kind]
        if UNIQUE.search(name) and "pattern" not in schema and _count(schema.get("maxLength"), LONGEST) >= 20:
            if "mail" in name.lower():
                return _FORMATS["email"]
            return Mixed((f"{name.lower()}-", _ONCE))
        plain = _fitted(f"{name.replace('_', ' ')} for the load test" if name else "load test", schema)
        if isinstance(pattern := schema.get("pattern"), str):
            return self._matching(pattern, plain)
        return plain

    def _matching(self, pattern: str, plain: str) -> str:
        """A text that matches: the plain one where it does."""
        try:
            if re.search(pattern, plain):
                return plain
            made = rstr.Rstr(self._random)
            return min((made.xeger(pattern) for _ in range(DRAWS)), key=len)
        except (re.error, NotImplementedError, ValueError, KeyError, IndexError, RecursionError):
            return plain  # a pattern in another dialect: trying it out will tell


_NONE = object()


def _given(schema: Mapping[str, Any]) -> Value:
    """The value that the document itself gives, or _NONE."""
    for key in ("const", "example", "default"):
        if key in schema and not (key == "default" and schema[key] is None):
            return schema[key]
    if examples := schemas.entries(schema.get("examples")):
        return examples[0]
    choices = schemas.entries(schema.get("enum"))
    choices = [each for each in choices if each is not None] or choices
    return _chosen(choices) if choices else _NONE


def _chosen(choices: list[Any]) -> Value:
    """One of them, another one each time where they are plain."""
    if len(choices) == 1 or not all(isinstance(each, (str, int, float)) for each in choices):
        return choices[0]
    return Code(f"chance.choice({one_line(tuple(choices[:MOST_CHOICES]))})", choices[0])


def _is_null(schema: Any) -> bool:
    return isinstance(schema, Mapping) and schema.get("type") == "null"


def _count(given: Any, otherwise: int) -> int:
    return given if isinstance(given, int) and not isinstance(given, bool) else otherwise


def _number(schema: Mapping[str, Any], *, whole: bool) -> Value:
    low, high = _bound(schema, "minimum", "exclusiveMinimum", 1), _bound(schema, "maximum", "exclusiveMaximum", -1)
    step = schema.get("multipleOf")
    if isinstance(step, (int, float)) and step > 0:
        value = step * max(1, -(-(low or step) // step))
        return int(value) if whole else value
    if low is None:
        low = 1 if high is None or high >= 1 else high - SPAN
    high = low + SPAN if high is None else min(high, low + 10 * SPAN)
    return _whole(low, high) if whole else _between(low, high)


def _whole(low: float, high: float) -> Value:
    least, most = -int(-low // 1), int(high // 1)
    return least if least >= most else Code(f"chance.randint({least}, {most})", least)


def _between(low: float, high: float) -> Value:
    return Code(f"round(chance.uniform({low:g}, {high:g}), 2)", round((low + high) / 2, 2)) if high > low else low


def _bound(schema: Mapping[str, Any], bound: str, exclusive: str, inside: int) -> float | None:
    given = schema.get(exclusive)
    if isinstance(given, (int, float)) and not isinstance(given, bool):
        return given + inside
    plain = schema.get(bound)
    if not isinstance(plain, (int, float)) or isinstance(plain, bool):
        return None
    return plain + inside if given is True else plain


def _fitted(text: str, schema: Mapping[str, Any]) -> str:
    least, most = schema.get("minLength"), schema.get("maxLength")
    if isinstance(least, int) and len(text) < least:
        text = (f"{text} " * (least // len(text) + 1))[:least]
        text = text.rstrip().ljust(least, "x")
    return text[:most].strip().ljust(least if isinstance(least, int) else 0, "x") if isinstance(most, int) else text
