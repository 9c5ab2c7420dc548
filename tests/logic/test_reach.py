"""Where load may go: a table of spellings, each of which is read once, and kept as it was read."""

from __future__ import annotations

import pytest

from lab import reach
from lab.printable import printable

NAMED = frozenset({"staging.example.com", "xn--grer-wna1l.example", "203.0.113.9", "169.254.1.2", "2001:db8::1"})

NEAR = {
    "http://api:5000": "http://api:5000",
    "http://proxy:8080/": "http://proxy:8080",
    "http://my_service": "http://my_service",
    "http://localhost": "http://localhost",
    "HTTP://Api:05000/Base/": "http://api:5000/Base",
    "http://127.0.0.1:5000": "http://127.0.0.1:5000",
    "http://127.8.9.1": "http://127.8.9.1",
    "http://[::1]:5000": "http://[::1]:5000",
    "http://[0:0:0:0:0:0:0:1]": "http://[::1]",
    "http://10.1.2.3": "http://10.1.2.3",
    "http://172.16.0.9:80": "http://172.16.0.9:80",
    "https://192.168.1.10": "https://192.168.1.10",
    "http://198.19.248.1": "http://198.19.248.1",
    "http://[fd00::7]": "http://[fd00::7]",
    "http://[::ffff:10.0.0.7]": "http://10.0.0.7",
    "http://[::FFFF:7f00:1]/x": "http://127.0.0.1/x",
    "http://[64:ff9b::a00:7]": "http://[64:ff9b::a00:7]",
    "http://user:secret@api:5000": "http://user:secret@api:5000",
    "https://staging.example.com/base": "https://staging.example.com/base",
    "https://STAGING.example.com": "https://staging.example.com",
    "http://größer.example": "http://xn--grer-wna1l.example",
    "http://１２７．0。0.1": "http://127.0.0.1",  # noqa: RUF001
    "http://api/größe": "http://api/gr%C3%B6%C3%9Fe",
    "http://203.0.113.9": "http://203.0.113.9",
    "http://[::ffff:203.0.113.9]": "http://203.0.113.9",
    "http://169.254.1.2": "http://169.254.1.2",
    "http://[2001:db8::1]": "http://[2001:db8::1]",
}


@pytest.mark.parametrize(("url", "kept"), NEAR.items())
def test_load_may_go_to_what_is_near_or_named_and_the_url_is_kept_as_it_was_read(url: str, kept: str) -> None:
    assert reach.refusal(url, NAMED) is None
    assert reach.parse(url).url == kept
    assert reach.parse(kept).url == kept


