"""Secrets in what was asked and answered: found by the names of headers, fields and parameters, and by known values."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any
from urllib.parse import quote, quote_plus, unquote_plus

HIDDEN = "(hidden)"
LEAST_LETTERS, LEAST_ECHO = 4, 6
"""Of a known value, and of one that an exchange shows: to look for shorter ones would hide half of any text."""
_PLAIN = frozenset({"true", "false", "null", "none", "http", "https", "localhost"})
"""Values that are no secret, whatever has them."""
MOST_ECHOES = 200
"""Values found in an exchange that are looked for in the rest of it."""

_VARIABLES = ("PASSWORD", "SECRET", "TOKEN", "KEY", "HEADERS", "NOTIFY")

_WORDS = re.compile(
    r"passw|passphrase|pwd|secret|token(?!s$|type$|count$|limit$)|apikey|accesskey|privatekey|credential|authori[sz]"
    r"|session|cookie|jwt|bearer|signature|csrf|xsrf|cardnumber"
)
_EXACT = frozenset({"auth", "sig", "sid", "pin", "otp", "pass", "cvv", "cvc", "xauth", "proxyauth"})
_PARAMETERS = frozenset({"key", "code", "hash"})
"""Names that are secret in a URL or a form, and say little in JSON."""

_STATUS = re.compile(r"code=[1-5]\d\d\W*")
"""As FastHttpUser says which status failed: no code that lets anybody in is as short."""

_JSON = re.compile(r'"([^"\\]{1,60})"(\s*:\s*)("(?:[^"\\]|\\.)*(?:"|$)|[-+.\w]+)')
_NESTED_JSON = re.compile(r'\\"([^"\\]{1,60})\\"(\s*:\s*)(\\"[^"\\]*(?:\\"|$))')
_FORM = re.compile(r"(?<![^?&;\s\"'(])([\w.\[\]%-]{1,60})(=)([^&;\s\"'<>#]+)")
_INPUT = re.compile(r"<input\b[^<>]*>", re.IGNORECASE)
_NAME, _VALUE = (re.compile(rf"\b{word}=([\"']?)([^\"'<>\s]*)\1", re.IGNORECASE) for word in ("(?:name|type)", "value"))
_PART = re.compile(r"(name=\"?([^\"\r\n;]{1,60})\"?[^\n]*\n(?:[^\r\n]+\r?\n){0,9}\r?\n)(.*?)(?=\r?\n--|\Z)", re.DOTALL)
_XML = re.compile(r"<([\w:.-]{1,60})((?:\s[^<>]*)?>)([^<]+)")
_USER = re.compile(r"(://)([^/@\s\"'<>]+)(?=@)")
_SCHEME = re.compile(r"\b(Bearer|Basic|Digest|Token)( +)([\w.~+/=-]{8,})", re.IGNORECASE)
_JWT = re.compile(r"\beyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)*")


@lru_cache(maxsize=4096)
def is_secret(name: str, *, is_parameter: bool = False) -> bool:
    """Whether what has this name is a secret.

    >>> is_secret("X-Api-Key"), is_secret("new_password"), is_secret("total_tokens"), is_secret("name")
    (True, True, False, False)
    """
    bare = re.sub(r"[^a-z0-9]", "", name.lower())
    return bool(_WORDS.search(bare)) or bare in _EXACT or (is_parameter and bare in _PARAMETERS)


def is_secret_variable(name: str) -> bool:
    """Whether a variable of the environment is secret by its name."""
    return any(word in name for word in _VARIABLES)


def without_login(text: str) -> str:
    """The text with no user and password in its URLs.

    >>> without_login("http://somebody:secret@api:5000 is away")
    'http://(hidden)@api:5000 is away'
    """
    return _USER.sub(rf"\1{HIDDEN}", text) if "@" in text else text


class Known:
    """Values that are secret wherever they stand."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._values = _longest_first(value for value in values if _is_telling(value))

    @classmethod
    def of(cls, environment: Mapping[str, str], own: Collection[str]) -> Known:
        """The values of these variables, and of those that are secret by their names."""
        return cls(
            value
            for name, value in environment.items()
            if name in own or (is_secret_variable(name) and len(value) >= LEAST_ECHO)
        )

    def hide(self, text: str) -> str:
        """The text without them."""
        for value in self._values:
            if value in text:
                text = text.replace(value, HIDDEN)
        return text

    def shown(self, text: str) -> str:
        """The text without them, and without what is a secret by its name or its place."""
        hiding = Hiding(self)
        return hiding.last(hiding.text(text))


