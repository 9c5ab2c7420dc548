"""Values and calls as lines of Python, laid out as ruff's formatter would."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lab.drafting.model import Code, Mixed, Value

WIDTH = 120
STEP = 4


def text_of(value: str) -> str:
    """A string, between double quotes unless that takes more escapes.

    >>> print(text_of("it's"), text_of('say "so"'))
    "it's" 'say "so"'
    """
    plain = repr(value)
    if plain[0] == "'" and '"' not in value:
        return f'"{plain[1:-1]}"'
    return plain


def one_line(value: Value) -> str:
    """A value in one line.

    >>> one_line({"name": Mixed(("pet ", Code("write"))), "tags": [], "age": Code("chance.randint(1, 9)")})
    '{"name": f"pet {write}", "tags": [], "age": chance.randint(1, 9)}'
    """
    if isinstance(value, Code):
        return value.text
    if isinstance(value, Mixed):
        return _mixed(value)
    if isinstance(value, str):
        return text_of(value)
    if isinstance(value, bytes):
        return f"b{text_of(value.decode('ascii'))}"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{one_line(name)}: {one_line(part)}" for name, part in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        inner = ", ".join(map(one_line, value))
        if isinstance(value, list):
            return f"[{inner}]"
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    return repr(value)


def _mixed(value: Mixed) -> str:
    if all(isinstance(part, str) for part in value.parts):
        return text_of("".join(map(str, value.parts)))
    if len(value.parts) == 1:
        (only,) = value.parts
        return f"str({only.text})" if isinstance(only, Code) else text_of(only)
    # Python before 3.12 takes no quote of the f-string inside of it
    codes = [part.text for part in value.parts if isinstance(part, Code)]
    quote = "'" if any('"' in code and "'" in code for code in codes) else '"'
    inner = "".join(_inside(part) if isinstance(part, Code) else _escaped(part, quote) for part in value.parts)
    return f"f{quote}{inner}{quote}"


def _inside(code: Code) -> str:
    return f"{{{code.text if chr(39) in code.text else code.text.replace(chr(34), chr(39))}}}"


def _escaped(text: str, quote: str) -> str:
    plain = repr(f"'{text}\"")[2:-2] if "'" in text or '"' in text else repr(text)[1:-1]
    plain = plain.replace("\\'", "'").replace('\\"', '"').replace(quote, f"\\{quote}")
    return plain.replace("{", "{{").replace("}", "}}")


def lines(value: Value, indent: int, before: str = "", after: str = "") -> list[str]:
    """The value with what stands before and after it, in one line or, where that is too long, in several."""
    whole = f"{before}{one_line(value)}{after}"
    if indent + len(whole) <= WIDTH or not isinstance(value, (Mapping, list, tuple)) or not value:
        return [" " * indent + whole]
    opening, closing = "{}" if isinstance(value, Mapping) else "[]" if isinstance(value, list) else "()"
    inner: list[str] = []
    entries: Sequence[tuple[str, Any]] = (
        [(f"{one_line(name)}: ", part) for name, part in value.items()]
        if isinstance(value, Mapping)
        else [("", part) for part in value]
    )
    for name, part in entries:
        inner += lines(part, indent + STEP, name, ",")
    return [f"{' ' * indent}{before}{opening}", *inner, f"{' ' * indent}{closing}{after}"]


def call(before: str, arguments: Sequence[tuple[str, Value]], after: str, indent: int) -> list[str]:
    """A call: `before` ends with its parenthesis; an argument has a name or an empty one."""
    parts = [f"{name}={one_line(value)}" if name else one_line(value) for name, value in arguments]
    inner = ", ".join(parts)
    if indent + len(before) + len(inner) + len(after) + 1 <= WIDTH:
        return [f"{' ' * indent}{before}{inner}){after}"]
    if indent + STEP + len(inner) <= WIDTH:
        return [f"{' ' * indent}{before}", f"{' ' * (indent + STEP)}{inner}", f"{' ' * indent}){after}"]
    broken: list[str] = []
    for name, value in arguments:
        broken += lines(value, indent + STEP, f"{name}=" if name else "", ",")
    return [f"{' ' * indent}{before}", *broken, f"{' ' * indent}){after}"]
