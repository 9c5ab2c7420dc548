"""URLs put together by chance: refused, or read as other parsers do. `make fuzz-urls` takes 1,000,000 of them."""

from __future__ import annotations

import os
import random
from collections import Counter
from ipaddress import ip_address
from itertools import repeat
from urllib.parse import urlsplit

import pytest
from geventhttpclient.url import URL
from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from lab.reach import WrongUrl, parse, refusal
from lab.reach.addresses import address_of, is_near, stands_for

CASES = int(os.environ.get("FUZZ_URLS", "4000"))

HOSTS = (
    *("api", "proxy", "localhost", "127.0.0.1", "10.1.2.3", "8.8.8.8", "169.254.169.254", "[::1]", "[fd00::7]"),
    *("[::ffff:169.254.169.254]", "[::ffff:8.8.8.8]", "[64:ff9b::808:808]", "[2002:808:808::]", "[::8.8.8.8]"),
    *(
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
        "0x7f.1",
        "127.0.0.1.",
        "api.",
        "example.com",
        "xn--a",
        "größer",
    ),
    "größer",
    *("⑧.8.8.8", "8。8。8。8", "１２７.0.0.1", "metadata", "my_service", "", ".", "..", "[]", "[::1%25lo]", "[v1.a]"),  # noqa: RUF001
)
GLUE = (
    *(
        "@",
        ":",
        "/",
        "//",
        "?",
        "#",
        "\\",
        "%",
        "%2f",
        "%40",
        "%00",
        "%5c",
        "%2e",
        ";",
        "&",
        ",",
        "!",
        "*",
        "'",
        "[",
        "]",
    ),
    *(" ", "\t", "\n", "\r", "\x00", "\x0b", "\x7f", "\x85", "\u2028", "\u202e", "\u200d", "\ufeff", "\ud800", "\xad"),
    *("．", "／", "：", "＠", "＼", "。", "℀", "ß", "İ", "ſ", "K"),  # noqa: RUF001
    *(
        ":80",
        ":0",
        ":65536",
        ":٨٠",
        ":8_0",
        ":+80",
        ":",
        "/tests",
        "/../x",
        "/.",
        "user:secret@",
        "user@",
        "..",
        "a" * 64,
    ),
)
SCHEMES = ("http://", "https://", "HTTP://", "http:", "http:/", "http:///", "//", "", "ftp://", "file://", "h\tttp://")


def by_chance(rng: random.Random) -> str:
    """A URL, mostly a wrong one."""
    parts = [rng.choice(SCHEMES[:2] if rng.random() < 0.8 else SCHEMES)]
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        parts += [rng.choice(GLUE)] if rng.random() < 0.3 else []
        parts += [rng.choice(HOSTS)]
        parts += [rng.choice(GLUE)] if rng.random() < 0.4 else []
    text = "".join(parts)
    if rng.random() < 0.2:
        at = rng.randrange(len(text) + 1)
        text = text[:at] + chr(rng.choice((rng.randrange(128), rng.randrange(0x3000)))) + text[at:]
    return text


def hosts_elsewhere(url: str) -> set[str | None]:
    """The host that other parsers find, the ones of requests, of FastHttpUser and of Python."""
    found = {urlsplit(url).hostname, URL(url).host}
    try:
        found.add(parse_url(url).host)
    except LocationParseError as error:
        pytest.fail(f"{url!r}: {error}")
    return {host.strip("[]").lower() if host else None for host in found}


def look_at(text: str) -> str:
    """What became of the URL: "refused", "near", or "far", which was read and is no target."""
    try:
        place = parse(text, with_query=True)
    except WrongUrl as error:
        said = str(error)
        assert refusal(text, ()) == said
        return "refused" if said.isprintable() else said
    assert place.url.isascii(), (text, place)
    assert place.url.isprintable(), (text, place)
    assert parse(place.url, with_query=True) == place, (text, place)
    assert hosts_elsewhere(place.url) == {place.host}, (text, place)
    if refusal(text, ()):
        return "far"
    address = address_of(place.host)
    assert "." not in place.host if address is None else all(map(is_near, stands_for(address))), (text, place)
    assert address is None or address == ip_address(place.host)
    return "near"


def test_urls_put_together_by_chance_are_refused_or_read_alike_by_every_parser() -> None:
    rng = random.Random(1210)
    found = Counter(look_at(by_chance(rng)) for _ in repeat(None, CASES))
    assert found.keys() == {"refused", "near", "far"}, "what is refused is told in one line"
    assert min(found["refused"], found["near"], found["far"]) > CASES / 30