FAR = (
    *("http://example.com", "http://api.example.com", "http://staging.example.com.evil.example", "http://8.8.8.8"),
    *("http://[2001:4860:4860::8888]", "http://0.0.0.0", "http://[::]", "http://224.0.0.1", "http://255.255.255.255"),
    # link-local, and the metadata services of clouds
    *("http://169.254.169.254/latest", "http://169.254.1.1", "http://[fe80::1]", "http://[fec0::1]"),
    *("http://100.100.100.200", "http://168.63.129.16", "http://192.0.0.192", "http://[fd00:ec2::254]"),
    "http://[fd20:ce::254]",
    # neither private nor loopback, though Python may call them so
    *("http://100.64.0.1", "http://192.0.2.1", "http://198.51.100.1", "http://240.0.0.1", "http://0.1.2.3"),
    # IPv4 addresses within IPv6 addresses: mapped, compatible, translated, NAT64, 6to4, Teredo, ISATAP
    *("http://[::ffff:169.254.169.254]", "http://[::ffff:8.8.8.8]", "http://[::8.8.8.8]", "http://[::ffff:0:808:808]"),
    *("http://[64:ff9b::808:808]", "http://[64:ff9b::a9fe:a9fe]", "http://[64:ff9b:1::808:808]"),
    *("http://[2002:808:808::]", "http://[2001:0:808:808::f5ff:fff8]", "http://[2001:0:a00:7::f7f7:f7f7]"),
    *("http://[fd00::5efe:808:808]", "http://[fd00::200:5efe:808:808]", "http://[::ffff:0.0.0.0]"),
    # an IPv4 address in other figures
    *(
        "http://2130706433",
        "http://134744072",
        "http://0x7f000001",
        "http://0177.0.0.1",
        "http://127.1",
        "http://0x7f.1",
    ),
    *("http://127.0.0.1.", "http://127.0.0.01", "http://1.2.3", "http://api.1", "http://0x", "http://00000000177.1"),
    *("http://１３４７４４０７２", "http://8。8。8。8", "http://⑧.8.8.8", "http://٨.8.8.8"),  # noqa: RUF001
)
UNCLEAR = (
    # user info, backslashes, fragments: another parser finds another host
    *("http://api@8.8.8.8", "http://api:5000@8.8.8.8", "http://127.0.0.1@example.com", "http://a@b@api", "http://@"),
    *("http://api\\@8.8.8.8", "http://8.8.8.8\\@api", "http://8.8.8.8#@api", "http://8.8.8.8?@api", "http://api#x"),
    *("http://api:5000/?a=b#c", "http://api\\", "http://api:5000/\\x", "http://user@:80"),
    # schemes and slashes
    *("", "api:5000", "ftp://api", "http://", "http:///api", "http:api", "http:/api", "http:\\\\api", "//api"),
    *("https:://api", "javascript://api", "httpſ://api", "http ://api", "file:///etc/passwd"),  # noqa: RUF001
    # ports
    *("http://api:port", "http://api:", "http://api:0", "http://api:65536", "http://api:99999999", "http://api:٨٠"),
    *("http://api:+80", "http://api: 80", "http://api:5000:80", "http://:80", "http://api:-1", "http://api:1e3"),
    # whitespace, control characters, bidi marks
    *(" http://api", "http://api ", "http://a pi", "http://api\t", "ht\ntp://api", "http://ap\ni", "http://api\x00"),
    *("http://api\x7f", "http://api\x85", "http://api\u2028", "http://\u202eapi", "http://a\u3000pi", "http://api/ x"),
    *("http://user:p\x1bw@api", "http://api/\ud800", "\ufeffhttp://api"),
    # names that are none
    *("http://api.", "http://api..", "http://.api", "http://-api", "http://api-", "http://staging.example.com."),
    *("http://staging..example.com", f"http://{'a' * 64}", f"http://{'a.' * 130}a", f"http://api/{'x' * 3000}"),
    *("http://api%2eevil.example", "http://%61pi", "http://api%00.example", "http://api/%zz", "http://℀.example"),
    *("http://xn--\x80", "http://api,8.8.8.8", "http://api;8.8.8.8", "http://api|x", "http://a'pi", "http://$(x)"),
    # brackets
    *("http://[::1", "http://::1", "http://[127.0.0.1]", "http://[::1]x", "http://[::1]:", "http://[::1%lo]"),
    *("http://[]", "http://[v1.a]", "http://[fe80::1%25eth0]", "http://[::1]@8.8.8.8", "http://x[::1]", "http://]api["),
)


@pytest.mark.parametrize("url", [*FAR, *UNCLEAR])
def test_load_goes_nowhere_else(url: str) -> None:
    refused = reach.refusal(url, NAMED)
    assert refused, reach.parse(url).url
    assert printable(refused) == refused
    assert len(refused) < 300


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://example.com", "example.com is not allowed as a target"),
        ("http://api.example.com", "add it to LAB_ALLOWED_HOSTS"),
        ("http://0x7f000001", "some read it as an address, and others do not; write it like 127.0.0.1"),
        ("http://api.", "it ends with a dot"),
        ("ftp://api", "takes a URL such as http://api:5000"),
        ("", "an empty host is no target"),
        ("http://api:port", "is no target"),
        ("http://api:0", "a port is a number from 1 to 65535"),
    ],
)
def test_a_refusal_says_what_would_be_right(url: str, says: str) -> None:
    assert says in (reach.refusal(url, NAMED) or "it was allowed")


def test_no_message_shows_a_password() -> None:
    for url in ("http://user:canary@example.com", "http://user:canary@api\\", "http://user:canary@api:0"):
        assert "canary" not in (reach.refusal(url, NAMED) or "canary")
