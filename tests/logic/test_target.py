"""The target: whether anybody answers, and how it is put back to its first state."""

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from lab.asking import target
from lab.asking.target import TargetError
from tests.support.told_pages import servers


class Recording(BaseHTTPRequestHandler):
    """Answers as its server's pages say, and notes what it was asked."""

    server: Any

    def answer(self) -> None:
        self.server.asked.append(f"{self.command} {self.path}")
        status, body = self.server.pages.get((self.command, self.path), (404, b""))
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_DELETE = do_POST = answer  # noqa: N815 - the names that http.server looks for

    def log_message(self, *arguments: object) -> None:
        """Not on the terminal."""


@pytest.fixture
def server() -> Iterator[Callable[..., Any]]:
    with servers(Recording) as start:
        yield start


def described(reset: Any) -> dict[tuple[str, str], tuple[int, bytes]]:
    operation = {"responses": {}} if reset is None else {"responses": {}, "x-lab-reset": reset}
    document = {"paths": {"/tests": {"parameters": [], "get": {}, "delete": operation}}}
    return {("GET", "/openapi.json"): (200, json.dumps(document).encode())}


def test_any_answer_over_http_means_that_it_is_there(server: Callable[..., Any]) -> None:
    target.wait_until_reachable(server({}).url, 20)


def test_a_target_that_is_not_there_is_told_with_the_cause() -> None:
    with pytest.raises(TargetError, match=r"http://127\.0\.0\.1:1 cannot be reached: Connection refused"):
        target.wait_until_reachable("http://127.0.0.1:1", 0.3)


def test_a_name_that_nobody_knows_is_told_as_such() -> None:
    with pytest.raises(TargetError, match="cannot be reached: Host not found: nobody-of-this-name"):
        target.wait_until_reachable("http://nobody-of-this-name:5000", 0.3)


def test_a_reset_that_the_target_marks_is_sent(server: Callable[..., Any]) -> None:
    listening = server({**described(True), ("DELETE", "/tests"): (204, b"")})
    assert target.reset(listening.url + "/", 20) is True
    assert listening.asked == ["GET /openapi.json", "DELETE /tests"]


@pytest.mark.parametrize("reset", [None, False, "true", 1])
def test_nothing_is_deleted_unless_the_target_marks_it(server: Callable[..., Any], reset: Any) -> None:
    listening = server({**described(reset), ("DELETE", "/tests"): (204, b"")})
    assert target.reset(listening.url, 20) is False
    assert listening.asked == ["GET /openapi.json"]


@pytest.mark.parametrize(
    "answer",
    [
        (404, b""),
        (503, b""),
        *((200, each) for each in (b"<html>", b"[]", b"null", b"\xff", b"1e999", b'{"paths": []}', b'{"paths": null}')),
        *((200, b'{"paths": {"/x": %b}}' % each) for each in (b"1", b"null", b"[]", b'{"put": 7}', b'{"put": []}')),
        (200, b'{"paths": {"/x": {"servers": {"x-lab-reset": true}, "x-lab-reset": true}}}'),
        (200, b'{"x-lab-reset": true, "servers": [{"url": "http://127.0.0.2", "x-lab-reset": true}]}'),
        (200, b"[" * 1_000_000),
        (200, b'{"paths": ' + b'{"a":' * 100_000 + b"1" + b"}" * 100_001),
        (200, b'{"paths": {"/x": {"put": {"x-lab-reset": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}}}"),
    ],
)
def test_a_target_without_a_description_is_left_alone(server: Callable[..., Any], answer: tuple[int, bytes]) -> None:
    assert target.reset(server({("GET", "/openapi.json"): answer}).url, 20) is False


def test_a_reset_that_fails_stops_the_start(server: Callable[..., Any]) -> None:
    listening = server({**described(True), ("DELETE", "/tests"): (500, b"")})
    with pytest.raises(TargetError, match="offers a reset at DELETE /tests, but it failed"):
        target.reset(listening.url, 20)


PATHS = (
    *(
        "@127.0.0.2:80/x",
        "//127.0.0.2/x",
        "///x",
        "\\\\127.0.0.2\\x",
        "/\\127.0.0.2/x",
        "http://127.0.0.2/x",
        "x",
        "",
        "?x",
        "#",
    ),
    *(
        "/x%2f..",
        "/x%2F",
        "/%5c127.0.0.2",
        "/x%0d%0aHost:%20y",
        "/x%00",
        "/x\r\nHost: y",
        "/x\ty",
        "/x y",
        "/x#y",
        "/x?y",
    ),
    *("/tests/{id}", "/x%", "/x%zz", "/größe", "/x\u202ey", "/" + "x" * 3000, ":80/x", ".127.0.0.2/x", "/x\x7f"),
)


@pytest.mark.parametrize("path", PATHS)
def test_what_is_marked_is_a_path_on_the_target_itself(server: Callable[..., Any], path: str) -> None:
    """Else nothing is asked: another parser may find another host in it, or another path."""
    document = {"servers": [{"url": "http://127.0.0.2"}], "paths": {path: {"put": {"x-lab-reset": True}}}}
    listening = server({("GET", "/openapi.json"): (200, json.dumps(document).encode())})
    with pytest.raises(TargetError, match=r"marks PUT with x-lab-reset, but .* is no path .*: nothing was reset"):
        target.reset(listening.url, 20)
    assert listening.asked == ["GET /openapi.json"]


def test_a_redirect_is_not_followed_and_is_no_reset(server: Callable[..., Any]) -> None:
    listening = server({**described(True), ("DELETE", "/tests"): (302, b"")})
    with pytest.raises(TargetError, match="offers a reset at DELETE /tests, but it failed: status 302"):
        target.reset(listening.url, 20)
    assert listening.asked == ["GET /openapi.json", "DELETE /tests"]


def test_the_base_path_of_the_target_stays_before_what_is_marked(server: Callable[..., Any]) -> None:
    answers = {(method, f"/base{path}"): answer for (method, path), answer in described(True).items()}
    listening = server({**answers, ("DELETE", "/base/tests"): (204, b"")})
    assert target.reset(listening.url + "/base", 20) is True
