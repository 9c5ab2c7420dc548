"""What was acknowledged survives power cuts with the store's own setting; with a weaker one the trial sees it lost."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from api.stores.sqlite_file import SYNCHRONOUS
from tests.support.power_cut import APP, Disk, Record, read_log
from tests.support.running_service import RunningService, wait_until
from tests.support.store_trials import Writers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CUTS = 20
WRITES_BEFORE_A_CUT = 40


class Trial:
    """A service whose power is cut under writes, again and again."""

    def __init__(self, folder: Path, synchronous: str) -> None:
        self.acknowledged: list[str] = []
        self.not_synced = 0
        self._folder, self._log = folder, folder / "power.log"
        self._disk, self._chance = Disk(), random.Random(1)
        environ = {
            "API_DATABASE_URL": f"sqlite:///{folder}/lab.db",
            "POWER_CUT_LOG": str(self._log),
            "POWER_CUT_SYNCHRONOUS": synchronous,
            "WEB_CONCURRENCY": "1",
        }
        self.running = RunningService(folder, environ, APP)
        self.running.await_status("/ready", 200)

    def cut(self, number: int) -> list[str]:
        """Cut the power under writes, start again, and return the names in the list."""
        writers = Writers(self.running, 4, f"cut {number}")
        wait_until(lambda: len(writers.acknowledged) > WRITES_BEFORE_A_CUT, 30, "acknowledged writes")
        self.running.kill_all()
        writers.stop()
        self.acknowledged += writers.acknowledged
        self.not_synced += self._disk.cut(read_log(self._log), self._chance)
        self._log.unlink()
        self._disk.restore(self._folder, "lab.db*")
        self.running.restart()
        return self.running.names()


@pytest.fixture
def trial(tmp_path: Path, synchronous: str) -> Iterator[Trial]:
    trial = Trial(tmp_path, synchronous)
    yield trial
    trial.running.stop()


@pytest.mark.parametrize("synchronous", [SYNCHRONOUS])
def test_twenty_power_cuts_lose_nothing_that_was_acknowledged(trial: Trial) -> None:
    for number in range(CUTS):
        names = trial.cut(number)
        assert set(trial.acknowledged) <= set(names)
        assert len(names) == len(set(names))
    assert len(trial.acknowledged) >= CUTS * WRITES_BEFORE_A_CUT
    assert trial.not_synced > 0, "no cut came between a write and its sync"


@pytest.mark.parametrize("synchronous", ["NORMAL", "OFF"])
def test_a_weaker_setting_loses_what_was_acknowledged(trial: Trial) -> None:
    names = trial.cut(0)
    assert len(set(trial.acknowledged) - set(names)) > WRITES_BEFORE_A_CUT / 2
    assert trial.not_synced > 0


def test_a_cut_keeps_what_was_synced_and_any_part_of_the_rest() -> None:
    """The last two writes to the log are not synced: each may be there, in part, or not at all."""
    done = [
        Record("write", "log", 0, b"a" * 1024),
        Record("sync", "other"),
        Record("sync", "log"),
        Record("write", "log", 1024, b"b" * 1024),
        Record("write", "log", 2048, b"c" * 1024),
    ]
    seen = set()
    for seed in range(200):
        disk = Disk()
        assert disk.cut(done, random.Random(seed)) == 2
        content = bytes(disk.files["log"])
        assert content[:1024] == b"a" * 1024
        seen.add((content[1024:2048].count(b"b"), content[2048:].count(b"c")))
    assert seen == {(b, c) for b in (0, 512, 1024) for c in (0, 512, 1024)}
    deleted = Disk()
    assert deleted.cut([*done, Record("delete", "log")], random.Random(0)) == 0
    assert not deleted.files
