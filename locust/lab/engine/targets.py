"""Where a scenario's users go: a class with a host of its own keeps it, and LOCUST_HOST is for those without one.

Locust itself gives every class the one host, in silence.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import gevent

from lab import reach
from lab.arrivals import rates
from lab.arrivals.visitor import Visitor
from lab.asking import target
from lab.asking.target import TargetError
from lab.exchanges.secrets import without_login
from lab.reach import HostRefused, Reach

if TYPE_CHECKING:
    from locust import User
    from locust.env import Environment
    from locust.runners import WorkerRunner

    from lab.settings import Settings


THIS_MACHINE = "host.docker.internal"


def visitors(environment: Environment) -> list[type[User]]:
    """All classes that may visit, those that the UI leaves out for now as well."""
    available: Mapping[str, Any] = environment.available_user_classes or {}
    return list(dict.fromkeys((*environment.user_classes, *available.values())))


def arrivals_a_second(environment: Environment) -> int | None:
    """How many arrivals a second the rates of all classes make together; None where they have none."""
    return rates.total(visitors(environment))


def mean_think_seconds(environment: Environment, think_seconds: tuple[float, float]) -> float | None:
    """How long users pause on average where LAB_THINK_TIME says so; None where a class has a pace of its own."""
    ours = vars(Visitor).get("wait_time")
    return sum(think_seconds) / 2 if all(each.wait_time is ours for each in visitors(environment)) else None


def shown(targets: Iterable[str]) -> str:
    """The targets as results may show them."""
    return without_login(" ".join(targets))


class Targets:
    """The hosts of the classes as the scenario has them; to be made before Locust sets its own."""

    def __init__(self, environment: Environment) -> None:
        self._hosts = {each: each.host for each in visitors(environment)}

    def of(self, host: str) -> tuple[str, ...]:
        """All targets, each once, where `host` is for classes without one.

        Raises TargetError where a class has none, or where one is no URL that every client reads alike.
        """
        if not host and (homeless := [each.__name__ for each, own in self._hosts.items() if not own]):
            raise TargetError(f"class {homeless[0]} has no host: set LOCUST_HOST, or its host in the scenario")
        found: dict[str, None] = {}
        for each, own in self._hosts.items():
            try:
                found[rebuilt(own or host)] = None
            except TargetError as error:
                raise TargetError(f"{error}{_whose([each] if own else [])}") from error
        return tuple(found) or (rebuilt(host),)

    def check(self, urls: Iterable[str], allowed_hosts: frozenset[str]) -> None:
        """Raises TargetError where no load may go to one of the URLs."""
        for url in urls:
            if problem := reach.refusal(url, allowed_hosts):
                owners = [each for each, own in self._hosts.items() if own and rebuilt(own) == url]
                raise TargetError(problem + _whose(owners))

    def prepare(self, host: str, wait_seconds: float, settings: Settings) -> None:
        """Waits until all targets answer, and puts them back to their first state. Raises TargetError otherwise.

        Of a run with several parts, the first alone resets: the others would take away what it has written.

        It is the last thing before a start: nothing is asked, and nothing is reset, for a start that is refused.
        """
        self.await_all(urls := self.of(host), wait_seconds)
        for url in urls if settings.part is None or settings.part.resets else ():
            target.reset(url, settings.timeout_seconds)

    def await_all(self, urls: Iterable[str], wait_seconds: float) -> None:
        """Waits until all of them answer. Raises TargetError where one does not."""
        for url in urls:
            try:
                target.wait_until_reachable(url, wait_seconds)
            except TargetError as error:
                # a certificate that is refused came from the right place
                advice = "" if "certificate" in str(error) else advice_in_a_container(url)
                raise TargetError(f"{error}{advice}") from error

    def keep(self, runner: WorkerRunner) -> None:
        """Gives the classes their own hosts back whenever Locust has set its own, before it makes users."""
        spawn_users = runner.spawn_users

        def spawn_kept(*arguments: Any, **options: Any) -> Any:
            for each, own in self._hosts.items():
                if own:
                    # a client of its own may ask at the host as it stands; one that adds a path sends //, as stock
                    each.host = rebuilt(own) + "/" * own.endswith("/")
            return spawn_users(*arguments, **options)

        runner.spawn_users = spawn_kept  # type: ignore[method-assign]


CONTAINER_MARKS = (Path("/.dockerenv"), Path("/run/.containerenv"))
"""Docker and Podman put these into each container."""


def advice_in_a_container(url: str) -> str:
    """What a target that does not answer may be where this is a container; empty elsewhere."""
    # whoever calls ./local.sh in a container of their own means that one
    if "LOCAL_RUN" in os.environ or not any(mark.exists() for mark in CONTAINER_MARKS):
        return ""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if host in ("localhost", "0.0.0.0", "::1") or host.startswith("127."):
        there = parts._replace(netloc=parts.netloc.replace(f"[{host}]" if ":" in host else host, THIS_MACHINE)).geturl()
        return f" From a container, this machine is {THIS_MACHINE}, and {host} is the container itself: try {there}."
    if host == THIS_MACHINE:
        return " A service on this machine must listen on all addresses (0.0.0.0): containers do not reach 127.0.0.1."
    return ""


def _whose(owners: Iterable[type[User]]) -> str:
    return next((f" (it is the host of class {each.__name__} in the scenario)" for each in owners), "")


def rebuilt(url: str) -> str:
    """The URL as it is kept (lab/reach/place.py). Raises TargetError for what is none."""
    try:
        return reach.parse(url).url
    except reach.WrongUrl as error:
        raise TargetError(str(error)) from error


def hold_to(allowed_hosts: Iterable[str]) -> None:
    """From now on no client in this process looks up or reaches a host that load may not go to."""
    rule, hub = Reach(allowed_hosts), gevent.get_hub()
    hub.resolver = CarefulResolver(hub.resolver, rule)  # type: ignore[assignment] # it stands in for it
    reach.hold_to(rule)


class CarefulResolver:
    """gevent's resolver, by which every client looks names up, but for hosts and addresses that are refused."""

    def __init__(self, resolver: Any, rule: Reach) -> None:
        self._resolver, self._rule = resolver, rule

    def getaddrinfo(self, host: Any, *arguments: Any, **options: Any) -> Any:
        """The addresses. Raises HostRefused, with the reason, for a host that no load may go to."""
        if not host:
            return self._resolver.getaddrinfo(host, *arguments, **options)
        name = self._name(host)
        found = self._resolver.getaddrinfo(name, *arguments, **options)
        kept = self._rule.lead(name, (info[4][0] for info in found))
        return [info for info in found if info[4][0] in kept]

    def gethostbyname(self, host: Any, *arguments: Any, **options: Any) -> Any:
        """As above, for one address."""
        name = self._name(host)
        return self._rule.lead(name, [self._resolver.gethostbyname(name, *arguments, **options)])[0]

    def gethostbyname_ex(self, host: Any, *arguments: Any, **options: Any) -> Any:
        """As above, for addresses beside the host's names."""
        name = self._name(host)
        official, aliases, addresses = self._resolver.gethostbyname_ex(name, *arguments, **options)
        return official, aliases, self._rule.lead(name, addresses)

    def _name(self, host: Any) -> str:
        """The host as it is looked up."""
        try:
            name = reach.host_of(host.decode("latin-1") if isinstance(host, (bytes, bytearray)) else str(host))
        except reach.WrongUrl as error:
            raise HostRefused(str(error)) from error
        if problem := self._rule.refusal(name):
            raise HostRefused(problem)
        return name

    def __getattr__(self, name: str) -> Any:
        return getattr(self._resolver, name)
