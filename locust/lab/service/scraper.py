"""Finds every replica by DNS, and reads its metrics once a second.

Each address has a greenlet of its own, so that a dead or slow one, or one without metrics, does not delay the others.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import gevent
from gevent.event import Event
from gevent.pool import Group

from lab import reach
from lab.asking.asker import Asker, AskFailed
from lab.counts.clock import CLOCK
from lab.counts.names import MOST_REPLICAS, Names, replica_name
from lab.limits import Source
from lab.service import cadvisor, metrics
from lab.service.metrics import NoMetrics, Scrape
from lab.settings import knobs

log = logging.getLogger(__name__)

EVERY_SECONDS = 1.0
RESOLVE_EVERY_SECONDS = 3.0
TIMEOUT_SECONDS = (1.0, 5.0)
"""To connect, and to answer: an overloaded replica answers late, but its page holds the time when it was made."""
MOST_REFUSALS = 3
"""Answers without metrics in a row after which an address is given up."""
MOST_BYTES = 4_000_000
MOST_STARTS = 1000
"""How often the processes at an address may have started anew."""

ALIVE_SECONDS = 3.0
"""How long a replica is assumed to be at the address that it answered from."""

Hear = Callable[[str, str, Scrape], None]
"""Takes the name of a replica, the name of its service, and a reading."""


class Address(NamedTuple):
    """One of the addresses of a URL's host."""

    url: str
    address: str


class _Seen(NamedTuple):
    address: Address
    started: float | None
    at: float


class _Stranger(Exception):  # noqa: N818 - its name says what is there
    """An address without a replica that can be read; the message says why."""


