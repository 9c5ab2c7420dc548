"""Which packages does the scenario import that the image would not have? Of its own code, by what is installed here."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from importlib import metadata
from pathlib import Path

_NAME = re.compile(r"^\s*([A-Za-z0-9][A-Za-z0-9._-]*)")


def missing(code: Iterable[Path], requirements: Iterable[Path]) -> list[str]:
    """The packages that this code imports and that no file of requirements brings along, by their own names."""
    brought = _with_what_they_need(_named(requirements))
    own = list(code)
    modules = {file.stem for file in own} | {file.parent.name for file in own}
    packages = metadata.packages_distributions()
    found = {
        package
        for module in _imported(own)
        if module not in modules and module not in sys.stdlib_module_names
        for package in packages.get(module, ())
        if _plain(package) not in brought
    }
    return sorted(found)


def _imported(code: Iterable[Path]) -> Iterator[str]:
    for file in code:
        with suppress(OSError, ValueError, SyntaxError):
            for node in ast.walk(ast.parse(file.read_bytes())):
                if isinstance(node, ast.Import):
                    yield from (alias.name.partition(".")[0] for alias in node.names)
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    yield node.module.partition(".")[0]


def _named(files: Iterable[Path]) -> Iterator[str]:
    for file in files:
        with suppress(OSError):
            for line in file.read_text(encoding="utf-8").splitlines():
                if found := _NAME.match(line):
                    yield found[1]


def _with_what_they_need(names: Iterable[str]) -> set[str]:
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if _plain(name) in found:
            continue
        found.add(_plain(name))
        waiting += [match[1] for text in _needs(name) if (match := _NAME.match(text))]
    return found


def _needs(package: str) -> list[str]:
    """What the package requires, without its extras."""
    try:
        return [text for text in metadata.requires(package) or () if "extra ==" not in text]
    except metadata.PackageNotFoundError:
        return []


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
