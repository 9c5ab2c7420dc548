"""What is never said: keeps secrets out of the log and out of Locust's own pages, whoever wrote them there."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from flask import Flask, Response, request
from werkzeug.datastructures import ImmutableMultiDict

from lab.exchanges.secrets import without_login

if TYPE_CHECKING:
    from lab.exchanges.secrets import Known

_LOGGERS = ("", "locust", "locust.stats_logger")
"""Those to which Locust gives handlers."""


class _Quiet(logging.Formatter):
    """Another formatter, without secrets."""

    def __init__(self, formatter: logging.Formatter | None, known: Known) -> None:
        super().__init__()
        self._formatter, self._known = formatter or logging.Formatter(), known

    def format(self, record: logging.LogRecord) -> str:
        """The line, with its traceback, as it may be shown."""
        return self._known.shown(self._formatter.format(record))


def hide_in_log(known: Known) -> None:
    """From now on no handler of Locust's writes one of these secrets."""
    handlers = {handler for name in _LOGGERS for handler in logging.getLogger(name).handlers}
    for handler in handlers:
        handler.setFormatter(_Quiet(handler.formatter, known))


def hide_logins(app: Flask, host: Callable[[], str | None]) -> None:
    """Has no page show user and password of a URL. The form sends the host as it was shown: here it is put back."""

    @app.before_request
    def put_back() -> None:
        real, form = host() or "", request.form
        if "@" in real and form.get("host") == without_login(real):
            others = [(name, value) for name, value in form.items(multi=True) if name != "host"]
            request.form = ImmutableMultiDict([*others, ("host", real)])

    @app.after_request
    def hide(response: Response) -> Response:
        for name, value in response.headers.to_wsgi_list():  # Locust names files for the host
            if "@" in value:
                response.headers[name] = without_login(value)
        is_text = response.is_json or (response.mimetype or "").startswith("text/")
        if is_text and not response.direct_passthrough and "@" in (text := response.get_data(as_text=True)):
            response.set_data(without_login(text))
        return response
