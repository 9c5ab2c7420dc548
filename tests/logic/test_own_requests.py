"""Whom the lab and its users trust, and what they say of themselves, is what the knobs say."""

from __future__ import annotations

import json
import os
import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Any

import certifi
import pytest

from lab.asking import target
from lab.asking.asker import Asker, AskFailed, OwnRequests
from lab.knobs import SettingsError
from lab.results.environment import environment
from lab.service.scraper import gets_login
from lab.settings import Settings
from tests.support.guarded_door import make_certificate
from tests.support.lean import Environment, FastHttpUser, HttpSession, HttpUser, LeanHttpUser, trust
from tests.support.scripted_server import ScriptedServer, answer, replies

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = "Authorization: Bearer canary"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def private(certificate: Path) -> Iterator[str]:
    """The URL of a service with a certificate of its own."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with ScriptedServer(tls=context) as server:
        yield server.url.replace("127.0.0.1", "localhost")


@pytest.fixture(autouse=True)
def _as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is set for the process is taken back."""
    for owner, names in (
        (OwnRequests, ("headers", "verify", "authorities")),
        (FastHttpUser, ("insecure", "ssl_context_factory")),
        (LeanHttpUser, ("insecure", "ssl_context_factory")),
        (HttpSession, ("merge_environment_settings",)),
    ):
        for name in names:
            monkeypatch.setattr(owner, name, getattr(owner, name))


def test_the_labs_own_requests_trust_whom_the_knobs_say(private: str, certificate: Path) -> None:
    with Asker(private) as asker, pytest.raises(AskFailed, match=r"^Certificate refused: ") as refused:
        asker.ask("GET", "/", 20)
    assert refused.value.is_of_trust
    for verify, authorities in ((False, None), (True, certificate.with_suffix(".crt"))):
        OwnRequests.set_up((), verify, authorities)
        with Asker(private) as asker:
            assert asker.ask("GET", "/", 20).status == 200
        target.wait_until_reachable(private, 20)


def test_no_proxy_of_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would look up the name itself, and go wherever it likes."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with ScriptedServer() as server:
        target.wait_until_reachable(server.url, 20)


def test_a_certificate_of_ones_own_is_named_as_such(private: str) -> None:
    with pytest.raises(target.TargetError, match=r"Certificate refused: .*LAB_TLS_CA .* LAB_TLS_VERIFY=false"):
        target.wait_until_reachable(private, 0.1)


def outcome(user_class: type[Any], url: str, **members: Any) -> str:
    """Whether a user of this class gets an answer."""
    environment = Environment()
    user = type("Visitor", (user_class,), {"host": url, **members})(environment)
    answered = user.client.get("/").status_code == 200
    (user.client if hasattr(user.client, "close") else user.client.client.clientpool).close()
    return "answered" if answered else "refused"


@pytest.mark.parametrize(
    ("verify", "vouched", "http", "fast"),
    [
        (True, None, "refused", "answered"),
        (False, None, "answered", "answered"),
        (True, True, "answered", "answered"),
        (True, False, "refused", "refused"),
    ],
)
def test_users_trust_whom_the_knobs_say(  # noqa: PLR0917 - a row of the table
    private: str, certificate: Path, verify: bool, vouched: bool | None, http: str, fast: str
) -> None:
    """`vouched`: whether the file of LAB_TLS_CA knows the certificate; None without a file."""
    authorities = None if vouched is None else certificate.with_suffix(".crt") if vouched else Path(certifi.where())
    OwnRequests.set_up((), verify, authorities)
    trust.set_up(verify, authorities)
    assert [outcome(each, private) for each in (HttpUser, FastHttpUser, LeanHttpUser)] == [http, fast, fast]


