"""Where a draft is put: the locustfile, its contract beside it, and its secrets in the .env of the same folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from lab.drafting import writing
from lab.drafting.model import Draft
from lab.reach import refusal

VARIABLES = ".env"
OWN_SERVICES = ("api", "proxy")
"""What the lab brings along as a service under test."""
_ONLY_FOR_THE_OWNER = 0o600


def contract_of(locustfile: Path) -> Path:
    """Where the contract of a locustfile is."""
    return locustfile.with_name(f"{locustfile.stem}.contract.json")


def in_the_way(locustfile: Path) -> Path | None:
    """The file that would be written over; None where there is none. What is in .env already stays in any case."""
    return next((path for path in (locustfile, contract_of(locustfile)) if path.exists()), None)


def write(draft: Draft, locustfile: Path) -> list[str]:
    """Writes the draft; returns a line for each file. Raises OSError."""
    contract = contract_of(locustfile)
    text, contract_text = writing.locustfile(draft, contract.name), writing.contract(draft)
    locustfile.parent.mkdir(parents=True, exist_ok=True)
    locustfile.write_text(text, encoding="utf-8")
    said = [f"{shown(locustfile)}: {', '.join(_roles(draft))}"]
    if contract_text is None:
        contract.unlink(missing_ok=True)
    else:
        contract.write_text(contract_text, encoding="utf-8")
        said.append(
            f"{shown(contract)}: what {_count(len((draft.contract or {})['operations']), 'operation')} may answer"
        )
    if draft.secrets:
        said.append(_write_secrets(draft, locustfile.with_name(VARIABLES)))
    return said


def _write_secrets(draft: Draft, path: Path) -> str:
    there = path.read_text(encoding="utf-8") if path.exists() else ""
    path.touch(_ONLY_FOR_THE_OWNER)
    path.write_text(writing.variables(draft, there), encoding="utf-8")
    empty = [name for name, value in draft.secrets.items() if not value]
    told = f"{shown(path)}: {', '.join(draft.secrets)}"
    return f"{told}. Fill in {', '.join(empty)}" if empty else told


def _roles(draft: Draft) -> Iterator[str]:
    for role in draft.roles:
        yield f"{role.name} with {_count(sum(not task.why_not for task in role.tasks), 'task')}"


def shown(path: Path) -> Path:
    """The path from where one stands, where it is below."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def advice(draft: Draft, locustfile: Path, *, in_container: bool) -> list[str]:
    """What is to be looked at, and how the users are tried."""
    remarks = ["", "To look at:", *(f"- {remark}" for remark in draft.remarks)] if draft.remarks else []
    host = draft.host or "http://…"
    if draft.host and refusal(draft.host, frozenset()):
        remarks += ["", f"{urlsplit(host).hostname} must be yours to load, and be named in LAB_ALLOWED_HOSTS."]
    return [
        *remarks,
        "",
        "Try it:",
        f"  {_in_compose(host, locustfile) if in_container else _without(host, locustfile)}",
    ]


def _in_compose(host: str, locustfile: Path) -> str:
    knobs = f"LAB_SCENARIO=scenario/{locustfile.name} LAB_PLAN=smoke LOCUST_AUTOQUIT=0"
    parts = urlsplit(host)
    if parts.hostname in OWN_SERVICES:
        return f"{knobs} docker compose up --exit-code-from master"
    if parts.hostname in ("localhost", "127.0.0.1", "::1"):
        host = f"{parts.scheme}://host.docker.internal{f':{parts.port}' if parts.port else ''}"
    return f"{knobs} LOCUST_HOST={host} docker compose up --scale api=0 --scale door=0 --exit-code-from master"


def _without(host: str, locustfile: Path) -> str:
    return f"LAB_SCENARIO={shown(locustfile)} LAB_PLAN=smoke LOCUST_AUTOQUIT=0 LOCUST_HOST={host} make swarm WORKERS=1"
