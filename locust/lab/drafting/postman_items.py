"""The requests of a Postman collection as exchanges, with its variables and what its scripts take from answers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from lab.drafting import naming, postman_scripts
from lab.drafting.model import Code, Value
from lab.drafting.recording import FORM, Exchange
from lab.drafting.schemas import entries, mapping
from lab.drafting.secrecy import KEY, PASSWORD, WHO, Secrets

DYNAMIC: dict[str, Code] = {
    "$guid": Code("str(uuid4())", "3f0e2a7c-5d1b-4c8e-9a6f-2b7d4e1c8a90"),
    "$randomUUID": Code("str(uuid4())", "3f0e2a7c-5d1b-4c8e-9a6f-2b7d4e1c8a90"),
    "$timestamp": Code("int(time())", 1768478400),
    "$randomInt": Code("chance.randint(0, 1000)", 1),
    "$randomBoolean": Code("chance.choice((True, False))", sample=True),
}
"""Postman's own variables of which Python has an equal; the others are a number by chance."""
MOST_DEPTH = 20


@dataclass
class Found:
    """A request of the collection: the folder it is in, and its exchange."""

    folder: str
    exchange: Exchange


class Collection:
    """Reads a collection. Variables become what they are, a secret, or what an earlier answer told."""

    def __init__(self, collection: Mapping[str, Any]) -> None:
        self.remarks: list[str] = []
        self.secrets = Secrets()
        self.known: dict[str, Value] = dict(DYNAMIC)
        self._collection = collection
        self._hosts: dict[str, str] = {}
        for variable in enabled(collection.get("variable")):
            name, value = str(variable.get("key") or variable.get("id") or ""), variable.get("value")
            if isinstance(value, str) and value.startswith(("http://", "https://")):
                self._hosts[name] = value.rstrip("/")
            elif PASSWORD.search(name) or KEY.search(name) or WHO.search(name):
                self.known[name] = self.secrets.code(name, str(value or ""))
            elif value not in (None, ""):
                self.known[name] = str(value)

    def requests(self) -> Iterator[Found]:
        """The requests, in order; what is broken is named by its JSON pointer."""
        yield from self._below(self._collection, "", "", self._collection.get("auth"), 0)

    def _below(self, node: Mapping[str, Any], pointer: str, folder: str, auth: Any, depth: int) -> Iterator[Found]:
        for number, item in enumerate(node.get("item") or ()):
            where = f"{pointer}/item/{number}"
            if not isinstance(item, Mapping):
                self.remarks.append(f"{where}: an object is wanted")
            elif isinstance(item.get("item"), list) and depth < MOST_DEPTH:
                own = item.get("auth", auth)
                yield from self._below(item, where, folder or str(item.get("name") or "folder"), own, depth + 1)
            else:
                try:
                    yield Found(folder, self._exchange(item, item.get("request"), auth))
                except (KeyError, TypeError, ValueError, AttributeError) as error:
                    self.remarks.append(f"{where}: cannot be read ({type(error).__name__}: {error})")

    def _exchange(self, item: Mapping[str, Any], request: Any, auth: Any) -> Exchange:
        if isinstance(request, str):
            request = {"method": "GET", "url": request}
        url = self._url(request["url"])
        if not urlsplit(url).netloc:
            raise ValueError(f"no address: {url[:60]}")
        headers = [(str(each["key"]), str(each.get("value") or "")) for each in enabled(request.get("header"))]
        made = Exchange(str(request.get("method") or "GET").upper(), url, headers, name=str(item.get("name") or url))
        self._read_body(made, request.get("body"))
        self._authorise(made, request.get("auth", auth))
        for response in enabled(item.get("response"))[:1]:
            made.status = int(response.get("code") or 0) or None
            told = enabled(response.get("header"))
            made.answer_headers = [(str(each["key"]), str(each.get("value"))) for each in told]
            made.answer = str(response.get("body") or "")
        made.sets = dict(self._sets(item))
        return made

    def _url(self, url: Any) -> str:
        raw = str(mapping(url).get("raw", url))
        for name, host in self._hosts.items():
            raw = raw.replace(f"{{{{{name}}}}}", host)
        for variable in enabled(mapping(url).get("variable")):
            raw = raw.replace(f"/:{variable.get('key')}", f"/{variable.get('value') or '1'}")
        if missing := re.findall(r"/:(\w+)", raw):
            self.remarks.append(
                f"{raw}: nothing says what {' and '.join(missing)} is, 1 is asked for: write what exists"
            )
            raw = re.sub(r"/:\w+", "/1", raw)
        if raw.startswith("{{"):
            return f"http://{raw}"  # the host is a variable that the collection does not know
        return raw if "://" in raw else f"http://{raw}"

    def _read_body(self, made: Exchange, body: Any) -> None:
        mode = mapping(body).get("mode")
        if mode == "raw" and body.get("raw"):
            made.body = str(body["raw"])
            if not made.header("content-type") and made.body.lstrip().startswith(("{", "[")):
                made.headers.append(("Content-Type", "application/json"))
        elif mode == "urlencoded":
            fields = {str(each["key"]): str(each.get("value") or "") for each in enabled(body["urlencoded"])}
            made.body = urlencode(fields, safe="{}$")
            made.headers = [(name, value) for name, value in made.headers if name.lower() != "content-type"]
            made.headers.append(("Content-Type", FORM))
        elif mode in ("formdata", "file", "graphql"):
            self.remarks.append(f"{made.name}: its body ({mode}) is not written: add it")

    def _authorise(self, made: Exchange, auth: Any) -> None:
        kind = mapping(auth).get("type")
        listed = mapping(auth).get(str(kind))
        # a list of pairs in v2.1, an object in v2.0
        values = {str(each["key"]): each.get("value") for each in enabled(listed)} or mapping(listed)
        if kind == "bearer":
            made.headers.append(("Authorization", f"Bearer {values.get('token') or '{{token}}'}"))
        elif kind == "apikey" and values.get("in", "header") == "header":
            made.headers.append((str(values.get("key") or "X-Api-Key"), str(values.get("value") or "{{api_key}}")))
        elif kind == "basic":
            made.headers.append(("Authorization", "Basic {{basic_base64}}"))
            self.remarks.append(f"{made.name}: SCENARIO_BASIC_BASE64 takes user:password in base64")

    def _sets(self, item: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """What its test script takes from the answer: variables of the user, with the Python for each."""
        scripts = [mapping(event.get("script")).get("exec") for event in enabled(item.get("event"))]
        script = "\n".join(str(line) for each in scripts for line in entries(each))
        for variable, python, words in postman_scripts.taken(script):
            name = naming.snake(variable)
            if python is None:
                self.remarks.append(f"{item.get('name')}: its script sets {variable} to {words}, which is not read")
            else:
                self.known[variable] = Code(f"self.{name}", "1")
                yield name, python


def enabled(value: Any) -> list[Mapping[str, Any]]:
    """The objects of a list, without those that are disabled."""
    listed = value if isinstance(value, list) else []
    return [each for each in listed if isinstance(each, Mapping) and each.get("disabled") is not True]
