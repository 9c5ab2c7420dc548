"""Documents, from an address, a file or the standard input, in JSON or YAML. What is broken is named by its line."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import yaml

from lab import reach
from lab.asking.asker import Asker, AskFailed
from lab.drafting.model import DraftError

SECONDS = 30
MOST_BYTES = 50_000_000


def text(source: str) -> str:
    """The text at a URL, in a file, or of the standard input where it is `-`. Raises DraftError."""
    if source.startswith(("http://", "https://")):
        return _fetched(source)
    try:
        return sys.stdin.read() if source == "-" else Path(source).read_text(encoding="utf-8-sig")
    except OSError as error:
        hint = "with Compose it must be in scenario/, or come as - with < FILE"
        raise DraftError(f"{source} cannot be read: {error.strerror} ({hint})") from error
    except UnicodeDecodeError as error:
        raise DraftError(
            f"{source} is no text in UTF-8: byte {error.start} is {error.object[error.start]:#04x}"
        ) from error


def _fetched(url: str) -> str:
    try:
        # LAB_HEADERS is for the target, and a document may be anywhere
        with Asker(reach.parse(url, with_query=True).url, has_login=False, most_bytes=MOST_BYTES) as asker:
            reply = asker.ask("GET", "", SECONDS)
    except (AskFailed, reach.WrongUrl) as error:
        raise DraftError(f"{url} cannot be read: {error}") from error
    if reply.status != 200:
        raise DraftError(f"{url} answers {reply.status}: it takes the address of the document itself")
    return str(reply.content, "utf-8-sig", "replace")


def parsed(source: str, written: str) -> dict[str, Any]:
    """The object that a text in JSON or YAML has. Raises DraftError with the line where it is broken."""
    if written.lstrip().startswith(("{", "[")):
        document = parsed_json(source, written)
    else:
        document = _parsed_yaml(source, written)
    if not isinstance(document, dict):
        raise DraftError(f"{source} is no object: it takes a document with an object in it")
    return document


def parsed_json(source: str, written: str) -> Any:
    """A document from its text in JSON. Raises DraftError with the line where it is broken."""
    try:
        return json.loads(written)
    except json.JSONDecodeError as error:
        raise DraftError(f"{source}, line {error.lineno}, column {error.colno}: {error.msg}") from error
    except RecursionError as error:
        raise DraftError(f"{source} is nested too deep") from error


def _parsed_yaml(source: str, written: str) -> Any:
    try:
        return yaml.load(written, _Loader)  # noqa: S506 - a safe loader
    except yaml.MarkedYAMLError as error:
        where = error.problem_mark or error.context_mark
        place = f", line {where.line + 1}, column {where.column + 1}" if where else ""
        raise DraftError(f"{source}{place}: {error.problem or error.context}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise DraftError(f"{source} is no YAML: {' '.join(str(error).split())[:200]}") from error


class _Loader(yaml.SafeLoader):
    """Safe; dates are left as the texts that they are in a document, and names are texts, as in JSON."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        found = super().construct_mapping(node, deep)
        return {str(name).lower() if isinstance(name, bool) else str(name): part for name, part in found.items()}


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
