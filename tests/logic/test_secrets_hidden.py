"""What is kept of requests has no secret in it, wherever it stands, and nothing that a terminal would obey."""

from __future__ import annotations

import time
from typing import Any

import pytest

from lab.exchanges import printing
from lab.exchanges.secrets import HIDDEN, Hiding, Known, is_secret

S = "s3cr3t-v4lue"


NAMES = """
password user[password] newPassword X-Api-Key api_key Proxy-Authorization access_token sig X-Amz-Signature CSRF-Token
sessionid client_secret pwd otp refreshToken Cookie2
"""


@pytest.mark.parametrize("name", NAMES.split())
def test_a_secret_is_known_by_its_name(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize("name", ["name", "total_tokens", "max_tokens", "Content-Type", "keyboard", "author", "email"])
def test_what_is_no_secret_is_shown(name: str) -> None:
    assert not is_secret(name)


@pytest.mark.parametrize("text", ["URL http://a/b: code=503", "BadStatusCode(code=404)", "(code=404, reason=x)"])
def test_the_status_of_an_answer_is_no_secret_though_a_code_is(text: str) -> None:
    assert Known().shown(text) == text
    assert Known().shown("http://shop/?code=404713&code=4&code=904") == (
        f"http://shop/?code={HIDDEN}&code={HIDDEN}&code={HIDDEN}"
    )


@pytest.mark.parametrize(
    "text",
    [
        f'{{"user": "ann", "password": "{S}"}}',
        f'{{"password":"{S}',  # cut off
        f'{{"password": "{S}\\"x"}}',
        f'{{"credentials": {{"id": "ann", "value": "{S}"}}}}',
        f'{{"tokens_of": 3, "token": ["{S}", "other-long"]}}',
        f'{{"query": "login(password: \\"{S}\\")", "body": "{{\\"token\\": \\"{S}\\"}}"}}',
        f"user=ann&password={S}",
        f"user=ann&pass%77ord=x&password={S}&b=1",
        f"http://shop/login?key={S}#top",
        f"http://ann:{S}@shop/",
        f"https://{S}@shop/",
        f"<login><password kind='plain'>{S}</password></login>",
        f'--b\r\nContent-Disposition: form-data; name="password"\r\n\r\n{S}\r\n--b--\r\n',
        f'--b\r\nA: b; name="a"\r\n\r\n1\r\n--b\r\nA: b; name="token"\r\nB: text/plain\r\n\r\n{S}\r\n--b--',
        f'<form><input type="hidden" name="csrf_token" value="{S}"></form>',
        f"<input value='{S}' type='password'>",
        f"curl -H 'Authorization: Bearer {S}'",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0." + S,
    ],
)
def test_a_secret_is_hidden_wherever_it_stands(text: str) -> None:
    hiding = Hiding(Known())
    hiding.look_into(text)
    shown = hiding.last(hiding.text(text))
    assert S not in shown
    assert HIDDEN in shown


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("Authorization", f"Bearer {S}", "Bearer (hidden)"),
        ("authorization", S, "(hidden)"),
        ("Cookie", f"sid={S}; theme=dark", "sid=(hidden); theme=(hidden)"),
        ("Set-Cookie", f"sid={S}; Path=/; HttpOnly", "sid=(hidden); Path=/; HttpOnly"),
        ("X-Api-Key", S, "(hidden)"),
        ("Location", f"/next?token={S}&page=2", "/next?token=(hidden)&page=2"),
        ("Content-Type", "application/json", "application/json"),
    ],
)
def test_headers_keep_their_names(name: str, value: str, shown: str) -> None:
    assert Hiding(Known()).header(name, value) == shown


def test_what_one_part_shows_to_be_secret_is_hidden_in_all() -> None:
    hiding = Hiding(Known())
    answer = hiding.text(f"you sent {S}, which is wrong")
    hiding.header("Authorization", f"Bearer {S}")
    assert hiding.last(answer) == "you sent (hidden), which is wrong"


def test_known_values_are_hidden_as_they_are_and_as_they_stand_in_urls_and_json() -> None:
    known = Known.of(
        {"SHOP_CODE": 'a "b"/ü', "SHOP_ON": "true", "A_TOKEN": S, "HOME": "/home/ann"}, {"SHOP_CODE", "SHOP_ON"}
    )
    text = rf'a "b"/ü a%20%22b%22/%C3%BC a \"b\"/\u00fc true {S} /home/ann'
    assert known.hide(text) == "(hidden) (hidden) (hidden) true (hidden) /home/ann"


def test_long_and_hostile_bodies_take_no_time() -> None:
    bodies: list[str] = [
        '"' * 8000,
        "a=" * 4000,
        "<a " * 2700,
        "://" * 2600,
        "name=" * 1600,
        '{"a":' * 1500,
        "A" * 8000,
    ]
    bodies += ["--" + 'name="a"\n' * 800, "eyJaaaaaaaa." * 600, "\\" * 8000, "\n" * 8000, '{"k":"' + "\\" * 7000]
    began = time.process_time()
    for body in bodies:
        Hiding(Known()).text(body)
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ü 中 \n\t", "plain ü 中 \n\t"),
        ("\x1b[2J\a", "\\x1b[2J\\x07"),
        ("a\u202eb\u2028\ud800\U000e0001", "a\\u202eb\\u2028\\ud800\\U000e0001"),
        ("a\r\nb\rc", "a\nb\\x0dc"),
    ],
)
def test_what_cannot_be_printed_is_written_as_an_escape(text: str, shown: str) -> None:
    assert printing.printable(text) == shown
    assert printing.line(text, 1000) == shown.replace("\n", "\\n").replace("\t", "\\t")


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b"ok", "ok"),
        (b"\xff\xfe", "\\xff\\xfe"),
        (b"\x89PNG\0\0", "(6 bytes that are no text)"),
        (b"a" * 12, "aaaaaaaaaa … (2 bytes more)"),
    ],
)
def test_bodies_are_text_or_said_to_be_none(body: bytes, shown: Any) -> None:
    assert printing.decoded(body, 10) == shown
