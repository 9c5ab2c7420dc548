"""What test scripts of a Postman collection take from an answer, as Python."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lab.drafting.python_text import text_of

_SETS = re.compile(
    r"pm\.(?:environment|collectionVariables|globals|variables)\.set\(\s*[\"'](\w+)[\"']\s*,\s*([\w.$()\[\]\"']+?)\s*\)\s*;?"
)
_NAMED = re.compile(
    r"(?:var|let|const)\s+(\w+)\s*=\s*(pm\.response\.json\(\)|JSON\.parse\((?:responseBody|pm\.response\.text\(\))\))([\w.\[\]\"']*)"
)
_WAY = re.compile(r"\.(\w+)|\[(\d+)\]|\[[\"']([^\"']+)[\"']\]")
JSON = "pm.response.json()"


def taken(script: str) -> Iterator[tuple[str, str | None, str]]:
    """For each variable that it sets: its name, the Python that takes it (None where that is not known), its words.

    >>> list(taken("const json = pm.response.json(); pm.environment.set('id', json.data[0].id);"))
    [('id', 'response.json()["data"][0]["id"]', 'json.data[0].id')]
    """
    named = {name: f"{JSON}{way}" for name, _, way in _NAMED.findall(script)}
    for variable, words in _SETS.findall(script):
        first = re.match(r"\w*", words)
        start = first[0] if first else ""
        spelled = f"{named[start]}{words.removeprefix(start)}" if start in named else words
        yield variable, _python(spelled), words


def _python(spelled: str) -> str | None:
    if not spelled.startswith(JSON):
        return None
    way = _WAY.findall(spelled.removeprefix(JSON))
    return "response.json()" + "".join(f"[{number or text_of(name or quoted)}]" for name, number, quoted in way)
