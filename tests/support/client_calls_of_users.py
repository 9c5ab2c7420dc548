"""Calls that need more than a method and its options: what a user sets, uploads, and reads while it arrives."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

from tests.support.client_call import Ask, Call, look, to


def of_users() -> Iterator[Call]:
    def doing(*steps: Ask) -> Ask:
        return lambda user: [step(user) for step in steps]

    def setting(name: str, value: Any) -> Ask:
        return lambda user: setattr(user.client, name, value)

    get, own = to("GET", "/echo"), {"Authorization": "Own"}
    yield Call("auth", to("GET", "/echo", auth=("me", "p@ss")))
    yield Call("auth of bytes", to("GET", "/echo", auth=(b"me", b"\xff")))
    yield Call("auth over a header", to("GET", "/echo", auth=("me", "p"), headers=own))
    yield Call("auth_header", doing(setting("auth_header", "Bearer T"), get, to("GET", "/echo", headers=own)))
    yield Call("auth_header and auth", doing(setting("auth_header", "Bearer T"), to("GET", "/echo", auth=("a", "b"))))
    yield Call("auth_header taken back", doing(setting("auth_header", "T"), get, setting("auth_header", None), get))
    yield Call("base_url", doing(get, lambda user: setattr(user.client, "base_url", user.host + "/v2"), get))
    yield Call("absolute", lambda user: look(user.client.get(user.host.upper().replace("HTTP", "HttP") + "/there")))
    yield Call(
        "default header set", doing(get, lambda user: user.client.client.default_headers.update({"X-T": "1"}), get)
    )
    yield Call(
        "default header gone", doing(get, lambda user: user.client.client.default_headers.pop("x-d"), get), {"X-D": "1"}
    )
    yield Call("pool closed", doing(get, lambda user: user.client.client.clientpool.close(), get))
    cookies = {"X-Cookies": "a=1|b=2; Path=/shop|c=3; Domain=x.example|d=4; Secure|e=5; Max-Age=0|f=6; HttpOnly"}
    for path in ("/", "/shop/cart"):
        yield Call(f"cookies {path}", doing(to("GET", "/login", headers=cookies), to("GET", path)))
    yield Call(
        "cookies and an own one", doing(to("GET", "/login", headers=cookies), to("GET", "/", headers={"cookie": "x=1"}))
    )
    yield Call(
        "cookies cleared", doing(to("GET", "/login", headers=cookies), lambda user: user.client.cookiejar.clear(), get)
    )
    yield Call("name", to("GET", "/echo?x=1", name="named", context={"a": 1}))

    def renamed(user: Any) -> Any:
        with user.client.rename_request("block"):
            return [look(user.client.get("/echo")), look(user.client.get("/echo", name="own"))]

    def plain(user: Any) -> Any:
        with user.client.get("/echo") as response:
            return response.status_code

    yield Call("renamed", renamed)
    yield Call("plain block", plain)


def of_files() -> Iterator[Call]:
    def upload(user: Any, options: Callable[[], dict[str, Any]]) -> Any:
        return look(user.client.post("/echo", **options()))

    given: dict[str, Callable[[], dict[str, Any]]] = {
        "bytes": lambda: {"files": {"f": b"abc"}},
        "text": lambda: {"files": {"f": "größer"}},
        "named": lambda: {"files": {"f": ("a.txt", b"abc")}},
        "typed": lambda: {"files": {"f": ("ä\".txt", b"abc", "text/csv")}},
        "headers": lambda: {"files": {"f": ("a.txt", b"abc", "text/csv", {"X-Part": "1"})}},
        "boundary": lambda: {"files": {"f": ("a.txt", b"abc", None, None, "own-boundary")}},
        "open": lambda: {"files": {"f": io.BytesIO(b"abc")}},
        "open named": lambda: {"files": [("f", ("a", io.BytesIO(b"abc"))), ("f", ("b", io.BytesIO(b"def")))]},
        "fields": lambda: {"files": {"f": b"abc"}, "data": {"a": [1, 2], "b": None, "c": "ä"}},
        "text data": lambda: {"files": {"f": b"abc"}, "data": "text"},
        "none": lambda: {"files": {}},
        "own type": lambda: {"files": {"f": b"abc"}, "headers": {"content-type": "text/odd"}},
        "json": lambda: {"files": {"f": b"abc"}, "json": {"a": 1}},
    }  # fmt: skip
    for name, options in given.items():
        yield Call(f"files {name}", partial(upload, options=options))

    def of_disk(user: Any) -> Any:
        with Path(__file__).open("rb") as file:
            return look(user.client.put("/echo", data=file))

    yield Call("data open file", of_disk)


def of_streams() -> Iterator[Call]:
    def lines(user: Any, path: str) -> Any:
        return list(user.client.iter_lines(path))

    def pieces(user: Any, path: str, size: int, decode: bool) -> Any:
        response = user.client.get(path, stream=True)
        return [response.status_code, list(response.iter_content(size, decode_content=decode))]

    for path, size, decode in product(("/lines", "/chunked", "/to-the-end"), (1, 7, 1024), (True, False)):
        yield Call(f"stream {path} {size} {decode}", partial(pieces, path=path, size=size, decode=decode))
    for path in ("/lines", "/chunked", "/to-the-end", "/echo"):
        yield Call(f"stream whole {path}", to("GET", path, stream=True))
        yield Call(f"lines {path}", partial(lines, path=path))