def test_what_a_class_says_itself_goes_before(private: str, certificate: Path) -> None:
    def careless() -> ssl.SSLContext:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context

    trust.set_up(verify=True, authorities=Path(certifi.where()))
    for user_class in (FastHttpUser, LeanHttpUser):
        own = {"insecure": True, "ssl_context_factory": staticmethod(careless)}
        assert outcome(user_class, private, **own) == "answered"
    user = type("Visitor", (HttpUser,), {"host": private})(Environment())
    user.client.verify = str(certificate.with_suffix(".crt"))
    assert user.client.get("/").status_code == 200
    user.client.close()


def test_the_headers_go_with_each_of_the_labs_own_requests(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    OwnRequests.set_up((("Authorization", "Bearer canary"), ("X-Tenant", "a")), verify=True, authorities=None)
    document = {"paths": {"/tests": {"delete": {"x-lab-reset": True}}}}
    script = replies(answer(json.dumps(document).encode()), answer(b"", "204 No Content"))
    with ScriptedServer(replies(), script, script) as server:
        target.wait_until_reachable(server.url, 20)
        target.reset(server.url, 20)
        assert len(server.requests) == 3
        assert all(b"Authorization: Bearer canary\r\n" in each for each in server.requests)
        assert all(b"X-Tenant: a\r\n" in each for each in server.requests)


@pytest.mark.parametrize(
    ("page", "asked_as", "login"),
    [
        ("http://api:5000/metrics", "http://api:5000", True),
        ("http://proxy:8404/metrics", "http://api:5000", False),
        ("http://api:5000/metrics", "https://shop.internal", False),
        ("https://shop.internal/metrics", "https://shop.internal", True),
        ("http://replica.internal:9100/metrics", "https://shop.internal", True),
    ],
)
def test_the_login_goes_to_no_page_of_metrics_that_nobody_named(page: str, asked_as: str, login: bool) -> None:
    """The default pages, where the target is another host."""
    OwnRequests.set_up((("Authorization", "Bearer canary"),), verify=True, authorities=None)
    assert gets_login(page, asked_as) is login
    with ScriptedServer() as server, Asker(server.url, has_login=login) as asker:
        asker.ask("GET", "/", 20)
        assert (b"Authorization: Bearer canary" in server.requests[0]) is login


@pytest.mark.parametrize("text", ["canary", "Author ization: canary", "X: canary\x07", "A: b\n: canary", "X-Empty:"])
def test_a_wrong_header_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(SettingsError, match=r"LAB_HEADERS: line \d is no header") as refused:
        Settings.from_environment({"LAB_HEADERS": text})
    assert "canary" not in str(refused.value)


def test_the_headers_are_in_no_result_and_no_log() -> None:
    settings = Settings.from_environment({"LAB_HEADERS": SECRET})
    assert settings.own_headers == (("Authorization", "Bearer canary"),)
    assert "canary" not in repr(settings)
    kept = environment([], {"LAB_HEADERS": SECRET})
    assert kept["knobs"] == {"LAB_HEADERS": "(not shown)"}


def test_a_file_of_certificates_is_found_wherever_the_lab_works_by_then(
    tmp_path: Path, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = os.path.relpath(certificate, Path.cwd())
    monkeypatch.chdir(tmp_path)
    found = Settings.from_environment({"LAB_TLS_CA": named}).tls_ca
    assert found is not None
    assert found.samefile(certificate)


def test_a_file_of_certificates_is_read_at_the_start(tmp_path: Path, certificate: Path) -> None:
    broken = tmp_path / "broken.pem"
    broken.write_text("nothing of that kind")
    for file, says in ((tmp_path / "none.pem", "there is none at"), (broken, "cannot be read as such")):
        with pytest.raises(SettingsError, match=f"LAB_TLS_CA=.* takes a file of certificates.* {says}"):
            Settings.from_environment({"LAB_TLS_CA": str(file)})
    with pytest.raises(SettingsError, match="LAB_TLS_CA: takes LAB_TLS_VERIFY=true"):
        Settings.from_environment({"LAB_TLS_CA": str(certificate), "LAB_TLS_VERIFY": "false"})
