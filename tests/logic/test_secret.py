"""The swarm's secret: the knob's, or one that is made by whoever comes first; all that follows from it is the same."""

from __future__ import annotations

import stat
import threading
from pathlib import Path

import pytest

from lab.engine import secret
from lab.knobs import SettingsError
from lab.settings import Settings

LONG = "a secret of the tests, long enough"


def test_the_file_is_made_once_for_its_owner_alone_and_all_read_the_same(tmp_path: Path) -> None:
    file, found = tmp_path / "made" / "secret", list[str]()
    threads = [threading.Thread(target=lambda: found.append(secret.read("", file))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 16
    assert len(set(found)) == 1
    assert len(found[0]) == 64
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert [path.name for path in file.parent.iterdir()] == ["secret"]


def test_the_knob_goes_before_the_file(tmp_path: Path) -> None:
    assert secret.read(LONG, tmp_path / "secret") == LONG
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("make", [Path.mkdir, Path.touch, lambda file: file.write_bytes(b"\xff")])
def test_a_file_that_is_no_secret_stops_the_start(tmp_path: Path, make: object) -> None:
    assert callable(make)
    make(tmp_path / "secret")
    with pytest.raises(SettingsError, match=r"^LAB_SWARM_SECRET is empty, and"):
        secret.read("", tmp_path / "secret")


@pytest.mark.parametrize("text", ["short", "fifteen letters", "not ASCII: äöü äöü äöü"])
def test_a_secret_that_can_be_guessed_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(SettingsError, match="LAB_SWARM_SECRET: takes 16 ASCII characters or more") as refused:
        Settings.from_environment({"LAB_SWARM_SECRET": text})
    assert text not in str(refused.value)


def test_settings_do_not_show_the_secret() -> None:
    assert LONG not in repr(Settings.from_environment({"LAB_SWARM_SECRET": LONG}))


def test_the_keys_follow_from_the_secret_and_are_of_two_sides() -> None:
    assert secret.keys(LONG) == secret.keys(LONG)
    master, worker = secret.keys(LONG)
    other_master, _ = secret.keys(LONG + "!")
    assert len({*master, *worker, *other_master}) == 6
