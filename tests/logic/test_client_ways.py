"""The ways to a server: by a proxy, and with the certificate of each user."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.guarded_door import make_certificate
from tests.support.lean import Environment, LeanHttpUser, Proxy, Reported, StopTest
from tests.support.scripted_server import GOOD, ScriptedServer, Talk, good

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("tls"))


def test_a_plain_request_goes_to_the_proxy_whole() -> None:
    with (
        ScriptedServer() as proxy,
        Reported("http://shop.internal:81/v1", proxy=Proxy("127.0.0.1", proxy.port)) as client,
    ):
        assert client.get("/a?b=1").content == b"good"
        assert proxy.requests[0].startswith(
            b"GET http://shop.internal:81/v1/a?b=1 HTTP/1.1\r\nHost: shop.internal:81\r\n"
        )


def test_a_secure_request_goes_through_a_tunnel(certificate: Path) -> None:
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(certificate)

    def tunnel(talk: Talk) -> None:
        assert talk.request().startswith(b"CONNECT shop.internal:443 HTTP/1.1\r\nHost: shop.internal:443\r\n")
        talk.send(b"HTTP/1.1 200 Connection established\r\nVia: a test\r\n\r\n")
        talk.secure(serving)
        good(talk)

    with (
        ScriptedServer(tunnel) as proxy,
        Reported("https://shop.internal", proxy=Proxy("127.0.0.1", proxy.port)) as client,
    ):
        assert (client.get("/a").content, client.failures) == (b"good", [None])
        assert proxy.requests[1].startswith(b"GET /a HTTP/1.1\r\nHost: shop.internal\r\n")


@pytest.mark.parametrize(
    ("said", "failure"),
    [
        (b"HTTP/1.1 407 Who are you\r\n\r\n", "ProxyRefused: 407"),
        (b"", "ProxyRefused: no answer"),
        (b"HTTP/1.1 200 OK", "ProxyRefused: 200"),
        (b"x" * 20_000, "ProxyRefused: no answer"),
    ],
)
def test_a_proxy_that_refuses_is_a_failure(said: bytes, failure: str) -> None:
    def refuse(talk: Talk) -> None:
        talk.request()
        talk.send(said)

    with (
        ScriptedServer(refuse) as proxy,
        Reported("https://shop.internal", proxy=Proxy("127.0.0.1", proxy.port)) as client,
    ):
        client.get("/")
        assert client.failures in ([failure], ["ConnectionReset"])


def test_a_class_names_its_proxy() -> None:
    def visitor(**members: Any) -> LeanHttpUser:
        made: LeanHttpUser = type("Visitor", (LeanHttpUser,), {"host": "http://shop.internal"} | members)(Environment())
        return made

    with ScriptedServer() as proxy:
        user = visitor(proxy_host="127.0.0.1", proxy_port=proxy.port)
        assert user.client.get("/").status_code == 200
        user.client.close()
    with pytest.raises(StopTest, match=r"Visitor\.proxy_host needs proxy_port"):
        visitor(proxy_host="127.0.0.1")


def trusting_everybody() -> ssl.SSLContext:
    """A function of the module, as a class takes it."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


class Carrying(LeanHttpUser):
    """A user with a certificate of its own."""

    abstract = True
    file: str

    def ssl_context_factory(self) -> ssl.SSLContext:
        context = trusting_everybody()
        context.load_cert_chain(self.file)
        return context


@pytest.mark.parametrize(
    ("factory", "welcome"),
    [
        (None, True),
        (trusting_everybody, False),
        (staticmethod(trusting_everybody), False),
        (ssl.create_default_context, False),
    ],
)
def test_each_user_shows_its_own_certificate(
    certificate: Path, factory: Callable[[], Any] | None, welcome: bool
) -> None:
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(certificate)
    serving.load_verify_locations(certificate)
    serving.verify_mode = ssl.CERT_REQUIRED
    members: dict[str, Any] = {"file": str(certificate)} | ({"ssl_context_factory": factory} if factory else {})
    with ScriptedServer(tls=serving) as server:
        members["host"] = server.url.replace("127.0.0.1", "localhost")
        user = type("Visitor", (Carrying,), members)(Environment())
        response = user.client.get("/")
        assert (response.content == GOOD.rpartition(b"\n")[2]) == welcome, response.error
        user.client.close()
