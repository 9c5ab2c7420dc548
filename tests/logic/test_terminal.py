"""What a terminal shows and what a run's log keeps: nothing of Locust's routine on the one, all of it in the other."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import lean  # noqa: F401 - before Locust

# after it, on purpose
import locust.log  # isort: skip
import locust.main  # isort: skip
from locust.stats import RequestStats, print_error_report, print_stats  # isort: skip
from lab.engine import terminal  # isort: skip

NAMES = ("", "locust", "locust.stats_logger")


@pytest.fixture
def loggers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever is done to them is undone."""
    known = {name: (list(logger.handlers), logger.level, logger.propagate) for name, logger in found().items()}
    monkeypatch.setattr(locust.main, "setup_logging", locust.log.setup_logging)
    yield
    for name, (handlers, level, propagates) in known.items():
        logger = found()[name]
        for handler in logger.handlers:
            if isinstance(handler, terminal.RunLog):
                handler.close()
        logger.handlers[:], logger.propagate = handlers, propagates
        logger.setLevel(level)


def found() -> dict[str, logging.Logger]:
    return {name: logging.getLogger(name) for name in NAMES}


def set_up(level: str = "INFO", *, is_verbose: bool = False) -> None:
    terminal.keep_locust_quiet(is_verbose=is_verbose)
    locust.main.setup_logging(level)  # type: ignore[attr-defined]


def say() -> None:
    """What a run brings about: Locust's routine, its tables, a failure, and lines of lab and scenario."""
    logging.getLogger("locust.runners").info("All users spawned")
    logging.getLogger("locust.runners").warning("a worker went missing")
    logging.getLogger("lab.engine.gate").info("2 workers are there")
    logging.getLogger("shop").info("logged in")
    stats = RequestStats()
    stats.log_request("GET", "/tests", 5, 1)
    stats.log_error("GET", "/tests", "503")
    print_stats(stats)
    print_error_report(stats)
    try:
        raise RuntimeError("a task that failed")
    except RuntimeError:
        logging.getLogger("locust.user.task").exception("task")


WRONG = ("a worker went missing", "RuntimeError: a task that failed", "Traceback", "Error report", "503")
OURS = ("2 workers are there", "logged in")
ROUTINE = ("All users spawned", "Aggregated")


@pytest.mark.usefixtures("loggers")
@pytest.mark.parametrize(("level", "is_verbose"), [("INFO", False), ("INFO", True), ("DEBUG", False)])
def test_routine_is_hidden_unless_asked_for_and_nothing_that_is_wrong(
    level: str, is_verbose: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up(level, is_verbose=is_verbose)
    say()
    shown = capsys.readouterr().err
    assert all(text in shown for text in (*WRONG, *OURS)), shown
    assert all((text in shown) is (is_verbose or level == "DEBUG") for text in ROUTINE), shown


@pytest.mark.usefixtures("loggers")
def test_a_runs_log_has_everything_from_the_start_on_until_the_next_run(tmp_path: Path) -> None:
    set_up()
    logging.getLogger("locust.main").info("Starting Locust")
    folders = tmp_path / "first", tmp_path / "second"
    for folder in folders:
        folder.mkdir()
        terminal.keep_in(folder)
        say()
    logging.getLogger("locust.main").info("Shutting down")
    first, second = ((folder / terminal.FILE).read_text() for folder in folders)
    assert all(text in first for text in ("Starting Locust", *WRONG, *OURS, *ROUTINE)), first
    assert first.count("2 workers are there") == 1, "each line once, though three loggers lead to the file"
    assert "Shutting down" in second
    assert "Shutting down" not in first


@pytest.mark.usefixtures("loggers")
def test_a_log_has_an_end_and_one_that_cannot_be_written_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up()
    monkeypatch.setattr(terminal, "MOST_BYTES", 2000)
    terminal.keep_in(tmp_path)
    for number in range(1000):
        logging.getLogger("locust.runners").info("line %d", number)
    assert 2000 <= (tmp_path / terminal.FILE).stat().st_size < 2200
    terminal.keep_in(tmp_path / "nowhere")
    assert "the run has no log: " in capsys.readouterr().err


def test_what_workers_said_is_kept_by_worker(tmp_path: Path) -> None:
    terminal.keep_of_workers(tmp_path, {"w1": ["a", "b"], "w2": []})
    assert (tmp_path / terminal.WORKERS_FILE).read_text() == "== w1\na\nb\n== w2\n\n"
