"""The user class: FastHttpUser's settings, and one import instead of the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from locust import User
from locust.exception import StopTest
from locust.user.task import LOCUST_STATE_STOPPING, LOCUST_STATE_WAITING
from locust.user.users import RestMixin

from lab.client.message import UnsupportedOption
from lab.client.pool import Terms
from lab.client.response import Response
from lab.client.session import LeanHttpSession

if TYPE_CHECKING:
    from ssl import SSLContext

    from gevent.pool import Group
    from locust.env import Environment

UNSUPPORTED = ("client_pool", "max_retries", "proxy_host", "proxy_port")
"""Settings of FastHttpUser that mean nothing here: who sets one is told, rather than served by halves."""


class LeanHttpUser(User, RestMixin[Response]):
    """A user with a `client` that costs about a third of FastHttpUser's CPU, and is used in the same way."""

    abstract = True

    connection_timeout: float = 60.0
    """How long a connection may take, in seconds, with its TLS."""
    network_timeout: float = 60.0
    """How long a request may take, in seconds: connection, answer, redirects, all of it."""
    max_redirects: int = 30
    """Redirects that a request follows, unless allow_redirects=False; only to the same host."""
    concurrency: int = 10
    """Connections that a user has at once, where it makes requests in greenlets of its own."""
    insecure: bool = True
    """Whether certificates go unchecked, as FastHttpUser has it; False checks them."""
    ssl_context_factory: Callable[[], SSLContext] | None = None
    """Makes the context of TLS where the usual one does not do."""
    default_headers: Mapping[str, Any] | None = None
    """Headers of every request."""
    cookies: bool = True
    """Whether the user keeps cookies."""
    most_body_bytes: int = Terms.most_body_bytes
    """The longest body that is accepted: one without an end must not fill the worker's memory."""

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        for setting in UNSUPPORTED:
            if getattr(cls, setting, None):
                raise UnsupportedOption(f"{cls.__name__}.{setting}")

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        if self.host is None:
            raise StopTest("say where the service is: --host, LOCUST_HOST, or `host` of the user class")
        self.client = LeanHttpSession(
            self.host,
            environment.events.request,
            self,
            Terms(
                self.concurrency,
                self.connection_timeout,
                self.network_timeout,
                self.most_body_bytes,
                self.insecure,
                type(self).ssl_context_factory,
            ),
            headers=self.default_headers,
            max_redirects=self.max_redirects,
            cookies=self.cookies,
        )

    def start(self, group: Group) -> Any:
        greenlet = super().start(group)
        # the event loop knows each connection, so that none would go with the user by itself
        greenlet.rawlink(lambda _: self.client.close())
        return greenlet

    def stop(self, force: bool = False) -> bool:
        if not force and self._state == LOCUST_STATE_WAITING:
            # its wait may be over before the kill arrives: it must not ask once more, for nobody would count the answer
            self._state = LOCUST_STATE_STOPPING
            self._group.killone(self.greenlet)
            return True
        killed: bool = super().stop(force)
        return killed