class Hiding:
    """Hides the secrets of one exchange. A value that one part shows to be secret is hidden in all its parts.

    Each text goes through `text` or `header` first, and all of them through `last` in the end.
    """

    def __init__(self, known: Known) -> None:
        self._known = known
        self._found: set[str] = set()

    def header(self, name: str, value: str) -> str:
        """The value of a header as it may be shown."""
        lower = name.lower()
        if lower in {"cookie", "set-cookie"}:
            return self._cookies(value, is_set=lower == "set-cookie")
        if not is_secret(name):
            return self.text(value)
        scheme, space, rest = value.partition(" ")
        if space and "authorization" in lower:
            return f"{scheme} {self._note(rest.strip())}"
        return self._note(value)

    def text(self, text: str) -> str:
        """The text of a URL or a body as it may be shown."""
        if '"' in text:
            text = _JSON.sub(self._json, text)
            text = _NESTED_JSON.sub(self._nested, text)
        if "=" in text:
            text = _FORM.sub(self._by_name, text)
        if text.startswith("--"):  # multipart/form-data
            text = _PART.sub(self._part, text)
        if "<" in text:
            text = _INPUT.sub(self._input, text)
            text = _XML.sub(self._by_name, text)
        if "@" in text:
            text = _USER.sub(lambda found: found[1] + self._note(found[2]), text)
        text = _SCHEME.sub(lambda found: found[1] + found[2] + self._note(found[3]), text)
        return _JWT.sub(lambda found: self._note(found[0]), text)

    def last(self, text: str) -> str:
        """The text without any value that was found elsewhere, or is known."""
        for value in _longest_first(self._found):
            text = text.replace(value, HIDDEN)
        return self._known.hide(text)

    def _note(self, value: str) -> str:
        if _is_telling(value, LEAST_ECHO) and len(self._found) < MOST_ECHOES and HIDDEN not in value:
            self._found.add(value)
        return HIDDEN if value else value

    def _cookies(self, value: str, *, is_set: bool) -> str:
        parts = value.split(";")
        shown = []
        for at, part in enumerate(parts):
            name, sign, secret = part.partition("=")
            is_hidden = bool(sign) and (at == 0 or not is_set)
            shown.append(f"{name}={self._note(secret)}" if is_hidden else part)
        return ";".join(shown)

    def _json(self, found: re.Match[str]) -> str:
        if not is_secret(found[1]) or found[3] in ("null", "true", "false"):
            return found[0]
        value = found[3]
        if value[0] != '"':
            return f'"{found[1]}"{found[2]}"{HIDDEN}"'
        end = '"' if len(value) > 1 and value.endswith('"') else ""
        self._note(value[1:].removesuffix(end))
        return f'"{found[1]}"{found[2]}"{HIDDEN}{end}'

    def _nested(self, found: re.Match[str]) -> str:
        if not is_secret(found[1]):
            return found[0]
        self._note(found[3].removeprefix('\\"').removesuffix('\\"'))
        return f'\\"{found[1]}\\"{found[2]}\\"{HIDDEN}\\"'

    def _by_name(self, found: re.Match[str]) -> str:
        if not is_secret(found[1], is_parameter=found[2] == "=") or _STATUS.fullmatch(found[1] + found[2] + found[3]):
            return found[0]
        self._note(unquote_plus(found[3]))
        head = f"<{found[1]}" if found[0][0] == "<" else found[1]
        return f"{head}{found[2]}{self._note(found[3])}"

    def _input(self, found: re.Match[str]) -> str:
        if not any(is_secret(name[2]) for name in _NAME.finditer(found[0])):
            return found[0]
        return _VALUE.sub(lambda value: f"value={value[1]}{self._note(value[2])}{value[1]}", found[0])

    def _part(self, found: re.Match[str]) -> str:
        return found[1] + self._note(found[3]) if is_secret(found[2], is_parameter=True) else found[0]

    def look_into(self, text: str) -> None:
        """Notes what stands below a secret name in JSON, however deep."""
        if text.lstrip()[:1] in ("{", "["):
            with suppress(ValueError, RecursionError):
                self._walk(json.loads(text), is_below=False)

    def _walk(self, value: Any, *, is_below: bool) -> None:
        if isinstance(value, dict):
            for name, each in value.items():
                self._walk(each, is_below=is_below or is_secret(str(name)))
        elif isinstance(value, list):
            for each in value:
                self._walk(each, is_below=is_below)
        elif is_below and isinstance(value, str):
            self._note(value)
            self._note(json.dumps(value)[1:-1])


def _is_telling(value: str, least: int = LEAST_LETTERS) -> bool:
    return len(value) >= least and value.lower() not in _PLAIN


def _longest_first(values: Iterable[str]) -> list[str]:
    """The values as they may stand in URLs and JSON as well; what contains another comes before it."""
    ways: tuple[Callable[[str], str], ...] = (str, quote, quote_plus, lambda text: json.dumps(text)[1:-1])
    return sorted({way(value) for value in values for way in ways}, key=len, reverse=True)
