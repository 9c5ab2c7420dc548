"""Users of recordings: what a browser did, as its HAR says (http://www.softwareishard.com/blog/har-12-spec/)."""

from __future__ import annotations

import base64
import binascii
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import PurePath
from typing import Any
from urllib.parse import urljoin, urlsplit

from lab.drafting import documents, ledgering, naming, roles
from lab.drafting.journeys import Journeys
from lab.drafting.model import Draft, DraftError, Role, Task
from lab.drafting.recording import Exchange
from lab.drafting.secrecy import Secrets

ASSET = re.compile(
    r"\.(png|jpe?g|gif|svg|webp|avif|ico|css|js|mjs|map|woff2?|ttf|otf|eot|mp4|webm|mp3|wasm)$", re.IGNORECASE
)
ASSET_TYPE = re.compile(r"^(image|font|audio|video)/|^text/css|javascript")
LEAST_PAUSE = 0.5
"""Seconds from which on a pause is one of a person: what a page asks for by itself comes sooner."""
MOST_PAUSE = 60.0
REDIRECTS = (301, 302, 303, 307, 308)


def draft(sources: Sequence[str], words: str) -> Draft:
    """A role for each recording. Raises DraftError where one is none, or nothing in it can be asked for."""
    secrets, names, remarks = Secrets(), naming.Names(), list[str]()
    found: list[Role] = []
    host: str | None = None
    for source in sources:
        exchanges = list(read(source, remarks))
        if host is None and exchanges:
            host = Counter(exchange.origin for exchange in exchanges).most_common(1)[0][0]
        kept = _kept(exchanges, host, remarks)
        if not kept:
            raise DraftError("\n".join([f"{source}: no request that a user could make", *remarks]))
        found.append(_role(source, kept, names, secrets, remarks))
    title = f"Users of {urlsplit(host or '').netloc}"
    return Draft(title, words, host, found, secrets=secrets.values, remarks=list(dict.fromkeys(remarks)))


def read(source: str, remarks: list[str]) -> Iterator[Exchange]:
    """The exchanges of a recording, in the order in which they began; what is broken is named by its place."""
    document = documents.parsed_json(source, documents.text(source))
    log = document.get("log") if isinstance(document, Mapping) else None
    entries = log.get("entries") if isinstance(log, Mapping) else None
    if not isinstance(entries, list):
        raise DraftError(f"{source} is no HAR: it has no list of /log/entries")
    found = []
    for number, entry in enumerate(entries):
        try:
            found.append(_exchange(entry))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            remarks.append(
                f"/log/entries/{number} of {PurePath(source).name} cannot be read ({type(error).__name__}: {error})"
            )
    yield from sorted(found, key=lambda exchange: exchange.started or 0.0)


def _exchange(entry: Any) -> Exchange:
    request, response = entry["request"], entry["response"]
    url = str(request["url"])
    if urlsplit(url).scheme not in ("http", "https", "ws", "wss", "data", "blob"):
        raise ValueError(f"no address: {url[:60]}")
    made = Exchange(str(request["method"]).upper(), url, _headers(request.get("headers")))
    post = request.get("postData")
    if isinstance(post, Mapping):
        made.body = _body(post)
        if post.get("mimeType") and not made.header("content-type"):
            made.headers.append(("Content-Type", str(post["mimeType"])))
    made.status = int(response.get("status") or 0)
    made.answer_headers = _headers(response.get("headers"))
    content = response.get("content")
    if isinstance(content, Mapping):
        made.answer = _text(content)
        if content.get("mimeType") and not made.answer_header("content-type"):
            made.answer_headers.append(("Content-Type", str(content["mimeType"])))
    made.started = datetime.fromisoformat(str(entry["startedDateTime"]).replace("Z", "+00:00")).timestamp()
    made.seconds = max(0.0, float(entry.get("time") or 0)) / 1000
    return made


def _headers(listed: Any) -> list[tuple[str, str]]:
    return [(str(each["name"]), str(each["value"])) for each in listed or () if isinstance(each, Mapping)]


def _body(post: Mapping[str, Any]) -> str | None:
    if post.get("text"):
        return str(post["text"])
    fields = [f"{each['name']}={each.get('value', '')}" for each in post.get("params") or () if "name" in each]
    return "&".join(fields) or None


