"""What locustfiles reach by `client.client`: FastHttpUser's user agent, as far as it has a meaning here."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from typing import TYPE_CHECKING, Any, NoReturn

from lab.client.message import UnsupportedOption

if TYPE_CHECKING:
    from http.cookiejar import CookieJar

    from lab.client.exchange import Exchange


class UnsupportedPart(UnsupportedOption, AttributeError):  # noqa: N818 - as UnsupportedOption
    """A part of FastHttpUser's user agent that is none here; `hasattr` takes it for an attribute that is not there."""


class ClientPool:
    """The user's connections."""

    __slots__ = ("_close_idle",)

    def __init__(self, close_idle: Callable[[], None]) -> None:
        self._close_idle = close_idle

    def close(self) -> None:
        """Closes them: the next request opens a new one, as the first request of a new visitor does."""
        self._close_idle()

    def __getattr__(self, name: str) -> NoReturn:
        raise UnsupportedPart(f"client.client.clientpool.{name}")


class Agent:
    """`default_headers`, `clientpool.close()`, `cookiejar`, `max_redirects`; all else is refused by name."""

    __slots__ = ("_exchange", "clientpool")

    def __init__(self, exchange: Exchange) -> None:
        object.__setattr__(self, "_exchange", exchange)
        object.__setattr__(self, "clientpool", ClientPool(exchange.close_idle))

    @property
    def default_headers(self) -> MutableMapping[str, Any]:
        """Headers of every request; a change counts from the next one on."""
        return self._exchange.headers

    @property
    def cookiejar(self) -> CookieJar | None:
        """The user's cookies; None where it keeps none."""
        return self._exchange.cookies

    @property
    def max_redirects(self) -> int:
        """Most redirects that a request follows."""
        return self._exchange.max_redirects

    def close(self) -> None:
        """Closes the user's connections."""
        self._exchange.close_idle()

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "default_headers":
            self._exchange.headers.clear()
            self._exchange.headers.update(value)
        elif name == "max_redirects":
            self._exchange.limit_redirects(int(value))
        else:
            raise UnsupportedPart(f"client.client.{name}")

    def __getattr__(self, name: str) -> NoReturn:
        raise UnsupportedPart(f"client.client.{name}")
