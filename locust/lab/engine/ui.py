"""Opens the UI: refuses it where everybody could reach it, and joins the lab's pages and its guard to Locust's app."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import locust.web
from locust import argument_parser

from lab.engine import secret
from lab.engine.moment import moment
from lab.knobs import SettingsError
from lab.pages import site
from lab.pages.login import Key, Login
from lab.pages.origin import Names, is_loopback
from lab.pages.start_form import MANUAL, Offer
from lab.settings import Settings

if TYPE_CHECKING:
    from flask import Flask
    from locust.web import WebUI

    from lab.engine.conductor import Conductor

OF_COMPOSE = "swarm-master"
"""Where the master listens in Compose: a name of a network of its own, published at LAB_UI_ADDRESS."""


def published(settings: Settings, web_host: str) -> str:
    """Where the UI can be reached: an address, or a name; empty for everywhere."""
    return settings.ui_address if web_host == OF_COMPOSE else web_host


def place(web_ui: WebUI) -> str:
    """Where a person finds the UI. In Compose the port of this machine is not known here."""
    return (
        "the UI's port (8089 unless LOCUST_WEB_PORT says otherwise)"
        if web_ui.host == OF_COMPOSE
        else (f"http://{web_ui.host or 'localhost'}:{web_ui.port}")
    )


def key(settings: Settings) -> Key | None:
    """The password of the UI, and what follows from it; None without a password."""
    if not settings.ui_password:
        return None
    known = secret.read(settings.swarm_secret, settings.swarm_secret_file)
    return Key(settings.ui_password, secret.signs_sessions(known, settings.ui_password))


def keep_to_itself() -> None:
    """Has Locust no more open its UI to the pages of all other sites, as soon as it is made."""
    locust.web.CORS = _no_other_sites  # type: ignore[assignment, attr-defined]


def _no_other_sites(_: Flask) -> None:
    """In place of what lets them all in."""


def open_up(web_ui: WebUI, conductor: Conductor, settings: Settings) -> None:
    """Joins the lab to Locust's web UI before it listens. Raises SettingsError where it may not be opened like that."""
    where, found = published(settings, web_ui.host), key(settings)
    if web_ui.web_login:
        raise SettingsError("--web-login: the lab has a login of its own: set LAB_UI_PASSWORD instead")
    if found is None and not is_loopback(where):
        raise SettingsError(
            f"the UI is open to all who reach {where or 'any address of this machine'}: set LAB_UI_PASSWORD, "
            "or keep it on this machine (LAB_UI_ADDRESS=127.0.0.1; --web-host 127.0.0.1 where you call locust yourself)"
        )
    names = Names(where, {web_ui.host, *settings.ui_hosts})
    # once: Locust reads its whole command line anew for them
    custom = argument_parser.ui_extra_args_dict()
    door = site.Door(names, Login(found))
    site.build(web_ui, conductor, door, lambda: offer(conductor, custom), lambda: moment(conductor))


def offer(conductor: Conductor, custom: Mapping[str, Mapping[str, Any]]) -> Offer:
    """What a start may ask for now. `custom` are the options of the lab and the scenario that the form shows."""
    environment, shape = conductor.environment, conductor.environment.shape_class
    return Offer(
        plans=tuple(environment.available_shape_classes or ()),
        classes=tuple(environment.available_user_classes or ()),
        options=custom,
        most_users=conductor.settings.most_users,
        most_rate=max(conductor.settings.most_users, conductor.options.spawn_rate),
        users=conductor.options.num_users,
        host=conductor.host,
        running=None if conductor.is_idle else type(shape).__name__ if shape else MANUAL,
        present=() if conductor.is_idle else tuple(each.__name__ for each in environment.user_classes),
    )
