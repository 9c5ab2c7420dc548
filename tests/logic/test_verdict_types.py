"""verdict.schema.json and the types of verdict.json (judging/document.py) name the same keys, required and nullable."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from lab.judging.document import Document

PUBLISHED = json.loads((Path(__file__).parents[2] / "locust" / "lab" / "judging" / "verdict.schema.json").read_text())
TYPED = msgspec.json.schema(Document)
SINCE = {
    # the types have what the lab writes today; documents of earlier versions are still valid, and lack these
    "Document": {
        "durability",
        "exceptions",
        "data",
        "journeys",
        "measures",
        "classes",
        "interrupted_by",
        "search",
        "stopped",
        "stationarity",
        "peak",
        "arrivals",
        "soak",
        "machine",
        "faults",
        "part",
        "merged",
    },
    "LimitRow": {"measure"},
    "MachineRow": {"accepted"},
    "OutageRow": {"others", "silent_seconds"},
    "LedgerRow": {"answered_twice", "audit_due"},
}


def resolved(schema: dict[str, Any], whole: dict[str, Any]) -> dict[str, Any]:
    """The schema with its reference followed."""
    while "$ref" in schema:
        schema = whole["$defs"][schema["$ref"].rpartition("/")[2]]
    return schema


def alternatives(schema: dict[str, Any], whole: dict[str, Any]) -> list[dict[str, Any]]:
    schema = resolved(schema, whole)
    return [each for one in schema.get("oneOf", schema.get("anyOf", ())) for each in alternatives(one, whole)] or [
        schema
    ]


def is_nullable(schema: dict[str, Any], whole: dict[str, Any]) -> bool:
    return any(each.get("type") == "null" or "null" in each.get("type", ()) for each in alternatives(schema, whole))


def inner(schema: dict[str, Any], whole: dict[str, Any]) -> dict[str, Any]:
    """What the schema holds of objects: itself, or what its list or its mapping is made of."""
    for each in alternatives(schema, whole):
        for part in ("items", "additionalProperties"):
            if isinstance(each.get(part), dict):
                return inner(each[part], whole)
        if "properties" in each:
            return each
    return {}


def differences(typed: dict[str, Any], published: dict[str, Any], name: str) -> Iterator[str]:
    ours, theirs = typed["properties"], published["properties"]
    yield from (f"{name}.{key} is in one of them alone" for key in ours.keys() ^ theirs.keys())
    since = SINCE.get(typed.get("title", ""), set())
    must = set(typed.get("required", ())), set(published.get("required", ()))
    yield from (f"{name}.{key} must be there in one of them alone" for key in (must[0] ^ must[1]) - since)
    for key in ours.keys() & theirs.keys():
        nullable = is_nullable(ours[key], TYPED), is_nullable(theirs[key], PUBLISHED)
        if nullable[0] is not nullable[1]:
            yield f"{name}.{key} may be null in one of them alone"
        one, other = inner(ours[key], TYPED), inner(theirs[key], PUBLISHED)
        if bool(one) is not bool(other):
            yield f"{name}.{key} has keys in one of them alone"
        elif one and other:
            yield from differences(one, other, f"{name}.{key}")


def test_the_schema_and_the_types_name_the_same_keys() -> None:
    assert list(differences(inner(TYPED, TYPED), PUBLISHED, "verdict")) == []


def test_a_key_that_only_one_of_them_has_is_noticed() -> None:
    changed = json.loads(json.dumps(PUBLISHED))
    changed["properties"]["surprise"] = {"type": "string"}
    changed["properties"]["target"]["type"] = ["string", "null"]
    changed["required"].remove("plan")
    assert sorted(differences(inner(TYPED, TYPED), changed, "verdict")) == [
        "verdict.plan must be there in one of them alone",
        "verdict.surprise is in one of them alone",
        "verdict.target may be null in one of them alone",
    ]
