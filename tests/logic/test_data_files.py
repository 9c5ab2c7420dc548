"""Files of rows: what is read from them, and what is said of one that holds none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support import lean  # noqa: F401 - Locust is asked not to patch this process

# after it, on purpose
from lab.data import Rows  # isort: skip
from lab.data.files import DataError, read  # isort: skip


@pytest.fixture(autouse=True)
def made_by_this_test(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Rows, "all", [])
    monkeypatch.setattr(Rows, "giver", None)
    monkeypatch.setattr(Rows, "worker", 0)
    monkeypatch.setattr(Rows, "is_too_late", False)


def written(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


@pytest.mark.parametrize(
    ("name", "text", "rows"),
    [
        ("a.csv", "name,age\nanna,3\n", [{"name": "anna", "age": "3"}]),
        ("a.CSV", "\ufeffname\r\n\r\nanna\r\n", [{"name": "anna"}]),
        ("a.csv", 'name, age\n"of, two\nlines",3', [{"name": "of, two\nlines", "age": "3"}]),
        ("a.csv", "name,note\nanna,\n", [{"name": "anna", "note": ""}]),
        ("a.json", '[{"a": 1}, 2, "three"]', [{"a": 1}, 2, "three"]),
        ("a.jsonl", '{"a": "x\u2028y"}\n\n[1]\n', [{"a": "x\u2028y"}, [1]]),
        ("a.ndjson", "1\n2", [1, 2]),
    ],
)
def test_rows_are_read(name: str, text: str, rows: list[Any], tmp_path: Path) -> None:
    assert list(read(written(tmp_path, name, text))[0]) == rows


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("a.csv", "", "has no rows"),
        ("a.csv", "name\n", "has no rows"),
        ("a.csv", "name,age\nanna,3\nberta\n", "line 3 has 1 field, where the first line has 2"),
        ("a.csv", "name\nanna,3\n", "line 2 has 2 fields, where the first line has 1"),
        ("a.csv", "name,\nanna,3\n", "the first line of a CSV file names its columns, and here one has no name"),
        ("a.csv", "name,name\nanna,3\n", "two columns are called name"),
        ("a.csv", 'name\n"anna" x\n', "line 2: "),
        ("a.csv", b"name\n\xff\n", "is not UTF-8"),
        ("a.json", "[1,", "is no JSON"),
        ("a.json", '{"a": 1}', "takes an array, of which each item is a row; for a row in each line call it .jsonl"),
        ("a.json", "[]", "has no rows"),
        ("a.jsonl", "1\n{\n", "line 2 is no JSON"),
        ("a.txt", "1", "takes one of .csv, .json, .jsonl, .ndjson, by its name"),
    ],
)
def test_a_file_without_rows_is_refused_by_name_and_line(
    name: str, text: str | bytes, says: str, tmp_path: Path
) -> None:
    path = written(tmp_path, name, text)
    with pytest.raises(DataError) as error:
        read(path)
    assert str(error.value).startswith(f"{path}: ")
    assert says in str(error.value)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a\.csv: cannot be read: No such file"):
        Rows(tmp_path / "a.csv")


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"order": "sideways"}, "order='sideways': takes one of 'in turn', 'random'"),
        ({"once": True, "at_end": "cry"}, "at_end='cry': takes one of 'wrap', 'stop', 'fail'"),
        ({"at_end": "stop"}, "at_end='stop': takes once=True"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(settings: dict[str, Any], says: str, tmp_path: Path) -> None:
    path = written(tmp_path, "a.json", "[1]")
    with pytest.raises(DataError, match=says):
        Rows(path, **settings)
    assert Rows.all == []


def test_rows_are_not_made_by_users(tmp_path: Path) -> None:
    path = written(tmp_path, "a.json", "[1]")
    assert set(Rows.close()) == set()
    with pytest.raises(DataError, match="is made where the scenario is imported, not by a user"):
        Rows(path)


def test_processes_with_other_rows_differ(tmp_path: Path) -> None:
    path = written(tmp_path, "a.json", "[1, 2]")
    Rows(path)
    Rows(path, once=True)
    before = Rows.close()
    assert list(before) == [f"data 1 {path}", f"data 2 {path}"]
    assert len(set(before.values())) == 2
    path.write_text(json.dumps([2, 1]))
    Rows.all.clear()
    Rows.is_too_late = False
    Rows(path)
    assert Rows.close()[f"data 1 {path}"] != before[f"data 1 {path}"]


def test_in_turn_each_worker_begins_in_a_place_of_its_own_and_goes_round(tmp_path: Path) -> None:
    rows = Rows(written(tmp_path, "a.json", json.dumps(list(range(10)))))
    assert (len(rows), [next(rows) for _ in range(12)]) == (10, [*range(10), 0, 1])
    first = []
    for worker in range(4):
        Rows.begin(worker)
        first.append(next(rows))
    assert len(set(first)) == 4


def test_by_chance_it_is_the_same_chance_in_each_run_and_another_on_each_worker(tmp_path: Path) -> None:
    path = written(tmp_path, "a.json", json.dumps(list(range(1000))))
    rows, other = Rows(path, order="random"), Rows(path, order="random", seed=1)
    first, others = [next(rows) for _ in range(50)], [next(other) for _ in range(50)]
    Rows.begin(0)
    assert [next(rows) for _ in range(50)] == first != others
    Rows.begin(1)
    assert [next(rows) for _ in range(50)] != first


def test_a_user_keeps_its_row(tmp_path: Path) -> None:
    rows = Rows(written(tmp_path, "a.json", "[1, 2, 3]"))

    class User:
        pass

    one, other = User(), User()
    assert [rows.of(user) for user in (one, other, one, other)] == [1, 2, 1, 2]  # type: ignore[arg-type] # any object
