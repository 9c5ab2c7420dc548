"""The secret that master and workers share: what it is, who makes it, and the keys that follow from it."""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path
from typing import NamedTuple

import zmq
from zmq.utils import z85

from lab.knobs import SettingsError


class Pair(NamedTuple):
    """A key pair of ZeroMQ's CURVE, in its own text form (Z85)."""

    public: bytes
    secret: bytes


class Keys(NamedTuple):
    """The pairs of both sides. Who knows the secret knows both; nobody else can begin to speak to either."""

    master: Pair
    worker: Pair


def keys(secret: str) -> Keys:
    """The keys of a secret: the same for everybody who has it."""
    return Keys(_pair(secret, b"lab master"), _pair(secret, b"lab worker"))


def read(text: str, file: Path) -> str:
    """The secret: the text, or what is in the file, which is made by whoever comes first.

    Raises SettingsError where there is no text and the file cannot be made or read.
    """
    if text:
        return text
    try:
        if not file.exists():
            _make(file)
        known = file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"LAB_SWARM_SECRET is empty, and {file} cannot be used instead: {error}") from error
    if not known:
        raise SettingsError(f"LAB_SWARM_SECRET is empty, and so is {file}: remove the file, and a new one is made")
    return known


def signs_sessions(secret: str, password: str) -> bytes:
    """What signs the sessions of the UI: another one for another password. Nobody can try passwords by a cookie."""
    return hashlib.blake2b(password.encode(), key=hashlib.sha512(secret.encode()).digest(), person=b"lab ui").digest()


def _make(file: Path) -> None:
    """Makes the file with a secret in it, unless somebody else has: it is never there without its content."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    own = file.with_name(f"{file.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(own, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as new:
            new.write(secrets.token_hex(32))
        file.hardlink_to(own)
    except FileExistsError:
        pass
    finally:
        own.unlink(missing_ok=True)


def _pair(secret: str, side: bytes) -> Pair:
    own = z85.encode(hashlib.blake2b(secret.encode(), digest_size=32, person=side).digest())
    return Pair(zmq.curve_public(own), own)
