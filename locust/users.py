"""WHO visits. The one file to edit for a service of your own: a class is a kind of user, a task is something it does.

Every answer is checked against the contract of the service, not only its status: a wrong answer is a failure, and its
message says what was expected. LeanHttpUser has the interface of Locust's FastHttpUser, which can stand in its place at
about three times the CPU. `knob` declares a knob of your own: its name, how its text is read, and its default.
"""

from __future__ import annotations

from collections.abc import Callable
from random import random
from typing import Any

from locust import task

from lab.arrivals.visitor import Visitor, knob, number, share
from lab.client import LeanHttpUser, Response
from lab.ledger.writes import writes

FIELDS = {"name", "description"}
READ_BACK_RATIO = knob("LAB_READ_BACK", share, "5%")


class Reader(Visitor, LeanHttpUser):
    """Reads the list of testing types."""

    weight = knob("LAB_READER_WEIGHT", number, "3")

    @task
    def read_tests(self) -> None:
        with self.client.get("/tests", allow_redirects=False, catch_response=True) as response:
            expect(response, 200, problem_of_list)


class Contributor(Visitor, LeanHttpUser):
    """Adds a new testing type, and sometimes reads it back at once.

    A write with an id of its own, named in the request's context, is audited after the run (lab/ledger/findings.py).
    """

    weight = knob("LAB_CONTRIBUTOR_WEIGHT", number, "1")

    @task
    def add_test(self) -> None:
        write = writes.new_id()
        testing_type = {"name": f"load testing {write}", "description": "checking if it handles the expected load"}
        with self.client.post(
            "/tests", json=testing_type, allow_redirects=False, catch_response=True, context={"write": write}
        ) as response:
            added = expect(response, 204, problem_of_added)
        if added and random() < READ_BACK_RATIO:  # noqa: S311 - no secret
            self.read_back(header(response, "Location"), testing_type, write)

    def read_back(self, location: str, testing_type: dict[str, str], write: str) -> None:
        with self.client.get(
            location,
            name="/tests/[id]",
            allow_redirects=False,
            catch_response=True,
            context={"read_back": write},
        ) as response:
            expect(response, 200, lambda response: problem_of_read_back(response, testing_type))


def expect(response: Response, status: int, problem_of: Callable[[Response], str | None]) -> bool:
    """Reports a failure unless the status is right and `problem_of` finds nothing; returns whether all is right."""
    if response.status_code == 0:
        problem: str | None = f"no answer: {response.error}"
    elif response.status_code != status:
        problem = f"expected status {status}, got {response.status_code}"
    else:
        problem = problem_of(response)
    if problem:
        response.failure(problem)
    return not problem


def problem_of_list(response: Response) -> str | None:
    """What is wrong with an answer to GET /tests; None for an array of testing types."""
    content_type = header(response, "Content-Type")
    if content_type.partition(";")[0] != "application/json":
        return f"expected content type application/json, got {content_type or 'none'}"
    try:
        testing_types: Any = response.json()
    except ValueError:
        return "expected JSON, got something else"
    if not isinstance(testing_types, list) or not testing_types:
        return "expected an array with at least one testing type"
    for testing_type in testing_types:
        if not isinstance(testing_type, dict) or testing_type.keys() != FIELDS:
            return "expected each testing type to have a name, a description and nothing else"
        if not (isinstance(testing_type["name"], str) and isinstance(testing_type["description"], str)):
            return "expected name and description to be strings"
    if testing_types[0]["name"] != "unit testing":
        return 'expected the list to begin with "unit testing"'
    return None


def problem_of_added(response: Response) -> str | None:
    """What is wrong with a 204 answer to POST /tests; None where it is empty and has the location of the new type."""
    if response.content:
        return "expected an empty body"
    if not header(response, "Location").startswith("/tests/"):
        return "expected a Location that begins with /tests/"
    return None


def problem_of_read_back(response: Response, testing_type: dict[str, str]) -> str | None:
    """What is wrong with an answer to GET /tests/<id>; None where it is the type that was added there."""
    try:
        return None if response.json() == testing_type else "expected the testing type that was added there"
    except ValueError:
        return "expected JSON, got something else"


def header(response: Response, name: str) -> str:
    """The header's value; empty where the answer does not have it."""
    return response.headers.get(name) or ""
