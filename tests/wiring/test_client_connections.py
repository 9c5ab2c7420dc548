"""How the lean client's connections are opened, shared by a user's greenlets, and closed when the user leaves."""

from __future__ import annotations

import ssl
import subprocess
import threading
import time
from typing import TYPE_CHECKING

import gevent
import pytest
from gevent.pool import Group

from tests.support.lean import LOCUST_STATE_WAITING, Environment, LeanHttpUser, Reported, StopUser, constant
from tests.support.scripted_server import GOOD, ScriptedServer, Talk, answer, good, replies

# after it, on purpose
from lab.locust_internals import have_users_stop_in_peace  # isort: skip
from locust import User  # isort: skip

if TYPE_CHECKING:
    from pathlib import Path


def test_ipv6_and_tls(tmp_path: Path) -> None:
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    command += ["-keyout", "key.pem", "-out", "certificate.pem", "-subj", "/CN=localhost"]
    subprocess.run(
        [*command, "-addext", "subjectAltName=DNS:localhost,IP:::1"], cwd=tmp_path, check=True, capture_output=True
    )
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(tmp_path / "certificate.pem", tmp_path / "key.pem")

    def trusting() -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(tmp_path / "certificate.pem"))

    large = bytes(3_000_000)
    with (
        ScriptedServer(replies(GOOD, answer(large)), host="::1", tls=serving) as server,
        Reported(server.url, ssl_context_factory=trusting) as client,
    ):
        assert client.get("/").content == b"good"
        assert client.post("/", data=large).content == large
        assert server.requests[1].endswith(large)
        assert (server.connections, client.failures) == (1, [None, None])
        with Reported(server.url, insecure=False) as strict:
            strict.get("/")
            assert strict.failures == ["CertificateRefused: self-signed certificate"]
        with Reported(server.url, insecure=True) as careless:
            assert careless.get("/").content == b"good"
    with ScriptedServer() as plain, Reported(plain.url.replace("http", "https"), seconds=1) as client:
        client.get("/")
        assert client.failures[0] is not None
        assert client.failures[0].startswith("TlsFailed: ") or client.failures == ["ConnectTimeout after 1 s"]


def test_a_user_in_several_greenlets_has_as_many_connections_as_it_may() -> None:
    def slow(talk: Talk) -> None:
        while talk.request():
            gevent.sleep(0)
            talk.send(GOOD, pause=0.05)

    with ScriptedServer(slow, slow, slow) as server, Reported(server.url, concurrency=2) as client:
        asked = [gevent.spawn(client.get, f"/{number}") for number in range(6)]
        gevent.joinall(asked)
        assert server.connections == 2
        assert client.failures == [None] * 6


def await_request(server: ScriptedServer) -> None:
    with gevent.Timeout(5):
        while not server.requests:
            gevent.sleep(0.01)


def test_who_is_killed_while_waiting_leaves_nothing_behind() -> None:
    left = threading.Event()

    def silent(talk: Talk) -> None:
        talk.request()
        talk.stay()
        left.set()

    with ScriptedServer(silent) as server, Reported(server.url) as client:
        waiting = gevent.spawn(client.get, "/")
        await_request(server)
        waiting.kill()
        assert left.wait(5)
        assert client.reports == []
        assert client.get("/").content == b"good"
        assert server.connections == 2


@pytest.mark.parametrize("killed", [True, False])
def test_a_user_who_leaves_takes_the_connections_along(killed: bool) -> None:
    left = threading.Event()

    def until_left(talk: Talk) -> None:
        try:
            good(talk)
        finally:
            left.set()

    class Caller(LeanHttpUser):
        wait_time = constant(0)
        tasks = [lambda user: user.client.get("/")]  # noqa: RUF012 - as Locust wants it

        def on_start(self) -> None:
            self.client.get("/")
            if not killed:
                raise StopUser

    with ScriptedServer(until_left) as server:
        group = Group()
        Caller.host = server.url
        Caller(Environment(host=server.url)).start(group)
        await_request(server)
        group.kill()
        assert left.wait(5)


def test_a_user_who_is_stopped_while_waiting_asks_no_more_though_the_wait_is_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The process stood still, so that the wait is over when the stop comes: nobody would count what is asked then."""

    class Caller(LeanHttpUser):
        wait_time = constant(0.05)
        tasks = [lambda user: user.client.get("/")]  # noqa: RUF012 - as Locust wants it

    monkeypatch.setattr(User, "stop", User.stop)  # so that the class is as it was afterwards
    have_users_stop_in_peace()
    with ScriptedServer() as server:
        Caller.host = server.url
        caller = Caller(Environment(host=server.url))
        caller.start(Group())
        await_request(server)
        gevent.sleep(0.02)
        assert caller._state == LOCUST_STATE_WAITING
        # as Locust does it; the process stands still until both timers are due, that of the stop and that of the wait
        stop = gevent.spawn_later(0, caller.stop)
        time.sleep(0.1)
        assert stop.get() is True
        assert caller.greenlet is not None
        assert caller.greenlet.dead
        gevent.sleep(0.05)  # what was sent would be there by then
        assert len(server.requests) == 1
