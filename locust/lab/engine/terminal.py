"""What a terminal shows: the lab's own lines, the scenario's, and whatever is wrong. The rest is in the run's folder.

Locust 2.47 says four lines to one of the lab's (who connected, what was spawned, tables of the whole run). With
LAB_VERBOSE=true, or Locust's own level DEBUG, they are on the terminal as well.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import locust.main
from locust.log import get_logs

from lab.results import files

LOCUSTS, TABLES, ERRORS = "locust", "locust.stats_logger", "print_error_report"
CONSOLES = ("console", "console_plain")
FILE, WORKERS_FILE = "lab.log", "workers.log"
MOST_BYTES = 10_000_000
"""Of the log of a run: a listener that says a line for each report must not fill the disk."""


def is_shown(record: logging.LogRecord) -> bool:
    """Whether a terminal shows the line: not where Locust only says what it does. Its table of errors is shown."""
    is_locusts = record.name.partition(".")[0] == LOCUSTS
    return not is_locusts or record.levelno >= logging.WARNING or record.funcName == ERRORS


def keep_locust_quiet(*, is_verbose: bool) -> None:
    """From the time on that Locust sets up its log, terminals show less of it."""
    set_up = locust.main.setup_logging  # type: ignore[attr-defined] # Locust imports it

    def set_up_quietly(loglevel: str, logfile: str | None = None) -> None:
        set_up(loglevel, logfile)
        if not is_verbose and loglevel.upper() != "DEBUG":
            for handler in _handlers():
                if handler.name in CONSOLES:
                    handler.addFilter(is_shown)

    locust.main.setup_logging = set_up_quietly  # type: ignore[attr-defined]


def _handlers() -> list[logging.Handler]:
    found = [handler for name in ("", LOCUSTS, TABLES) for handler in logging.getLogger(name).handlers]
    return list(dict.fromkeys(found))


class RunLog(logging.StreamHandler[Any]):
    """Writes all that this process says into the folder of a run, until the next one begins."""

    def __init__(self, folder: Path) -> None:
        """Begins with what was said before. Raises OSError."""
        super().__init__(files.open_new(folder / FILE))
        formatters = {handler.name: handler.formatter for handler in _handlers()}
        self._plain = formatters.get("console_plain")
        self.setFormatter(formatters.get("console") or formatters.get("file"))
        for line in get_logs():
            self.stream.write(f"{line}\n")

    def format(self, record: logging.LogRecord) -> str:
        plain = self._plain if record.name == TABLES else None
        return plain.format(record) if plain else super().format(record)

    def emit(self, record: logging.LogRecord) -> None:
        # a log that finds no room costs no run anything
        with suppress(OSError, ValueError):
            if self.stream.tell() < MOST_BYTES:
                self.stream.write(f"{self.format(record)}\n")
                self.stream.flush()

    def close(self) -> None:
        with suppress(OSError):
            self.stream.close()
        super().close()


def keep_in(folder: Path) -> None:
    """Has all that is said from now on be in the folder's log, and no more in that of an earlier run."""
    for name in ("", LOCUSTS, TABLES):
        logger = logging.getLogger(name)
        for handler in list(logger.handlers):
            if isinstance(handler, RunLog):
                logger.removeHandler(handler)
                handler.close()
    try:
        log = RunLog(folder)
    except OSError as error:
        logging.getLogger(__name__).warning("the run has no log: %s", files.explain(folder, error))
        return
    for name in ("", LOCUSTS, TABLES):
        # those that pass on what they are told have it written there
        if name == "" or not logging.getLogger(name).propagate:
            logging.getLogger(name).addHandler(log)


def keep_of_workers(folder: Path, logs: Mapping[str, Any]) -> None:
    """Writes what the workers have said so far."""
    said = [f"== {worker}\n" + "\n".join(lines) for worker, lines in logs.items()]
    with suppress(OSError):
        files.write_text(folder / WORKERS_FILE, "\n".join([*said, ""]))
