"""The master's side of the control socket: asks for faults and hears what became of them."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lab.chaos.hands import ChaosError
from lab.faults import Fault

ANSWERS_WITHIN_SECONDS = 40.0
"""How long one thing may take: stopping a container, the engine's own patience included."""


class Talk:
    """A connection to the chaos service; what it asked for lasts as long as it does."""

    def __init__(self, path: Path) -> None:
        """Raises ChaosError where nobody answers there."""
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.settimeout(ANSWERS_WITHIN_SECONDS)
            self._socket.connect(str(path))
        except OSError as error:
            self._socket.close()
            raise ChaosError(f"no chaos service answers at {path}: {error.strerror or error}") from error
        self._lines = self._socket.makefile("rb")

    def ask(self, **document: Any) -> Mapping[str, Any]:
        """The answer to this. Raises ChaosError."""
        try:
            self._socket.sendall(json.dumps(document).encode() + b"\n")
        except OSError as error:
            raise ChaosError(f"the chaos service is gone: {error}") from error
        return self.hear()

    def hear(self, within_seconds: float = ANSWERS_WITHIN_SECONDS) -> Mapping[str, Any]:
        """What is said next. Raises ChaosError."""
        try:
            self._socket.settimeout(within_seconds)
            line = self._lines.readline()
            answer = json.loads(line) if line else {"error": "the chaos service is gone"}
        except (OSError, ValueError) as error:
            raise ChaosError(f"the chaos service is gone: {error}") from error
        if "error" in answer:
            raise ChaosError(str(answer["error"]))
        return dict(answer)

    def close(self) -> None:
        self._lines.close()
        self._socket.close()


@contextmanager
def talk(path: Path) -> Iterator[Talk]:
    """A connection for a while. Raises ChaosError where nobody answers."""
    one = Talk(path)
    try:
        yield one
    finally:
        one.close()


def services(path: Path) -> list[str]:
    """What faults can be done to. Raises ChaosError."""
    with talk(path) as one:
        return list(one.ask(ask="services")["services"])


def begin(one: Talk, fault: Fault) -> tuple[str, ...]:
    """Has the fault done, and returns to what. Raises ChaosError."""
    asked = {"verb": fault.verb, "service": fault.service, "seconds": fault.seconds}
    return tuple(one.ask(ask="fault", **asked, delay_seconds=fault.delay_seconds)["on"])