def _text(content: Mapping[str, Any]) -> str:
    text = str(content.get("text") or "")
    if content.get("encoding") == "base64":
        try:
            return base64.b64decode(text).decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            return ""
    return text


def _kept(exchanges: list[Exchange], host: str | None, remarks: list[str]) -> list[Exchange]:
    """What a user asks the service for: no assets, no other hosts, nothing that went wrong; redirects as they ended."""
    left: Counter[str] = Counter()
    kept: list[Exchange] = []
    followed: dict[str, Exchange] = {}
    for exchange in exchanges:
        if end := followed.pop(exchange.url, None):
            _follow(end, exchange)
        elif why := _why_left(exchange, host):
            left[why] += 1
            continue
        else:
            kept.append(exchange)
            end = exchange
        if exchange.status in REDIRECTS and (location := exchange.answer_header("location")):
            followed[urljoin(exchange.url, location)] = end
        elif exchange.status == 304:
            end.status = 200
    remarks += [f"left out, {count} times: {why}" for why, count in left.items()]
    return [exchange for exchange in kept if exchange.status and exchange.status < 400]


def _follow(first: Exchange, last: Exchange) -> None:
    """Gives a request that was redirected the answer that it ended in."""
    first.status, first.answer = last.status, last.answer
    first.answer_headers = [*last.answer_headers, *first.answer_headers]
    first.seconds = (last.started or 0) + last.seconds - (first.started or 0)


def _why_left(exchange: Exchange, host: str | None) -> str | None:
    if exchange.url.startswith(("data:", "blob:", "ws:", "wss:")):
        return "what is not asked for by HTTP"
    if exchange.origin != host:
        return f"{exchange.origin}, another host"
    if ASSET.search(exchange.path) or ASSET_TYPE.search(exchange.answer_type or ""):
        return "an image, a font, a style or a script"
    if exchange.method == "OPTIONS":
        return "what a browser asks before it asks another origin"
    if not exchange.status:
        return f"{exchange.method} {exchange.path}, which was not answered"
    if exchange.status >= 400:
        return f"{exchange.method} {exchange.path}, which was answered {exchange.status}"
    return None


def _role(source: str, exchanges: list[Exchange], names: naming.Names, secrets: Secrets, remarks: list[str]) -> Role:
    stem = "recorded" if source == "-" else PurePath(source).name.partition(".")[0]
    made = Journeys(exchanges, secrets).journey()
    for number, request in made.requests.items():
        if number:
            request.pause = _pause(exchanges[number - 1], exchanges[number])
    requests = [request for _, request in sorted(made.requests.items())]
    if requests:
        requests[0].pause = 0.0
    remarks += ledgering.let_it_look(requests)
    remarks += _old_cookies(source, exchanges)
    seconds = (exchanges[-1].started or 0) + exchanges[-1].seconds - (exchanges[0].started or 0)
    title = f"What {PurePath(source).name} recorded: {len(exchanges)} requests in {seconds:.0f} s"
    role = Role(
        names.unique(f"{naming.camel(stem)}User"), title, [Task("visit", "The visit, with its pauses", requests)]
    )
    role.login = made.login
    if not requests:
        role.tasks = []
        remarks.append(f"{role.name} logs in and does nothing: write what follows")
    roles.share_authorization(role)
    return role


def _old_cookies(source: str, exchanges: list[Exchange]) -> list[str]:
    """Names the cookies that the browser had before: what needs them is not for a new user."""
    own = {
        value.partition("=")[0]
        for each in exchanges
        for name, value in each.answer_headers
        if name.lower() == "set-cookie"
    }
    sent = {
        part.partition("=")[0].strip()
        for each in exchanges
        for part in each.header("cookie").split(";")
        if part.strip()
    }
    if not (old := sorted(sent - own)):
        return []
    names = ", ".join(old[:5])
    return [
        f"{PurePath(source).name} began with cookies ({names}): record in a private window, from before the login on"
    ]


def _pause(before: Exchange, exchange: Exchange) -> float:
    seconds = (exchange.started or 0) - (before.started or 0) - before.seconds
    return round(min(seconds, MOST_PAUSE), 1) if seconds >= LEAST_PAUSE else 0.0
