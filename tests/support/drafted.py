"""Drafted locustfiles, run without Locust: users whose client answers by the contract, and notes what it was asked."""

from __future__ import annotations

import json
import re
import types
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

from lab.drafting import documents, openapi_users, writing
from lab.drafting.examples import Examples
from lab.drafting.model import Draft, Request, sample
from tests.support.lean import LeanHttpUser

DATA = Path(__file__).resolve().parents[1] / "data" / "drafting"


def drafted_from(name: str) -> Draft:
    """The draft of an OpenAPI document of tests/data/drafting."""
    shown = Path(name).name
    return openapi_users.draft(documents.parsed(shown, documents.text(str(DATA / name))), shown, f"openapi {shown}")


class Answer:
    """An answer as the contract says that it is, and what was wrong with it."""

    def __init__(self, request: Request, contract: Mapping[str, Any]) -> None:
        documented = contract["operations"][request.operation]
        status, types_of = next(((each, kinds) for each, kinds in documented.items() if each[0] in "23"), ("200", {}))
        self.status_code = int(status.replace("XX", "00"))
        kind, schema = next(iter(types_of.items()), ("", None))
        self.headers = {"Content-Type": kind.replace("/*", "/json"), "Location": "/somewhere/17"}
        self._value = [] if schema is None else sample(Examples(contract).value(schema))
        self.content = b"" if self.status_code == 204 else json.dumps(self._value).encode()
        self.text = self.content.decode()
        self.problems: list[str] = []

    def json(self) -> Any:
        return self._value

    def failure(self, problem: str) -> None:
        self.problems.append(problem)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self.problems == []


class Client:
    """The client of a user: each call is looked up among the draft's requests, and answered."""

    def __init__(self, draft: Draft) -> None:
        self.asked: list[tuple[str, Mapping[str, Any]]] = []
        self.auth_header: str | None = None
        self.client = types.SimpleNamespace(default_headers={})
        # an answer has what no request has
        self._contract = json.loads(json.dumps(draft.contract).replace('"readOnly": true', '"readOnly": false'))
        self._requests = {(each.method, each.name or str(each.path)): each for each in draft.requests}

    def request(self, method: str, path: str, **options: Any) -> Answer:
        request = self._requests[method, options.get("name") or path]
        for part in re.findall(r"[^/]+", path):
            assert part not in ("None", "[]", "{}"), path
        json.dumps(options.get("json"))
        self.asked.append((request.operation, options))
        return Answer(request, self._contract)

    def __getattr__(self, name: str) -> Any:
        return lambda path, **options: self.request(name.upper(), path, **options)


def run(draft: Draft, folder: Path) -> Client:
    """Writes the draft, imports it, and lets each user do each of its tasks once; raises what they raise."""
    (folder / "contract.json").write_text(writing.contract(draft) or "")
    text = writing.locustfile(draft, "contract.json")
    module = types.ModuleType("drafted")
    module.__file__ = str(folder / "locustfile.py")
    exec(compile(text, module.__file__, "exec"), vars(module))
    vars(module)["READ_BACK"] = 1.0
    client = Client(draft)
    for role in draft.roles:
        kind = vars(module)[role.name]
        assert issubclass(kind, LeanHttpUser)
        user: Any = object.__new__(kind)
        user.client = client
        getattr(user, "on_start", lambda: None)()
        for name in _tasks(user):
            getattr(user, name)()
    return client


def _tasks(user: Any) -> Iterator[str]:
    return (each.__name__ for each in dict.fromkeys(type(user).tasks))
