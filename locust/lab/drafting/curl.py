"""Users of commands: each `curl` is something that they do."""

from __future__ import annotations

import argparse
import base64
import json
import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import quote_plus, urlsplit

from lab.drafting import ledgering, naming, roles
from lab.drafting.journeys import Journeys
from lab.drafting.model import Draft, DraftError, Role, Task
from lab.drafting.recording import FORM, Exchange
from lab.drafting.secrecy import Secrets

FLAGS = (
    *(
        "--compressed",
        "-k --insecure",
        "-L --location",
        "-s --silent",
        "-S --show-error",
        "-v --verbose",
        "-i --include",
    ),
    *("-f --fail", "-g --globoff", "-N --no-buffer", "-# --progress-bar", "-0 --http1.0", "--http1.1", "--http2"),
    *("--no-progress-meter", "--path-as-is", "--fail-with-body", "--location-trusted", "-4 --ipv4", "-6 --ipv6"),
)
"""Options without a value that change nothing here."""
VALUES = (
    *("-o --output", "-m --max-time", "--connect-timeout", "--retry", "--retry-delay", "-w --write-out", "--cacert"),
    *(
        "-E --cert",
        "--key",
        "-x --proxy",
        "--noproxy",
        "-c --cookie-jar",
        "-D --dump-header",
        "--resolve",
        "--max-redirs",
    ),
    *("--limit-rate", "--interface", "--ciphers", "-r --range", "-e --referer"),
)
"""Options with a value that change nothing here."""
DATA = ("-d --data --data-ascii", "--data-raw", "--data-binary", "--data-urlencode", "--json")
_TEXT = re.compile(r"\$'((?:[^'\\]|\\.)*)'", re.DOTALL)


def draft(commands: Sequence[str], words: str) -> Draft:
    """A role with a task for each command. Raises DraftError, with the option, where a command cannot be read."""
    exchanges = [exchange(text) for text in commands]
    host = exchanges[0].origin
    if other := next((each.origin for each in exchanges if each.origin != host), None):
        raise DraftError(f"the commands ask {host} and {other}: draft a locustfile for each host")
    secrets, names = Secrets(), naming.Names()
    made = Journeys(exchanges, secrets).journey()
    tasks = []
    for request in made.requests.values():
        request.operation = names.unique(request.operation)
        tasks.append(Task(request.operation, request.title, [request]))
    if not tasks:
        raise DraftError("the commands log in and do nothing: add what a user does then")
    remarks = ledgering.let_it_look(made.requests.values())
    role = Role(
        "User", f"Does what was asked by curl: {', '.join(task.title for task in tasks)}", tasks, login=made.login
    )
    roles.share_authorization(role)
    return Draft(f"Users of {urlsplit(host).netloc}", words, host, [role], secrets=secrets.values, remarks=remarks)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise DraftError(f"curl: {message}")


def _parser() -> _Parser:
    parser = _Parser(prog="curl", add_help=False, allow_abbrev=False)
    parser.add_argument("urls", nargs="*")
    parser.add_argument("--url")
    parser.add_argument("-X", "--request")
    parser.add_argument("-G", "--get", action="store_true")
    parser.add_argument("-I", "--head", action="store_true")
    for names in ("-H --header", "-F --form --form-string"):
        parser.add_argument(*names.split(), action="append", default=[])
    for names in ("-u --user", "-b --cookie", "-A --user-agent"):
        parser.add_argument(*names.split())
    for names in DATA:
        parser.add_argument(*names.split(), dest="data", action=_Data, default=[])
    for names in FLAGS:
        parser.add_argument(*names.split(), dest="ignored", action="store_true")
    for names in VALUES:
        parser.add_argument(*names.split(), dest="ignored")
    return parser


class _Data(argparse.Action):
    """Keeps what is sent in the order of the options, each with the option that it came by."""

    def __call__(self, _parser: Any, namespace: Any, values: Any, option_string: str | None = None) -> None:
        namespace.data = [*namespace.data, (option_string, values)]


def exchange(text: str) -> Exchange:
    """What a command asks for. Raises DraftError."""
    plain = _TEXT.sub(lambda found: shlex.quote(_unescaped(found[1])), re.sub(r"\\\r?\n", " ", text))
    try:
        words = shlex.split(plain)
    except ValueError as error:
        raise DraftError(f"curl: a quotation is not closed in: {text[:60]}") from error
    options, unknown = _parser().parse_known_args(words[1:] if words[:1] == ["curl"] else words)
    if unknown:
        raise DraftError(f"curl: the option {unknown[0]} is not known here: leave it out")
    addresses = [*([options.url] if options.url else []), *options.urls]
    if len(addresses) != 1:
        raise DraftError(
            f"curl: one address is wanted, and there {'are several' if addresses else 'is none'}: {text[:60]}"
        )
    if options.form:
        name = options.form[0].partition("=")[0]
        raise DraftError(f"curl: --form {name}=… is sent in parts: write it with files= in the locustfile")
    return _exchange(options, addresses[0])


def _exchange(options: argparse.Namespace, address: str) -> Exchange:
    url = address if "://" in address else f"http://{address}"
    body = "&".join(_sent(option, value) for option, value in options.data) or None
    if options.get and body:
        url, body = f"{url}{'&' if '?' in url else '?'}{body}", None
    made = Exchange(_method(options, body), url, list(_headers(options)), body, keeps_cookies=True)
    if body is not None and not made.header("content-type"):
        # what was meant by data in JSON: curl alone would call it a form
        made.headers.append(("Content-Type", "application/json" if _is_json(body) else FORM))
    return made


def _method(options: argparse.Namespace, body: str | None) -> str:
    if options.request:
        return str(options.request).upper()
    return "HEAD" if options.head else "GET" if body is None else "POST"


def _headers(options: argparse.Namespace) -> Any:
    for each in options.header:
        name, _, value = each.partition(":")
        if value.strip():
            yield name.strip(), value.strip()
    if options.user:
        yield "Authorization", f"Basic {base64.b64encode(options.user.encode()).decode()}"
    if options.cookie and "=" in options.cookie:
        yield "Cookie", options.cookie


def _sent(option: str, value: str) -> str:
    if option == "--data-urlencode":
        name, sign, text = value.partition("=")
        return f"{name}{sign}{quote_plus(text)}" if sign else quote_plus(value)
    if not value.startswith("@") or option == "--data-raw":
        return value
    try:
        text = Path(value[1:]).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DraftError(f"curl: {value} cannot be read: {error}") from error
    return text if option in ("--data-binary", "--json") else text.replace("\r", "").replace("\n", "")


def _is_json(text: str) -> bool:
    try:
        return isinstance(json.loads(text), (dict, list))
    except ValueError:
        return False


def _unescaped(text: str) -> str:
    r"""The text of `$'…'`, as browsers write it: with \n, \', \\ and \uXXXX."""
    known = {"n": "\n", "t": "\t", "r": "\r", "'": "'", '"': '"', "\\": "\\", "!": "!"}

    def one(found: re.Match[str]) -> str:
        code = found[1]
        return chr(int(code[1:], 16)) if len(code) > 1 else known.get(code, f"\\{code}")

    return re.sub(r"\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)", one, text, flags=re.DOTALL)
