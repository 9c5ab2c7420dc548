"""The user class, with FastHttpUser's settings."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from types import MethodType
from typing import TYPE_CHECKING, Any
from weakref import finalize

from locust import User
from locust.exception import StopTest
from locust.user.users import RestMixin

from lab.client.connecting import Proxy
from lab.client.message import UnsupportedOption
from lab.client.pool import Terms
from lab.client.response import Response
from lab.client.room import ROOM, USER_BYTES
from lab.client.session import LeanHttpSession

if TYPE_CHECKING:
    from ssl import SSLContext

    from gevent.pool import Group
    from locust.env import Environment

UNSUPPORTED = ("client_pool", "max_retries")
"""Settings of FastHttpUser without a meaning here: setting one raises instead of being ignored."""


class LeanHttpUser(User, RestMixin[Response]):
    """A user whose `client` is used like FastHttpUser's and costs about a third of its CPU."""

    abstract = True

    connection_timeout: float = 60.0
    """How long connecting may take, with TLS (s)."""
    network_timeout: float = 60.0
    """How long a request may take, with connection, answer and redirects (s)."""
    max_redirects: int = 30
    """Most redirects that a request follows, only to the same host; none with allow_redirects=False."""
    concurrency: int = 10
    """Most connections of a user at once, where it makes requests in greenlets of its own."""
    insecure: bool = True
    """Whether certificates are left unchecked, as in FastHttpUser."""
    ssl_context_factory: Callable[[], SSLContext] | None = None
    """Makes the TLS context, where the default one does not fit; called once for each user, as a method is."""
    proxy_host: str | None = None
    """The HTTP proxy by which every server is reached. As in FastHttpUser, HTTP_PROXY and the like do not count."""
    proxy_port: int | None = None
    """Its port."""
    default_headers: Mapping[str, Any] | None = None
    """Headers of every request."""
    cookies: bool = True
    """Whether the user keeps cookies."""
    most_body_bytes: int = Terms.most_body_bytes
    """The longest accepted body: an endless one must not fill the worker's memory."""
    body_room_bytes: int = USER_BYTES
    """What this user adds to the room for the bodies of all users of the worker, which have it together (room.py)."""

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        for setting in UNSUPPORTED:
            if getattr(cls, setting, None):
                raise UnsupportedOption(f"{cls.__name__}.{setting}")

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        if self.host is None:
            raise StopTest("say where the service is: --host, LOCUST_HOST, or `host` of the user class")
        ROOM.enter(self.body_room_bytes)
        finalize(self, ROOM.enter, -self.body_room_bytes)
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
                _factory_of(self),
                _proxy_of(self),
            ),
            headers=self.default_headers,
            max_redirects=self.max_redirects,
            cookies=self.cookies,
        )

    def start(self, group: Group) -> Any:
        greenlet = super().start(group)
        # the event loop refers to each connection, so none would be freed with the user
        greenlet.rawlink(lambda _: self.client.close())
        return greenlet


def _factory_of(user: LeanHttpUser) -> Callable[[], SSLContext] | None:
    """What makes the user's TLS context: a method of the user, or a function that needs no user."""
    factory = user.ssl_context_factory
    if not isinstance(factory, MethodType):
        return factory
    parameters = inspect.signature(factory.__func__).parameters.values()
    needs_user = any(each.default is each.empty and each.kind is each.POSITIONAL_OR_KEYWORD for each in parameters)
    return factory if needs_user else factory.__func__


def _proxy_of(user: LeanHttpUser) -> Proxy | None:
    if user.proxy_host is None:
        return None
    if user.proxy_port is None:
        raise StopTest(f"{type(user).__name__}.proxy_host needs proxy_port")
    return Proxy(user.proxy_host, user.proxy_port)
