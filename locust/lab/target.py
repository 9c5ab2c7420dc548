"""May load go to the target, is it reachable, and can it be reset to its first state?"""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import gevent
import requests
import urllib3
from urllib3.exceptions import InsecureRequestWarning

_RESET = "x-lab-reset"
_PLACE = "Is it running, and is LOCUST_HOST right as seen from the swarm?"
_TRUST = (
    "Is the certificate your own? LAB_TLS_CA names a file that vouches for it, and LAB_TLS_VERIFY=false asks for none."
)
_ASK_FOR_LOGIN = frozenset({401, 403})


class LoginNeeded(requests.RequestException):
    """The target asks the lab itself for a login; the message says where."""


class OwnRequests:
    """How the lab asks for itself: to see whether the target is there, to reset it, for its metrics, in the audit."""

    headers: tuple[tuple[str, str], ...] = ()
    verify: bool | str = True
    """Whether certificates are checked; a path: by the authorities in this file alone."""

    @classmethod
    def set_up(cls, headers: tuple[tuple[str, str], ...], verify: bool, authorities: Path | None) -> None:
        """Sets what LAB_HEADERS, LAB_TLS_VERIFY and LAB_TLS_CA say, once for the process."""
        cls.headers, cls.verify = headers, str(authorities) if authorities else verify
        if not verify:
            # somebody has decided so: not to be said for each request
            urllib3.disable_warnings(InsecureRequestWarning)


class OwnSession(requests.Session):
    """A session with the headers and the trust of the lab's own requests."""

    def __init__(self, *, has_login: bool = True) -> None:
        """`has_login`: whether LAB_HEADERS goes along, which may be a secret."""
        super().__init__()
        if not has_login:
            return
        self.headers.update(OwnRequests.headers)
        if any(name.lower() == "authorization" for name, _ in OwnRequests.headers):
            # or requests would put the login of a .netrc in its place
            self.auth = _as_it_is

    def merge_environment_settings(self, *args: Any, **options: Any) -> Any:
        """As requests has it, but no variable of the environment goes before the lab's own knob."""
        merged = super().merge_environment_settings(*args, **options)
        if OwnRequests.verify is not True:
            merged["verify"] = OwnRequests.verify
        return merged


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


class TargetError(Exception):
    """The target cannot be used; the message says why, and what would help."""


class HostRefused(OSError):  # noqa: N818 - its name is what the report shows
    """A client asked a host that no load may go to; the message says why."""


def url_of(host: str) -> str:
    """The URL of a host by its name or address.

    >>> url_of("api"), url_of("::1")
    ('http://api', 'http://[::1]')
    """
    return f"http://[{host.partition('%')[0]}]" if ":" in host else f"http://{host}"


def refusal(url: str, allowed_hosts: frozenset[str]) -> str | None:
    """Why no load may go to this URL; None for loopback, private addresses, one-label names and allowed hosts.

    >>> refusal("http://api:5000", frozenset()), refusal("http://10.0.0.7", frozenset())
    (None, None)
    """
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
        _ = parts.port
    except ValueError as error:
        return f"{url} is not a URL: {error}"
    if parts.scheme not in ("http", "https") or not host:
        return f"{url or 'an empty host'} is no target: it takes a URL such as http://api:5000"
    if host in allowed_hosts or _is_near(host):
        return None
    return (
        f"{host} is not allowed as a target: load goes to loopback and private addresses and to Compose services; "
        f"add it to LAB_ALLOWED_HOSTS if it is yours to load"
    )


def _is_near(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        # all-digit labels are read as addresses by resolvers: "2130706433" is 127.0.0.1, but "134744072" is 8.8.8.8
        return "." not in host and not host.startswith("0x") and not host.isdigit()
    return address.is_loopback or (address.is_private and not address.is_link_local and not address.is_unspecified)


def wait_until_reachable(url: str, wait_seconds: float) -> None:
    """Returns as soon as the target answers over HTTP, whatever it answers. Raises TargetError after `wait_seconds`."""
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            _look(url, max(0.5, min(5.0, wait_seconds)))
        except requests.RequestException as error:
            if time.monotonic() >= deadline:
                advice = _TRUST if isinstance(error, requests.exceptions.SSLError) else _PLACE
                raise TargetError(
                    f"the target {url} cannot be reached: {cause(error)} (tried for {wait_seconds:g} s). {advice}"
                ) from error
            gevent.sleep(0.25)
        else:
            return


def _look(url: str, timeout_seconds: float) -> None:
    with OwnSession() as session:
        session.get(url, timeout=timeout_seconds, allow_redirects=False, stream=True).close()


def reset(url: str, timeout_seconds: float) -> bool:
    """Puts the target back to its first state, where its own /openapi.json marks an operation with x-lab-reset.

    Returns whether it offers that. Raises TargetError where it does but fails.
    """
    operation = _reset_operation(url, timeout_seconds)
    if operation is None:
        return False
    method, path = operation
    try:
        with OwnSession() as session:
            response = session.request(method, url.rstrip("/") + path, timeout=timeout_seconds, allow_redirects=False)
        response.raise_for_status()
    except requests.RequestException as error:
        raise TargetError(
            f"the target {url} offers a reset at {method} {path}, but it failed: {cause(error)}{login_advice(error)}"
        ) from error
    return True


def _reset_operation(url: str, timeout_seconds: float) -> tuple[str, str] | None:
    try:
        operation = marked_operation(url, _RESET, timeout_seconds)
    except requests.RequestException:
        return None
    return operation[:2] if operation and operation[2] is True else None


def marked_operation(
    url: str, mark: str, timeout_seconds: float, session: requests.Session | None = None
) -> tuple[str, str, Any] | None:
    """The operation that the target's own /openapi.json marks: method, path and value of the mark; None without one.

    Raises RequestException where the target does not answer, LoginNeeded where it wants to know who asks.
    """
    ask = session or OwnSession()
    answer = ask.get(url.rstrip("/") + "/openapi.json", timeout=timeout_seconds, allow_redirects=False)
    if answer.status_code >= 500:
        answer.raise_for_status()
    if advice := login_advice(answer.status_code):
        raise LoginNeeded(f"{answer.url} was answered with status {answer.status_code}{advice}")
    try:
        return next(
            (method.upper(), path, operation[mark])
            for path, operations in answer.json()["paths"].items()
            for method, operation in operations.items()
            if isinstance(operation, dict) and mark in operation
        )
    except (ValueError, KeyError, TypeError, AttributeError, StopIteration):
        return None


def login_advice(answered: requests.RequestException | int) -> str:
    """What to do where the answer asks for a login; empty where it does not."""
    response = None if isinstance(answered, int) else answered.response
    status = answered if isinstance(answered, int) else response.status_code if response is not None else 0
    return ". LAB_HEADERS can hold the Authorization for it" if status in _ASK_FOR_LOGIN else ""


def cause(error: BaseException) -> str:
    """The innermost cause of an error, in its own words."""
    *_, innermost = causes(error)
    return getattr(innermost, "strerror", None) or str(innermost)


def causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what caused it, the innermost last: clients wrap errors in words of their own, and in arguments."""
    found: BaseException | None = error
    while found is not None:
        yield found
        inner = found.__cause__ or found.__context__ or getattr(found, "reason", None)
        if not isinstance(inner, BaseException):
            inner = next((argument for argument in found.args if isinstance(argument, BaseException)), None)
        found = inner
