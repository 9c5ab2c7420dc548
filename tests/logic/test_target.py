"""The target: where load may go, whether anybody answers, and how it is put back to its first state."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from lab import target
from lab.target import TargetError

NAMED = frozenset({"staging.example.com"})
POLL_SECONDS = 0.01
"""How often a server looks whether it shall end."""


@pytest.mark.parametrize(
    "url",
    [
        "http://api:5000",
        "http://proxy:8080/",
        "http://localhost",
        "http://127.0.0.1:5000",
        "http://127.8.9.1",
        "http://[::1]:5000",
        "http://10.1.2.3",
        "http://172.16.0.9:80",
        "https://192.168.1.10",
        "http://[fd00::7]",
        "https://staging.example.com/base",
        "https://STAGING.example.com",
    ],
)
def test_load_may_go_to_what_is_near_or_named(url: str) -> None:
    assert target.refusal(url, NAMED) is None


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://example.com", "example.com is not allowed as a target"),
        ("http://api.example.com", "add it to LAB_ALLOWED_HOSTS"),
        ("http://8.8.8.8", "8.8.8.8 is not allowed"),
        ("http://[2001:4860:4860::8888]", "not allowed"),
        ("http://169.254.169.254/latest", "not allowed"),  # a cloud's metadata service
        ("http://0.0.0.0", "not allowed"),
        ("http://134744072", "not allowed"),  # 8.8.8.8 in disguise
        ("http://0x08080808", "not allowed"),
        ("http://staging.example.com.evil.example", "not allowed"),
        ("http://127.0.0.1@example.com", "example.com is not allowed"),
        ("ftp://api", "takes a URL such as http://api:5000"),
        ("api:5000", "takes a URL such as http://api:5000"),
        ("", "an empty host is no target"),
        ("http://", "takes a URL"),
        ("http://api:port", "is not a URL"),
    ],
)
def test_load_goes_nowhere_else(url: str, says: str) -> None:
    assert says in (target.refusal(url, NAMED) or "it was allowed")


class Recording(BaseHTTPRequestHandler):
    """Answers as its server's `answers` say, and notes what it was asked."""

    server: Any

    def answer(self) -> None:
        self.server.asked.append(f"{self.command} {self.path}")
        status, body = self.server.answers.get((self.command, self.path), (404, b""))
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_DELETE = do_POST = answer  # noqa: N815 - the names that http.server looks for

    def log_message(self, *arguments: object) -> None:
        """Not on the terminal."""


@pytest.fixture
def server() -> Iterator[Callable[..., Any]]:
    running: list[ThreadingHTTPServer] = []

    def start(answers: dict[tuple[str, str], tuple[int, bytes]]) -> Any:
        listening: Any = ThreadingHTTPServer(("127.0.0.1", 0), Recording)
        listening.answers, listening.asked = answers, []
        listening.url = f"http://127.0.0.1:{listening.server_port}"
        threading.Thread(target=listening.serve_forever, args=(POLL_SECONDS,), daemon=True).start()
        running.append(listening)
        return listening

    yield start
    for listening in running:
        listening.shutdown()
        listening.server_close()


def described(reset: Any) -> dict[tuple[str, str], tuple[int, bytes]]:
    operation = {"responses": {}} if reset is None else {"responses": {}, "x-lab-reset": reset}
    document = {"paths": {"/tests": {"parameters": [], "get": {}, "delete": operation}}}
    return {("GET", "/openapi.json"): (200, json.dumps(document).encode())}


def test_any_answer_over_http_means_that_it_is_there(server: Callable[..., Any]) -> None:
    target.wait_until_reachable(server({}).url, 1)


def test_a_target_that_is_not_there_is_told_with_the_cause() -> None:
    with pytest.raises(TargetError, match=r"http://127\.0\.0\.1:1 cannot be reached: Connection refused"):
        target.wait_until_reachable("http://127.0.0.1:1", 0.3)


def test_a_name_that_nobody_knows_is_told_as_such() -> None:
    with pytest.raises(TargetError, match=r"cannot be reached: .*(not known|resolution|No address)"):
        target.wait_until_reachable("http://nobody-of-this-name:5000", 0.3)


def test_a_reset_that_the_target_marks_is_sent(server: Callable[..., Any]) -> None:
    listening = server({**described(True), ("DELETE", "/tests"): (204, b"")})
    assert target.reset(listening.url + "/", 1) is True
    assert listening.asked == ["GET /openapi.json", "DELETE /tests"]


@pytest.mark.parametrize("reset", [None, False, "true", 1])
def test_nothing_is_deleted_unless_the_target_marks_it(server: Callable[..., Any], reset: Any) -> None:
    listening = server({**described(reset), ("DELETE", "/tests"): (204, b"")})
    assert target.reset(listening.url, 1) is False
    assert listening.asked == ["GET /openapi.json"]


@pytest.mark.parametrize(
    "answer", [(404, b""), (200, b"<html>"), (200, b"[]"), (200, b'{"paths": []}'), (200, b"null")]
)
def test_a_target_without_a_description_is_left_alone(server: Callable[..., Any], answer: tuple[int, bytes]) -> None:
    assert target.reset(server({("GET", "/openapi.json"): answer}).url, 1) is False


def test_a_reset_that_fails_stops_the_start(server: Callable[..., Any]) -> None:
    listening = server({**described(True), ("DELETE", "/tests"): (500, b"")})
    with pytest.raises(TargetError, match="offers a reset at DELETE /tests, but it failed"):
        target.reset(listening.url, 1)
