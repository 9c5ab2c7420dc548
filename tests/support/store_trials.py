"""What every store must stand: writers that note what was acknowledged, and the checks after a fault."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from tests.support.running_service import wait_until

if TYPE_CHECKING:
    from tests.support.running_service import Answer, RunningService


def assert_store_down(answer: Answer) -> None:
    """The answer of a service whose store does not."""
    assert (answer.status, answer.headers["Content-Type"]) == (503, "application/problem+json"), answer
    assert int(answer.headers["Retry-After"]) >= 1


class Writers:
    """Clients that post names of their own until they are stopped, and remember what was acknowledged."""

    def __init__(self, running: RunningService, count: int, word: str = "writer") -> None:
        """`word` is in all names, for writers whose names shall differ from those of others."""
        self.acknowledged: list[str] = []
        self._running, self._word = running, word
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=self._write, args=(number,)) for number in range(count)]
        for thread in self._threads:
            thread.start()

    def _write(self, number: int) -> None:
        for turn in range(1_000_000):
            if self._stopped.is_set():
                return
            name = f"{self._word} {number} turn {turn}"
            try:
                answer = self._running.add(name)
            except OSError:
                return
            if answer.status == 204:
                self.acknowledged.append(name)

    def stop(self) -> None:
        """Let each finish its request."""
        self._stopped.set()
        for thread in self._threads:
            thread.join()


def lose_nothing_to_kill_9(running: RunningService) -> None:
    """Kills every process of the service under load; after a restart, all that was acknowledged is there, once."""
    writers = Writers(running, 8)
    wait_until(lambda: len(writers.acknowledged) > 100, 20, "a hundred acknowledged writes")
    running.kill_all()
    writers.stop()
    running.restart()
    names = running.names()
    assert set(writers.acknowledged) <= set(names)
    assert len(names) == len(set(names))
