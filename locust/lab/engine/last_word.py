"""The exit code of the process is the lab's: a scenario's listeners may ask for another, which is said, and no more."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from locust.event import EventHook

from lab.exchanges.secrets import without_login
from lab.judging.verdict import ExitCode
from lab.locust_internals import listen_first, listeners, share_listeners

if TYPE_CHECKING:
    from locust.env import Environment

    from lab.engine.run import Run
    from lab.settings import Settings

log = logging.getLogger(__name__)


class LastWord:
    """Holds the exit code until the end. While it has none, the scenario's counts."""

    def __init__(self, environment: Environment) -> None:
        self._environment, self._code = environment, environment.process_exit_code
        events = environment.events
        events.quitting, events.quit = HeldEnd(events.quitting, self), HeldEnd(events.quit, self)
        # Locust calls the listeners of this event in reverse: whoever is first is called last
        listen_first(events.quitting, self._insist)
        os._exit = partial(self._leave, os._exit, os.getpid())

    def say(self, code: int) -> None:
        """Sets the exit code."""
        self._code = self._environment.process_exit_code = code

    def hear(self, asked: object) -> None:
        """Says that a listener asked for another exit code, and which one counts."""
        if self._code is None:
            self._environment.process_exit_code = asked if isinstance(asked, int) else int(asked is not None)
        elif asked != self._code:
            log.warning("a listener of the scenario asked for exit code %s: it stays %d, the lab's", asked, self._code)

    def _leave(self, leave: Callable[[int], NoReturn], own: int, asked: int) -> NoReturn:
        """In place of os._exit, by which a scenario would end the master with a code of its own, and no verdict."""
        if os.getpid() != own:  # of a process that was forked
            leave(asked)
        if self._code is None:
            self._code = ExitCode.LAB_FAILED
            os.write(1, b"NO VERDICT: the scenario ended the master by os._exit\n")
        leave(self._code)

    def _insist(self, **_: Any) -> None:
        asked = self._environment.process_exit_code
        self.hear(asked)
        if self._code is not None:
            self._environment.process_exit_code = self._code


class HeldEnd(EventHook):
    """An event of the end: a listener that ends the process by itself does not, and the others are called as well."""

    def __init__(self, event: EventHook, last_word: LastWord) -> None:
        super().__init__()
        self._last_word = last_word
        share_listeners(event, self)

    def fire(self, *, reverse: bool = False, **arguments: Any) -> None:
        for handler in reversed(listeners(self)) if reverse else listeners(self):
            one = EventHook()
            one.add_listener(handler)
            try:
                one.fire(**arguments)
            except SystemExit as ended:
                self._last_word.hear(ended.code)


MOST_MESSAGE_BYTES = 4000
"""Of the file with the last line: Kubernetes shows 4,096 bytes of a container's last words."""


class _Said:
    """What was printed last."""

    line = ""


def farewell(run: Run | None, failed: str | None, settings: Settings) -> None:
    """Prints the verdict and where the run is, or why there is none; into the file as well, where there is one.

    The same again only where Locust's own words are shown (LAB_VERBOSE), which come in between.
    """
    failed = failed and without_login(failed)
    if run and run.verdict:
        where = f"Not kept: {failed}" if failed else f"See results/{run.folder.name}"
        said = f"{run.verdict.sentence} {where}"
    elif failed:
        said = f"NO VERDICT: {failed}"
    else:
        return
    if said != _Said.line or settings.verbose:
        print(said, flush=True)  # noqa: T201 - it is for the person at the terminal
    _Said.line = said
    if settings.verdict_file:
        _write(settings.verdict_file, f"{said}\n".encode()[:MOST_MESSAGE_BYTES])


def _write(file: Path, said: bytes) -> None:
    # in its place, because it may be mounted; what cannot be written there is no reason to lose a verdict
    try:
        file.write_bytes(said)
    except OSError as error:
        log.warning("LAB_VERDICT_FILE=%s: the last line cannot be written there: %s", file, error.strerror)
