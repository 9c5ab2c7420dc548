"""The ring of faults: each row is injected for real, and the verdict must be right, exact, and there.

The rows stand beside this file, by what is broken. `make test-faults` prints them as a table; docs/faults.md has it.
"""

from __future__ import annotations

import fcntl
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.faults import (
    of_chaos,
    of_clocks,
    of_disks,
    of_link,
    of_master,
    of_neighbours,
    of_postgresql,
    of_service,
    of_stack,
    of_stops,
    of_store,
    of_terminal,
    of_workers,
)
from tests.support.faults import Fault, Seen, Trial
from tests.support.faults_lab import Lab

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from _pytest.mark.structures import ParameterSet

PARTS = (
    of_service,
    of_stack,
    of_workers,
    of_master,
    of_link,
    of_chaos,
    of_clocks,
    of_disks,
    of_stops,
    of_store,
    of_postgresql,
    of_terminal,
    of_neighbours,
)
SIDE_BY_SIDE = Path(tempfile.gettempdir()) / "lab-faults.lock"

_seen: dict[Trial, Seen] = {}


def _parameters() -> list[ParameterSet]:
    rows = [(part.__name__.rpartition(".")[2], fault) for part in PARTS for fault in part.FAULTS]
    names = [fault.name for _, fault in rows]
    assert len(names) == len(set(names)), "two rows have one name"
    rows.sort(key=lambda row: row[1].alone)
    return [pytest.param(fault, id=f"{part}: {fault.name}", marks=list(_marks(fault))) for part, fault in rows]


def _marks(fault: Fault) -> Iterator[pytest.MarkDecorator]:
    yield pytest.mark.xdist_group(fault.trial.__name__)
    yield pytest.mark.timeout(fault.timeout_seconds)
    if fault.red:
        yield pytest.mark.xfail(reason=fault.red, strict=True)


@contextmanager
def _turn(*, alone: bool) -> Iterator[None]:
    """Waits until a trial may run: one that is alone with no other, whoever runs it."""
    with SIDE_BY_SIDE.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        yield


def _run(fault: Fault, folder: Path) -> Seen:
    """What the row's trial left; it runs once, however many rows look at it."""
    if fault.trial not in _seen:
        lab = Lab(folder)
        with _turn(alone=fault.alone):
            try:
                fault.trial(lab)
                _seen[fault.trial] = lab.seen()
            finally:
                lab.end()
    return _seen[fault.trial]


@pytest.mark.parametrize("fault", _parameters())
def test_fault(fault: Fault, tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    record_property("fault", fault.name)
    record_property("wanted", " or ".join(fault.wanted))
    seen = _run(fault, tmp_path)
    wrong = fault.judge(seen)
    record_property("seen", seen.outcome)
    record_property("exact", fault.figures(seen))
    record_property("recovered", "" if seen.recovered_after is None else f"{seen.recovered_after:.1f} s")
    record_property("sentence", seen.sentence)
    assert not wrong, "\n".join([f"{fault.name}: {len(wrong)} of the row do not hold:", *wrong, seen.sentence])
