"""Exchanges that were recorded, as requests of a user: ids passed on, secrets taken out, the login found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from lab.counts import templates
from lab.drafting import naming
from lab.drafting.correlation import Answers, Source
from lab.drafting.model import Code, Mixed, Request, Save, Value, with_texts_joined
from lab.drafting.recording import NO_JSON, Exchange
from lab.drafting.secrecy import KEY, LOGIN, NO_LOGIN, PASSWORD, WHO, Secrets


@dataclass
class Journey:
    """The requests of a login and, for each exchange that is none, its request."""

    login: list[Request]
    requests: dict[int, Request]


class Journeys:
    """Makes requests of exchanges, which are in the order in which they were made."""

    def __init__(
        self, exchanges: Sequence[Exchange], secrets: Secrets, known: Mapping[str, Value] | None = None
    ) -> None:
        self._exchanges, self._secrets = exchanges, secrets
        self._known = dict(known or {})
        self._answers = Answers(exchanges)
        self._names, self._variables = naming.Names(), naming.Names()
        self._saved: dict[tuple[int, str], Save] = {}
        self._login = self._find_login()
        self.remarks: list[str] = []

    def journey(self) -> Journey:
        """All of them, the login apart."""
        made = {number: self._request(number) for number in range(len(self._exchanges))}
        for (number, _), save in self._saved.items():
            made[number].saves.append(save)
        for number, exchange in enumerate(self._exchanges):
            for variable, expression in exchange.sets.items():
                made[number].saves.append(Save(f"self.{variable}", expression))
        login = [request for number, request in made.items() if number in self._login]
        return Journey(login, {number: request for number, request in made.items() if number not in self._login})

    def _find_login(self) -> set[int]:
        """The numbers of the exchanges that log in: the one with a password, and what it takes values from."""
        for number, exchange in enumerate(self._exchanges):
            said = f"{exchange.path} {exchange.name or ''}"
            fields = _fields(exchange)
            if exchange.method != "POST" or not any(PASSWORD.search(name) for name in fields):
                continue
            if NO_LOGIN.search(said) or not (LOGIN.search(said) or len(fields) <= 3):
                continue
            needed, open_ends = {number}, [number]
            while open_ends:
                for source in self._sources(open_ends.pop()):
                    if source.exchange not in needed:
                        needed.add(source.exchange)
                        open_ends.append(source.exchange)
            return needed
        return set()

    def _sources(self, number: int) -> Iterable[Source]:
        exchange = self._exchanges[number]
        values: list[tuple[str | None, Any]] = [(None, part) for part in exchange.path.split("/") if part]
        values += [*exchange.query, *_fields(exchange).items()]
        found = (self._answers.source(value, number, key) for key, value in values)
        return [source for source in found if source]

    def _request(self, number: int) -> Request:
        exchange = self._exchanges[number]
        path, name = self._path(number)
        said = exchange.name or f"{exchange.method} {name or exchange.path}"
        request = Request(naming.snake(said), exchange.method, path, name, title=said, status=exchange.status)
        request.content_type = exchange.answer_type if exchange.status and exchange.status not in (204, 304) else None
        request.params = self._mapping(number, exchange.query)
        request.headers = self._headers(number)
        self._give_body(request, number)
        return request

    def _path(self, number: int) -> tuple[str | Mixed, str | None]:
        """The path with what earlier answers told, and what it is counted as, where the path does not say it."""
        parts: list[str | Code] = []
        shown = ""
        for segment in self._exchanges[number].path.split("/")[1:]:
            value = self._value(number, None, unquote(segment)) if segment else segment
            if isinstance(value, str):
                parts.append(f"/{value if value == unquote(segment) and '%' not in segment else segment}")
                shown += f"/{segment}"
                continue
            inner = value.parts if isinstance(value, Mixed) else (value,)
            parts += ["/", *inner]
            shown += f"/[{_last_word(inner)}]"
        joined = _joined(parts)
        if isinstance(joined, str):
            grouped = templates.template(joined)
            return joined, grouped if grouped != joined else None
        return joined, templates.template(shown)

    def _headers(self, number: int) -> dict[str, Value]:
        found: dict[str, Value] = {}
        for name, value in self._exchanges[number].own_headers().items():
            if name.lower() == "authorization":
                found[name] = self._authorization(number, value)
            elif (told := self._value(number, name, value)) != value:
                found[name] = told
            else:
                found[name] = self._secrets.code(name, value) if KEY.search(name) else value
        return found

    def _authorization(self, number: int, value: str) -> Value:
        scheme, _, rest = value.partition(" ")
        told = self._value(number, None, rest) if rest else rest
        if told != rest:
            return Mixed((f"{scheme} ", *(told.parts if isinstance(told, Mixed) else (told,))))
        return self._secrets.authorization(value)

    def _give_body(self, request: Request, number: int) -> None:
        exchange = self._exchanges[number]
        if (document := exchange.json_body()) is not NO_JSON:
            request.has_json, request.json = True, self._document(number, None, document)
        elif (form := exchange.form()) is not None:
            request.data = self._mapping(number, form.items())
        elif exchange.body:
            request.data = self._known_text(exchange.body)

    def _document(self, number: int, key: str | None, value: Any) -> Value:
        if isinstance(value, dict):
            return {name: self._document(number, name, part) for name, part in value.items()}
        if isinstance(value, list):
            return [self._document(number, key, part) for part in value]
        return self._value(number, key or "", value)

    def _mapping(self, number: int, fields: Iterable[tuple[str, Any]]) -> dict[str, Value]:
        found: dict[str, Value] = {}
        for name, value in fields:
            made = (
                [self._value(number, name, each) for each in value]
                if isinstance(value, list)
                else self._value(number, name, value)
            )
            if name in found:
                found[name] = [*(found[name] if isinstance(found[name], list) else [found[name]]), made]
            else:
                found[name] = made
        return found

    def _value(self, number: int, key: str | None, value: Any) -> Value:
        """A value of a request: what an answer told, a secret, or what it was."""
        if isinstance(value, str) and "{{" in value:
            return self._known_text(value)
        if source := self._answers.source(value, number, key):
            return self._saved_by(source, value)
        if (
            isinstance(value, str)
            and key
            and value
            and (PASSWORD.search(key) or KEY.search(key) or self._is_who(number, key))
        ):
            return self._secrets.code(key, value)
        return value

    def _is_who(self, number: int, key: str) -> bool:
        """Whether the key names the one who logs in: beside a password."""
        return bool(WHO.search(key)) and any(PASSWORD.search(name) for name in _fields(self._exchanges[number]))

    def _saved_by(self, source: Source, value: Any) -> Code:
        place = source.exchange, source.expression
        if place not in self._saved:
            variable = self._variables.unique(source.name)
            # what a login tells is needed by the tasks as well
            self._saved[place] = Save(
                f"self.{variable}" if source.exchange in self._login else variable, source.expression
            )
        return Code(self._saved[place].variable, value)

    def _variable(self, name: str) -> Value:
        """What stands for a `{{name}}`: what is known by it, something by chance, or a variable of .env to fill in."""
        if name in self._known:
            return self._known[name]
        return Code("uuid4().hex[:12]", "0123456789ab") if name.startswith("$") else self._secrets.code(name, "")

    def _known_text(self, text: str) -> Value:
        """A text in which `{{names}}` stand for what is known by them."""
        parts: list[str | Code] = []
        rest = text
        while "{{" in rest:
            before, _, rest = rest.partition("{{")
            name, closing, rest = rest.partition("}}")
            if not closing:
                parts.append(f"{before}{{{{{name}")
                break
            value = self._variable(name.strip())
            parts += [before, *(value.parts if isinstance(value, Mixed) else (value,))]
        else:
            parts.append(rest)
        return _joined([part for part in parts if part != ""])


def _fields(exchange: Exchange) -> Mapping[str, Any]:
    """The fields of the body, as far as they are on its first level."""
    document = exchange.json_body()
    if isinstance(document, dict):
        return document
    return exchange.form() or {}


def _joined(parts: Sequence[str | Code]) -> Any:
    """The parts as one: a text, code, or both."""
    joined = with_texts_joined(parts)
    if not joined:
        return ""
    return joined[0] if len(joined) == 1 else Mixed(tuple(joined))


def _last_word(parts: Sequence[str | Code]) -> str:
    code = next((part.text for part in parts if isinstance(part, Code)), "id")
    return code.rpartition(".")[2] if code.replace(".", "").replace("_", "").isalnum() else "id"
