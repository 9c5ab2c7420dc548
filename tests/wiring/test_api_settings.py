"""A knob with a wrong value stops the start with one line that names it; an empty one is the default."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from api.settings import Settings, SettingsError, read_settings

ROOT = Path(__file__).resolve().parents[2]

WRONG = [
    ("API_DATABASE_URL", "mysql://host/db", "sqlite:////folder/file.db"),
    ("API_DATABASE_URL", "sqlite://", "sqlite:////folder/file.db"),
    ("API_DATABASE_URL", "sqlite:///", "sqlite:////folder/file.db"),
    ("API_DATABASE_URL", "memory://x", "memory://"),
    ("API_DATABASE_POOL", "0", "from 1 to 100"),
    ("API_DATABASE_POOL", "five", "from 1 to 100"),
    ("API_PAGE_LIMIT", "-1", "from 0 to 1000"),
    ("API_PAGE_LIMIT", "1001", "from 0 to 1000"),
    ("API_PAGE_LIMIT", "1e2", "from 0 to 1000"),
    ("API_PAGE_LIMIT", "٣", "from 0 to 1000"),
    ("API_ALLOW_RESET", "yes", "true or false"),
    ("API_BIND", "5000", "an address and a port"),
    ("API_BIND", "0.0.0.0:99999", "an address and a port"),
    ("WEB_CONCURRENCY", "0", "from 1 to 64"),
    ("WEB_CONCURRENCY", "65", "from 1 to 64"),
    ("WEB_CONCURRENCY", "two", "from 1 to 64"),
]


def _gunicorn(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("API_", "WEB_CONC"))}
    gunicorn = [sys.executable, "-m", "gunicorn", "-c", "api/gunicorn.conf.py"]
    return subprocess.run(
        [sys.executable, "-m", "api", *gunicorn, *arguments],
        cwd=ROOT,
        env={**clean, **environ},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


@pytest.mark.parametrize(("knob", "value", "takes"), WRONG)
def test_a_wrong_value_is_refused_with_what_the_knob_takes(knob: str, value: str, takes: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        read_settings({knob: value})
    assert str(refusal.value).startswith(f"{knob}={value!r} ")
    assert takes in str(refusal.value)


def test_an_empty_variable_means_the_default() -> None:
    names = {knob for knob, _, _ in WRONG}
    assert read_settings(dict.fromkeys(names, "")) == read_settings({}) == Settings()


def test_values_are_read_as_what_they_are() -> None:
    environ = {
        "API_DATABASE_URL": "postgresql://user:pw@host/db",
        "API_DATABASE_POOL": "7",
        "API_PAGE_LIMIT": "0",
        "API_ALLOW_RESET": "True",
        "API_BIND": "[::1]:8000",
        "WEB_CONCURRENCY": "3",
    }
    assert read_settings(environ) == Settings("postgresql://user:pw@host/db", 7, 0, True, "[::1]:8000", 3)


def test_a_refused_url_does_not_show_its_password() -> None:
    with pytest.raises(SettingsError) as refusal:
        read_settings({"API_DATABASE_URL": "mysql://user:secret@host/db"})
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize(("knob", "most"), [("API_PAGE_LIMIT", "0 to 1000"), ("WEB_CONCURRENCY", "1 to 64")])
def test_the_start_stops_with_one_line(knob: str, most: str) -> None:
    ended = _gunicorn(**{knob: "many"})
    assert ended.returncode != 0
    assert ended.stderr.splitlines() == [f"{knob}='many' is not possible: it takes a whole number from {most}"]


def test_gunicorn_accepts_the_configuration_and_starts_nothing(tmp_path: Path) -> None:
    checked = _gunicorn("--check-config", API_DATABASE_URL=f"sqlite:///{tmp_path}/lab.db")
    assert (checked.returncode, checked.stderr) == (0, "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("store", ["sqlite:////nowhere/lab.db", "memory://"])
def test_psycopg_is_loaded_only_where_postgresql_is_used(store: str) -> None:
    code = "import sys, api.app; api.app.create_app(); sys.exit('psycopg' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env={**os.environ, "API_DATABASE_URL": store}, check=True)
