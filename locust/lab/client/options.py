"""The options that a request may have, and those that are refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

from lab.client import message
from lab.client.message import UnsupportedOption
from lab.client.pool import Patience
from lab.client.uploads import Files


class Options(TypedDict, total=False):
    """The options of a request."""

    name: str | None
    data: message.Data
    json: Any
    headers: Mapping[str, Any] | None
    params: message.Params
    auth: message.Credentials | None
    timeout: float | tuple[float, float] | None
    allow_redirects: bool
    catch_response: bool
    context: Mapping[str, Any] | None
    stream: bool
    files: Files | None


def refuse(options: Mapping[str, Any]) -> None:
    """Raises UnsupportedOption for the first one that asks for something."""
    for option, value in options.items():
        if value not in (None, False):
            raise UnsupportedOption(f"{option}=")


def patience_of(timeout: float | tuple[float, float]) -> Patience:
    """How long to wait, for a timeout of seconds for the whole request, or (connection, whole)."""
    return Patience(*timeout) if isinstance(timeout, tuple) else Patience(timeout, timeout)
