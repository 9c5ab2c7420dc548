"""What can be set from outside, and what does each knob take?"""

from __future__ import annotations

import socket
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

PAGE_LIMIT_MOST = 1000
METRICS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # prometheus-client's own; gunicorn.conf.py sets it before that is imported
STORES = ("sqlite:///", "postgresql://", "memory://")


class SettingsError(ValueError):
    """A knob has a value that it does not take; the text is one line for the person who set it."""


class Settings(NamedTuple):
    """The service's knobs, typed and checked."""

    database_url: str = "sqlite:////data/lab.db"
    database_pool: int = 5  # connections of one gunicorn worker to PostgreSQL at most
    page_limit: int = 100  # items a page unless asked; 0 is the whole list
    allow_reset: bool = False  # whether DELETE /tests exists
    bind: str = "0.0.0.0:5000"
    workers: int = 2  # gunicorn worker processes of this replica
    replica: str = socket.gethostname()  # what X-Replica says


def read_settings(environ: Mapping[str, str]) -> Settings:
    """The settings in an environment; an empty variable means the default. Raises SettingsError."""
    default = Settings()
    return Settings(
        database_url=_database_url(environ, default.database_url),
        database_pool=_whole_number(environ, "API_DATABASE_POOL", default.database_pool, 1, 100),
        page_limit=_whole_number(environ, "API_PAGE_LIMIT", default.page_limit, 0, PAGE_LIMIT_MOST),
        allow_reset=_truth(environ, "API_ALLOW_RESET", default.allow_reset),
        bind=_address(environ, "API_BIND", default.bind),
        workers=_whole_number(environ, "WEB_CONCURRENCY", default.workers, 1, 64),
        replica=_name(environ, "API_REPLICA", default.replica),
    )


def _refuse(knob: str, value: str, takes: str) -> SettingsError:
    return SettingsError(f"{knob}={value[:100]!r} is not possible: it takes {takes}")


def _whole_number(environ: Mapping[str, str], knob: str, default: int, least: int, most: int) -> int:
    text = environ.get(knob, "").strip()
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(most)) and least <= int(text) <= most):
        raise _refuse(knob, text, f"a whole number from {least} to {most}")
    return int(text)


def _truth(environ: Mapping[str, str], knob: str, default: bool) -> bool:
    text = environ.get(knob, "").strip().lower()
    if text and text not in {"true", "false"}:
        raise _refuse(knob, text, "true or false")
    return text == "true" if text else default


def _name(environ: Mapping[str, str], knob: str, default: str) -> str:
    text = environ.get(knob, "").strip() or default
    if not (text.isascii() and text.isprintable()):
        raise _refuse(knob, text, "a name that fits into a header")
    return text


def _address(environ: Mapping[str, str], knob: str, default: str) -> str:
    text = environ.get(knob, "").strip() or default
    host, colon, port = text.rpartition(":")
    if not (host and colon and port.isascii() and port.isdigit() and len(port) <= 5 and int(port) <= 65535):
        raise _refuse(knob, text, "an address and a port, such as 0.0.0.0:5000")
    return text


def _database_url(environ: Mapping[str, str], default: str) -> str:
    text = _from_file(environ, "API_DATABASE_URL") or environ.get("API_DATABASE_URL", "").strip() or default
    kind = next((kind for kind in STORES if text.startswith(kind)), None)
    if kind is None or (kind != "memory://" and text == kind) or (kind == "memory://" and text != kind):
        takes = "sqlite:////folder/file.db, postgresql://user:password@host/database or memory://"
        raise _refuse("API_DATABASE_URL", _without_password(text), takes)
    return text


def _from_file(environ: Mapping[str, str], knob: str) -> str:
    """What is in the file that KNOB_FILE names, which goes before the knob itself; nothing where it names none."""
    name = environ.get(f"{knob}_FILE", "").strip()
    if not name:
        return ""
    try:
        text = Path(name).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        # the error of a decoder shows what it could not decode
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8"
        raise _refuse(f"{knob}_FILE", name, f"a file with the text of {knob}: {reason}") from None
    if not text:
        raise _refuse(f"{knob}_FILE", name, f"a file with the text of {knob}, and this one is empty")
    return text


def _without_password(url: str) -> str:
    """The URL as it may be shown: what stands before an @ can be a password."""
    scheme, mark, rest = url.partition("://")
    return f"{scheme}{mark}***@{rest.rpartition('@')[2]}" if "@" in rest else url
