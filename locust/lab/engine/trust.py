"""Which certificates users trust, as LAB_TLS_VERIFY and LAB_TLS_CA say: those of Locust's own classes and of ours.

What a user class or a request says itself goes before: `insecure`, `ssl_context_factory`, `verify=`.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import urllib3
from locust import FastHttpUser
from locust.clients import HttpSession
from urllib3.exceptions import InsecureRequestWarning

from lab.client import LeanHttpUser


def set_up(verify: bool, authorities: Path | None) -> None:
    """Nothing changes where certificates are checked as ever: HttpUser checks them, the two others do not."""
    if authorities:

        @cache
        def context() -> ssl.SSLContext:
            return ssl.create_default_context(cafile=str(authorities))

        for user in (FastHttpUser, LeanHttpUser):
            user.insecure, user.ssl_context_factory = False, staticmethod(context)
    if not verify:
        # somebody has decided so: not to be said for each request
        urllib3.disable_warnings(InsecureRequestWarning)
    if authorities or not verify:
        _have_http_user(str(authorities) if authorities else False)


def _have_http_user(trust: bool | str) -> None:
    merge: Callable[..., Any] = HttpSession.merge_environment_settings

    def trusting(session: HttpSession, *request: Any) -> Any:
        """Of url, proxies, stream, verify, cert, as requests hands them on."""
        *before, verify, cert = request
        own = trust if verify is None and session.verify is True else verify
        return merge(session, *before, own, cert)

    HttpSession.merge_environment_settings = trusting  # type: ignore[method-assign, assignment] # as Locust lacks a knob
