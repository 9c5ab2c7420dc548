"""What is the contract? openapi.yaml, read once: the document that is served, and the check of what is posted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import yaml

from api.problems import Problem, echo

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SOURCE = Path(__file__).with_name("openapi.yaml")


def read_contract(*, allow_reset: bool) -> dict[str, Any]:
    """The OpenAPI document of this service; DELETE /tests is in it only where it exists."""
    document: dict[str, Any] = yaml.load(SOURCE.read_text("utf-8"), yaml.CSafeLoader)
    if not allow_reset:
        del document["paths"]["/tests"]["delete"]
    return document


def item_reader(document: dict[str, Any]) -> Callable[[Any], str]:
    """A function that turns a posted value into the item to keep, or raises Problem 422 naming all that is wrong."""
    validator = jsonschema_rs.Draft202012Validator(document["components"]["schemas"]["TestingType"])

    def read_item(value: Any) -> str:
        try:
            if not validator.is_valid(value):
                raise _invalid([_explain(error) for error in validator.iter_errors(value)])
        except UnicodeEncodeError:
            raise _invalid([{"pointer": _surrogate_pointer(value), "detail": "has half of a surrogate pair"}]) from None
        return _serialise({"description": value["description"], "name": value["name"]})

    return read_item


_serialise = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def _invalid(errors: list[dict[str, str]]) -> Problem:
    first = errors[0]
    where = f"{first['pointer']} " if first["pointer"] else "The body "
    return Problem(422, f"{where}{first['detail']}.", errors=errors)


def _explain(error: jsonschema_rs.ValidationError) -> dict[str, str]:
    """One violation of the schema, as a JSON pointer (RFC 6901) and what is wrong there."""
    pointer = "".join(f"/{step}" for step in error.instance_path)
    rule = str(error.schema_path[-1])
    facts: Mapping[str, Any] = error.kind.as_dict()
    if rule == "required":
        return {"pointer": f"{pointer}/{facts['property']}", "detail": "is missing"}
    if rule == "additionalProperties":
        return {"pointer": pointer, "detail": f"has a member that is not known: {echo(facts['unexpected'][0])}"}
    return {"pointer": pointer, "detail": _SENTENCES.get(rule, "is not valid").format(**facts)}


_SENTENCES = {
    "type": "must be of type {types[0]}",
    "minLength": "must have at least {limit} character",
    "maxLength": "must have at most {limit} characters",
    "pattern": "must hold something visible, and no NUL",
}


def _surrogate_pointer(value: Any) -> str:
    """Where the half of a surrogate pair is, as far as that can be said in JSON."""
    members = value.items() if isinstance(value, dict) else ()
    for key, member in members:
        if key.isascii() and isinstance(member, str) and not _is_unicode(member):
            return f"/{key}"[:100]
    return ""


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
