"""Requests that were made once, with their answers: what a HAR, a curl and a Postman collection have in common."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from lab.drafting.model import Value

FORM = "application/x-www-form-urlencoded"
_OF_BROWSERS = re.compile(
    r"^(:.*|host|connection|content-length|user-agent|accept-(encoding|language|charset)|cookie|sec-.*|origin|referer|dnt|te|"
    r"pragma|cache-control|if-(none-match|modified-since)|priority|upgrade-insecure-requests|keep-alive|postman-token|x-requested-with)$",
    re.IGNORECASE,
)
"""Headers that a client sends by itself, or that tell of the browser alone."""


@dataclass
class Exchange:
    """A request, and its answer as far as it is known."""

    method: str
    url: str
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: str | None = None
    name: str | None = None
    """What the source calls it."""
    status: int | None = None
    answer_headers: list[tuple[str, str]] = field(default_factory=list)
    answer: str = ""
    started: float | None = None
    """Seconds since an epoch; None where it is not known."""
    seconds: float = 0.0
    sets: dict[str, str] = field(default_factory=dict)
    """Variables that the source itself takes from the answer: each with the Python that does."""
    keeps_cookies: bool = False
    """Whether its Cookie header is sent as it is; a recorded one comes from answers that set it."""

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def path(self) -> str:
        """The path, never empty."""
        return urlsplit(self.url).path or "/"

    @property
    def query(self) -> list[tuple[str, str]]:
        """The query's fields, in order."""
        return parse_qsl(urlsplit(self.url).query, keep_blank_values=True)

    def header(self, name: str) -> str:
        """A header of the request; empty where it has none."""
        return next((value for key, value in self.headers if key.lower() == name), "")

    def answer_header(self, name: str) -> str:
        """A header of the answer; empty where it has none."""
        return next((value for key, value in self.answer_headers if key.lower() == name), "")

    @property
    def answer_type(self) -> str | None:
        """The answer's content type, without parameters."""
        return self.answer_header("content-type").partition(";")[0].strip().lower() or None

    def own_headers(self) -> dict[str, str]:
        """The headers that belong to the request, by name."""
        kept = "cookie" if self.keeps_cookies else ""
        found = {name: value for name, value in self.headers if name.lower() == kept or not _OF_BROWSERS.match(name)}
        if not self.body or self._is_known_body():
            found = {name: value for name, value in found.items() if name.lower() != "content-type"}
        return {name: value for name, value in found.items() if not _is_plain_accept(name, value)}

    def json_body(self) -> Any:
        """The body as JSON; NO_JSON where it is none."""
        kind = self.header("content-type").lower()
        if not self.body or ("json" not in kind and kind):
            return NO_JSON
        try:
            value = json.loads(self.body)
        except ValueError:
            return NO_JSON
        return value if kind or isinstance(value, (dict, list)) else NO_JSON

    def form(self) -> dict[str, Value] | None:
        """The body as a form: a value for each field, or a list of them; None where it is none."""
        if not self.body or not self.header("content-type").lower().startswith(FORM):
            return None
        found: dict[str, Value] = {}
        for name, value in parse_qsl(self.body, keep_blank_values=True):
            if name in found:
                found[name] = [*(found[name] if isinstance(found[name], list) else [found[name]]), value]
            else:
                found[name] = value
        return found

    def _is_known_body(self) -> bool:
        kind = self.header("content-type").partition(";")[0].strip().lower()
        return kind in ("application/json", FORM) and (self.json_body() is not NO_JSON or self.form() is not None)

    def json_answer(self) -> Any:
        """The answer as JSON; NO_JSON where it is none."""
        if not self.answer.lstrip().startswith(("{", "[")):
            return NO_JSON
        try:
            return json.loads(self.answer)
        except ValueError:
            return NO_JSON


NO_JSON = object()


def _is_plain_accept(name: str, value: str) -> bool:
    return name.lower() == "accept" and (value.strip() == "*/*" or "text/html" in value or value.startswith("image/"))
