"""A secret may come from a file: it goes before the variable, and a message about it shows nothing of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.settings import SettingsError as ApiSettingsError
from api.settings import read_settings
from lab.knobs import SettingsError
from lab.settings import Settings

CANARY = "canary-7d1f"
URL = f"postgresql://lab:{CANARY}@postgres/lab"


def _file(tmp_path: Path, content: bytes) -> str:
    file = tmp_path / "secret"
    file.write_bytes(content)
    return str(file)


def test_a_file_goes_before_the_variable(tmp_path: Path) -> None:
    environment = {"LAB_HEADERS": "A: b", "LAB_HEADERS_FILE": _file(tmp_path, f"X-Key: {CANARY}\nB: c\n".encode())}
    assert Settings.read(environment).own_headers == (("X-Key", CANARY), ("B", "c"))
    database = {"API_DATABASE_URL": "memory://", "API_DATABASE_URL_FILE": _file(tmp_path, f"{URL}\n".encode())}
    assert read_settings(database).database_url == URL


def test_without_a_file_the_variable_stays() -> None:
    environment = {"LAB_HEADERS": "A: b", "LAB_HEADERS_FILE": ""}
    assert Settings.read(environment).own_headers == (("A", "b"),)
    assert read_settings({"API_DATABASE_URL": "memory://", "API_DATABASE_URL_FILE": ""}).database_url == "memory://"


@pytest.mark.parametrize(
    ("content", "says"), [(None, "No such file"), (b" \n", "empty"), (CANARY.encode() + b"\xff", "no UTF-8")]
)
def test_a_file_that_cannot_be_used_is_named_and_not_shown(tmp_path: Path, content: bytes | None, says: str) -> None:
    name = str(tmp_path / "missing") if content is None else _file(tmp_path, content)
    with pytest.raises(SettingsError) as lab:
        Settings.read({"LAB_HEADERS_FILE": name})
    with pytest.raises(ApiSettingsError) as api:
        read_settings({"API_DATABASE_URL_FILE": name})
    for knob, refused in (("LAB_HEADERS_FILE=", lab), ("API_DATABASE_URL_FILE=", api)):
        assert str(refused.value).startswith(knob)
        assert says in str(refused.value)
        assert CANARY not in str(refused.value)
        assert refused.value.__cause__ is None


def test_a_wrong_url_in_a_file_is_refused_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(ApiSettingsError) as refused:
        read_settings({"API_DATABASE_URL_FILE": _file(tmp_path, URL.replace("postgresql", "mysql").encode())})
    assert CANARY not in str(refused.value)
