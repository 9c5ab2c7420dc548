"""The target: does anybody answer, which operations does it mark for the lab, and can it be put to its first state?"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import gevent

from lab import reach
from lab.asking.asker import Asker, AskFailed, LoginNeeded, members, value

log = logging.getLogger(__name__)

_RESET = "x-lab-reset"
_PLACE = "Is it running, and is LOCUST_HOST right as seen from the swarm?"
_TRUST = (
    "Is the certificate your own? LAB_TLS_CA names a file that vouches for it, and LAB_TLS_VERIFY=false asks for none."
)
_METHODS = frozenset({"get", "put", "post", "delete", "patch", "options", "head", "trace"})


class TargetError(Exception):
    """The target cannot be used; the message says why, and what would help."""


class WrongMark(AskFailed):
    """The target marks an operation that the lab does not ask for; the message says which, and why."""


class Marked(NamedTuple):
    """An operation that the target's own /openapi.json marks: its method and path, and what the mark says."""

    method: str
    path: str
    value: Any


def wait_until_reachable(url: str, wait_seconds: float) -> None:
    """Returns as soon as the target answers over HTTP, whatever it answers. Raises TargetError after `wait_seconds`."""
    deadline = time.monotonic() + wait_seconds
    with Asker(url) as asker:
        while True:
            try:
                asker.look(max(2.0, min(5.0, wait_seconds)))
            except AskFailed as error:
                if time.monotonic() >= deadline:
                    advice = _TRUST if error.is_of_trust else _PLACE
                    raise TargetError(
                        f"the target {url} cannot be reached: {error} (tried for {wait_seconds:g} s). {advice}"
                    ) from error
                gevent.sleep(0.25)
            else:
                return


def reset(url: str, timeout_seconds: float) -> bool:
    """Puts the target back to its first state, where its own /openapi.json marks an operation with x-lab-reset.

    Returns whether it offers that. Raises TargetError where it does but fails.
    """
    with Asker(url) as asker:
        try:
            operation = marked_operation(asker, _RESET, timeout_seconds)
        except WrongMark as error:
            raise TargetError(f"{error}: nothing was reset") from error
        except AskFailed as error:
            log.warning("The target %s was not asked for a reset: %s", url, error)
            return False
        if operation is None or operation.value is not True:
            return False
        try:
            reply = asker.ask(operation.method, operation.path, timeout_seconds)
            problem = None if 200 <= reply.status < 300 else f"status {reply.status}{reply.login_advice}"
        except AskFailed as error:
            problem = str(error)
    if problem:
        raise TargetError(
            f"the target {url} offers a reset at {operation.method} {operation.path}, but it failed: {problem}"
        )
    return True


def marked_operation(asker: Asker, mark: str, timeout_seconds: float) -> Marked | None:
    """The operation that the target's own /openapi.json marks; None without one.

    Its path is one on the target itself: what the description says of servers does not count. Raises AskFailed where
    the target does not answer, LoginNeeded where it wants to know who asks, WrongMark where it marks something else.
    """
    reply = asker.ask("GET", "/openapi.json", timeout_seconds)
    if reply.status >= 500:
        raise AskFailed(f"/openapi.json was answered with status {reply.status}")
    if reply.login_advice:
        raise LoginNeeded(f"{asker.url}/openapi.json was answered with status {reply.status}{reply.login_advice}")
    found = next(_marked(reply.content, mark), None)
    if found and (problem := reach.path_problem(found.path)):
        raise WrongMark(f"the target {asker.url} marks {found.method} with {mark}, but {problem}")
    return found


def _marked(description: bytes, mark: str) -> Iterator[Marked]:
    paths = members(description.removeprefix(b"\xef\xbb\xbf")).get("paths", b"")
    for path, operations in members(paths).items():
        for method, operation in members(operations).items():
            if method.lower() in _METHODS and (says := members(operation).get(mark)) is not None:
                yield Marked(method.upper(), path, value(says))
