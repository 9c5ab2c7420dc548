"""Where the UI is open, and to whom: never beyond this machine without a password, by a knob or a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.knobs import SettingsError
from lab.settings import Settings
from tests.support.ui import PASSWORD, built, knobs


def test_a_password_comes_from_a_file_as_well(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(f"{PASSWORD}\n")
    with built(tmp_path, LAB_UI_PASSWORD_FILE=str(file)) as ui:
        assert ui.client().get("/lab").status_code == 401
        assert ui.client().post("/lab/login", data={"password": PASSWORD}).status_code == 303


@pytest.mark.parametrize("content", [None, b"", b"short", b"\n", b"\xff\xfe12345678"])
def test_a_file_without_a_password_stops_the_start(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "password"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SettingsError, match="LAB_UI_PASSWORD"):
        Settings.from_environment(knobs(tmp_path, LAB_UI_PASSWORD_FILE=str(file)))


def test_no_message_shows_a_password(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as error:
        Settings.from_environment(knobs(tmp_path, LAB_UI_PASSWORD="secret!"))
    assert str(error.value) == "LAB_UI_PASSWORD: takes 8 characters or more, or nothing"
    assert PASSWORD not in repr(Settings.from_environment(knobs(tmp_path, LAB_UI_PASSWORD=PASSWORD)))


@pytest.mark.parametrize(
    ("web_host", "address", "password", "refused"),
    [
        ("127.0.0.1", "127.0.0.1", "", False),
        ("localhost", "127.0.0.1", "", False),
        ("::1", "127.0.0.1", "", False),
        ("127.0.0.2", "127.0.0.1", "", False),
        ("swarm-master", "127.0.0.1", "", False),
        ("swarm-master", "::1", "", False),
        ("", "127.0.0.1", "", True),
        ("*", "127.0.0.1", "", True),
        ("0.0.0.0", "127.0.0.1", "", True),
        ("::", "127.0.0.1", "", True),
        ("192.168.1.7", "127.0.0.1", "", True),
        ("some-name", "127.0.0.1", "", True),
        ("swarm-master", "0.0.0.0", "", True),
        ("swarm-master", "192.168.1.7", "", True),
        ("swarm-master", "::", "", True),
        ("", "127.0.0.1", PASSWORD, False),
        ("0.0.0.0", "127.0.0.1", PASSWORD, False),
        ("swarm-master", "0.0.0.0", PASSWORD, False),
    ],
)
def test_the_ui_is_not_open_to_others_without_a_password(
    tmp_path: Path, web_host: str, address: str, password: str, refused: bool
) -> None:
    ui = built(tmp_path, web_host=web_host, LAB_UI_ADDRESS=address, LAB_UI_PASSWORD=password)
    if not refused:
        with ui:
            return
    with pytest.raises(SettingsError, match="set LAB_UI_PASSWORD") as error, ui:
        pass
    assert "\n" not in str(error.value)


def test_the_address_is_an_address(tmp_path: Path) -> None:
    for wrong in ("everywhere", "10.0.0", "0", "localhost", "[::1]"):
        with pytest.raises(SettingsError, match=r"LAB_UI_ADDRESS=.*takes an IP address"):
            Settings.from_environment(knobs(tmp_path, LAB_UI_ADDRESS=wrong))


def test_locusts_own_login_is_refused(tmp_path: Path) -> None:
    for password in ("", PASSWORD):
        ui = built(tmp_path, arguments=("--web-login",), LAB_UI_PASSWORD=password)
        with pytest.raises(SettingsError, match="--web-login: the lab has a login of its own"), ui:
            pass
