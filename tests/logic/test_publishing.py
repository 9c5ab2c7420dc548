"""The master's port is opened to workers elsewhere only where they share a secret, and the start says what it opens."""

from __future__ import annotations

import pytest

from lab.engine import publishing
from lab.knobs import SettingsError
from lab.settings import Settings

SECRET = "0123456789abcdef"


def test_without_it_nothing_is_open_and_nothing_is_said() -> None:
    assert not publishing.words(Settings.from_environment({}))


@pytest.mark.parametrize(
    "given", [{"LAB_SWARM_SECRET": SECRET}, {"LAB_SWARM_SECRET_FILE": "/run/secrets/swarm-secret"}]
)
@pytest.mark.parametrize(
    ("address", "place", "master"),
    [
        ("192.0.2.10", "open at 192.0.2.10.", "LOCUST_MASTER_NODE_HOST=192.0.2.10 docker"),
        ("2001:db8::1", "open at 2001:db8::1.", "LOCUST_MASTER_NODE_HOST=2001:db8::1 docker"),
        ("0.0.0.0", "open at all addresses of this machine.", "LOCUST_MASTER_NODE_HOST=THIS_MACHINE docker"),
    ],
)
def test_the_start_says_what_it_opens_and_how_to_come_in(
    given: dict[str, str], address: str, place: str, master: str
) -> None:
    said = publishing.words(Settings.from_environment({"LAB_MASTER_PUBLISH": address, **given}))
    assert place in said
    assert master in said
    assert SECRET not in said


def test_a_secret_that_nobody_else_has_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"LAB_MASTER_PUBLISH=192\.0\.2\.10: takes LAB_SWARM_SECRET"):
        publishing.words(Settings.from_environment({"LAB_MASTER_PUBLISH": "192.0.2.10"}))


def test_a_name_is_no_address() -> None:
    with pytest.raises(SettingsError, match="LAB_MASTER_PUBLISH=all: takes an IP address"):
        Settings.from_environment({"LAB_MASTER_PUBLISH": "all"})
