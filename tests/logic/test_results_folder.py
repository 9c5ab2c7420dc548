"""Before the load starts it is known whether the run can be kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lab.results import files

if TYPE_CHECKING:
    from pathlib import Path


def test_a_folder_that_is_not_there_is_made_and_left_empty(tmp_path: Path) -> None:
    files.check(tmp_path / "results")
    assert list((tmp_path / "results").iterdir()) == []


def test_a_link_to_the_newest_run_is_the_labs_own_even_where_the_run_is_gone(tmp_path: Path) -> None:
    (tmp_path / "latest").symlink_to("gone")
    files.check(tmp_path)


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("no folder")
    with pytest.raises(files.ResultsError, match="results cannot be written"):
        files.check(tmp_path / "results")


@pytest.mark.parametrize("make", ["mkdir", "touch"])
def test_what_is_called_latest_and_is_no_link_is_refused_by_its_name(tmp_path: Path, make: str) -> None:
    getattr(tmp_path / "latest", make)()
    with pytest.raises(files.ResultsError, match="latest is no link"):
        files.check(tmp_path)


def test_a_disk_without_room_for_a_run_is_refused_with_both_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "LEAST_FREE_BYTES", 10**18)
    with pytest.raises(files.ResultsError, match=r"MB are free, a run takes up to 1000000000000 MB"):
        files.check(tmp_path)


def test_rows_that_may_still_change_stand_at_the_end_until_the_next_one_comes(tmp_path: Path) -> None:
    path = tmp_path / "samples.csv"
    table = files.Table(path, ("second", "requests"))

    def read() -> str:
        return path.read_bytes().decode().replace("\r\n", " ")

    assert read() == "second,requests "
    table.show([{"second": 1, "requests": 12345}, {"second": 2, "requests": None}])
    assert read() == "second,requests 1,12345 2, "
    table.show([{"second": 1, "requests": 7}])
    assert read() == "second,requests 1,7 "
    table.add({"second": 1, "requests": 8})
    assert read() == "second,requests 1,8 "
    table.show([{"second": 2, "requests": 9}])
    assert read() == "second,requests 1,8 2,9 "
    table.close()
    assert read() == "second,requests 1,8 "
