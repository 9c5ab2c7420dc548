"""A chaos service with a service of its own, which does nothing."""

from __future__ import annotations

import sys
from pathlib import Path

import psutil

from lab.chaos import client
from lab.chaos.hands import ChaosError
from lab.faults import Fault, parse
from tests.support.running_service import ROOT, wait_until

SERVICE = "import time\nwhile True: time.sleep(0.05)"


class Helper:
    """A chaos service that runs a service of its own, which does nothing."""

    def __init__(self, folder: Path, *command: str) -> None:
        self.control = folder / "control"
        self._log = (folder / "log").open("ab")
        program = [sys.executable, "-m", "lab.chaos", "--control", str(self.control)]
        self.process = psutil.Popen(
            [*program, *(command or (sys.executable, "-c", SERVICE))],
            cwd=ROOT / "locust",
            stdout=self._log,
            stderr=self._log,
        )

    def await_up(self) -> None:
        wait_until(lambda: bool(self._services()), 20, "a chaos service")
        wait_until(lambda: self.service() is not None, 20, "its service")

    def _services(self) -> list[str]:
        try:
            return client.services(self.control)
        except ChaosError:
            return []

    def service(self) -> psutil.Process | None:
        """The process of its service."""
        return next(iter(self.process.children()), None)

    def pid(self) -> int | None:
        found = self.service()
        return found.pid if found else None

    def end(self) -> None:
        for each in [*self.process.children(recursive=True), self.process] if self.process.is_running() else []:
            each.kill()
        self.process.wait(10)
        self._log.close()


def fault(text: str) -> Fault:
    """The one fault in the text."""
    (one,) = parse(text)
    return one