class Scraper:
    """Reads the metrics of replicas, from `start` until `close`."""

    def __init__(
        self,
        urls: Sequence[str],
        target_url: str,
        allowed_hosts: frozenset[str],
        hear: Hear,
        wanted: Collection[Source] = (),
    ) -> None:
        """Where no URL has an address, the target's own /metrics is read; `wanted` are series that limits are on."""
        self._urls = [url for url in urls if reach.refusal(url, allowed_hosts) is None]
        self._fallback = f"{target_url.rstrip('/')}/metrics"
        self._hear, self._wanted = hear, wanted
        self._unresolved = {*self._urls, self._fallback}
        self._readers: dict[Address, Event] = {}  # set as soon as it was read once
        self._given_up: set[Address] = set()
        self._tells_itself: set[str] = set()  # replicas whose own page says what CPU they use
        self._seen: dict[str, _Seen] = {}  # where each replica answered from last
        self._starts: dict[Address, list[float]] = {}
        self._names = Names(MOST_REPLICAS)
        self._greenlets = Group()
        self._resolved = Event()

    def start(self, patience_seconds: float) -> None:
        """Begins to read; returns when every address was read once, or after the patience."""
        deadline = time.monotonic() + patience_seconds
        for url in self._urls:
            self._greenlets.spawn(self._resolve_for_ever, url)
        self._greenlets.spawn(self._fall_back)
        self._resolved.wait(patience_seconds)
        for read_once in list(self._readers.values()):
            read_once.wait(max(0.0, deadline - time.monotonic()))

    def read_once_more(self, patience_seconds: float) -> None:
        """Reads every address once more, as far as it answers in time: the last readings of a run."""
        round_ = Group()
        for address in self._readers:
            round_.spawn(self._try_to_read, address, patience_seconds)
        round_.join(patience_seconds)
        round_.kill(block=False)

    def close(self) -> None:
        """Stops reading."""
        self._greenlets.kill(block=False)

    def _resolve_for_ever(self, url: str) -> None:
        """Each URL by itself: looking up an unknown name can take long."""
        while True:
            for address in _addresses(url):
                if address not in self._readers and address not in self._given_up:
                    self._readers[address] = Event()
                    self._greenlets.spawn(self._read_for_ever, address)
            self._unresolved.discard(url)
            if not self._unresolved:
                self._resolved.set()
            gevent.sleep(RESOLVE_EVERY_SECONDS)

    def _fall_back(self) -> None:
        while self._unresolved - {self._fallback}:
            gevent.sleep(0.05)
        if not self._readers and not self._given_up:
            self._resolve_for_ever(self._fallback)
        self._unresolved.discard(self._fallback)
        self._resolved.set()

    def _read_for_ever(self, address: Address) -> None:
        refusals = 0
        with self._asker(address) as asker:
            while refusals < MOST_REFUSALS:
                try:
                    self._read(address, asker, TIMEOUT_SECONDS)
                    refusals = 0
                except NoMetrics as error:
                    refusals += 1
                    log.debug("%s: %s", address, error)
                except _Stranger as error:
                    refusals = MOST_REFUSALS
                    log.info("%s: %s", address, error)
                except AskFailed as error:
                    log.debug("%s: %s", address, error)
                    if address not in _addresses(address.url):
                        break  # it is gone for good: a new replica is found by its own address
                self._readers[address].set()
                gevent.sleep(EVERY_SECONDS - CLOCK.now() % EVERY_SECONDS)
        if refusals:
            self._given_up.add(address)
            log.info("no metrics are read from %s at %s", address.url, address.address)
        del self._readers[address]

    def _try_to_read(self, address: Address, patience_seconds: float) -> None:
        with contextlib.suppress(NoMetrics, _Stranger, AskFailed), self._asker(address) as asker:
            self._read(address, asker, (patience_seconds, patience_seconds))

    def _asker(self, address: Address) -> Asker:
        page = reach.parse(address.url, with_query=True)._replace(host=address.address)
        return Asker(page.url, has_login=gets_login(address.url, self._fallback), most_bytes=MOST_BYTES)

    def _read(self, address: Address, asker: Asker, timeout: tuple[float, float]) -> None:
        place = reach.parse(address.url, with_query=True)
        asked = CLOCK.now()
        reply = asker.ask("GET", "", timeout, {"Host": place.authority})
        if reply.status >= 500:
            raise AskFailed(f"status {reply.status}")  # it may recover within a second
        if reply.status != 200:
            raise NoMetrics(f"status {reply.status}")
        heard, text = CLOCK.now(), reply.content.decode("utf-8", "replace")
        if pods := cadvisor.read(text, heard):
            self._hear_of(pods)
            return
        reading = metrics.read(text, heard, self._wanted)
        # the page was made between question and answer, whatever the replica's wall clock says
        started = None if reading.started is None else min(reading.started, heard)
        reading = replace(reading, at=min(max(reading.at, asked), heard), started=started)
        self._expect_one_process(address, reading)
        name = place.host if reading.kind == metrics.PROXY else replica_name(reply.headers.get("X-Replica") or "")
        known = self._name(address, self._names.kept(name) if name else None, reading)
        if "cpu_seconds" in reading.counters:
            self._tells_itself.add(known)
        self._hear(known, _service(place.host), reading)

    def _hear_of(self, pods: Mapping[cadvisor.Pod, Scrape]) -> None:
        """Takes in what others say of Pods that do not say it themselves."""
        for pod, reading in pods.items():
            if pod.name not in self._tells_itself:
                self._hear(self._names.kept(pod.name), pod.service, reading)

    def _expect_one_process(self, address: Address, reading: Scrape) -> None:
        starts = self._starts.setdefault(address, [])
        if reading.started is None or starts[-1:] == [reading.started]:
            return
        if reading.started in starts or len(starts) >= MOST_STARTS:
            raise _Stranger("several processes answer in turn, each for itself alone: they cannot be told apart")
        starts.append(reading.started)

    def _name(self, address: Address, name: str | None, reading: Scrape) -> str:
        """The replica's own name, followed by its address where another one has the same name."""
        place = f"{address.address}:{reach.parse(address.url, with_query=True).origin[2]}"
        seen = self._seen.get(name or place)
        if seen and seen.address != address and CLOCK.now() - seen.at < ALIVE_SECONDS:
            if seen.started == reading.started:
                raise _Stranger(f"the same replica as at {seen.address.address}")
            return f"{name} {place}"
        self._seen[name or place] = _Seen(address, reading.started, CLOCK.now())
        return name or place


def gets_login(url: str, target_url: str) -> bool:
    """Whether LAB_HEADERS goes to this page of metrics: to the target's host, and where somebody named the page.

    The default pages are on hosts called api and proxy: in another network, these are somebody else's.
    """
    host = reach.parse(url, with_query=True).host
    return host == reach.parse(target_url, with_query=True).host or url not in knobs()["LAB_METRICS_URLS"].split()


def _addresses(url: str) -> list[Address]:
    """All addresses of the URL's host; none where the name is unknown."""
    scheme, host, port = reach.parse(url, with_query=True).origin
    if scheme == "https":
        return [Address(url, host)]  # its certificate is for the name
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        return []
    return [Address(url, address) for address in dict.fromkeys(str(info[4][0]) for info in found)]


def _service(host: str) -> str:
    """The service that a replica at this host belongs to: the Compose service of that name, or else "service"."""
    named = "." not in host and ":" not in host and host != "localhost"
    return host if named else "service"
