"""Users of a Postman collection (v2.0 and v2.1): each folder is something that they do, its requests in order."""

from __future__ import annotations

from collections.abc import Mapping

from lab.drafting import documents, ledgering, naming, roles
from lab.drafting.journeys import Journeys
from lab.drafting.model import Draft, DraftError, Request, Role, Task
from lab.drafting.postman_items import Collection, Found
from lab.drafting.schemas import mapping


def draft(source: str, words: str) -> Draft:
    """A role that does what is in the collection. Raises DraftError where it is none, or has no request."""
    document = documents.parsed(source, documents.text(source))
    if not isinstance(document.get("item"), list):
        raise DraftError(f"{source} is no Postman collection: it has no list of /item; export it as Collection v2.1")
    collection = Collection(document)
    found = _of_one_host(list(collection.requests()), collection.remarks)
    if not found:
        raise DraftError("\n".join([f"{source}: no request that could be asked for", *collection.remarks]))
    made = Journeys([each.exchange for each in found], collection.secrets, collection.known).journey()
    collection.remarks += ledgering.let_it_look(made.requests.values())
    title = str(mapping(document.get("info")).get("name") or "the collection")
    role = Role("User", f"Does what is in {title}", _tasks(found, made.requests), login=made.login)
    if not role.tasks:
        raise DraftError(f"{source}: the collection logs in and does nothing")
    roles.share_authorization(role)
    host = found[0].exchange.origin
    address = None if "{{" in host else host
    secrets, remarks = collection.secrets.values, collection.remarks
    return Draft(f"Users of {title}", words, address, [role], secrets=secrets, remarks=remarks)


def _of_one_host(found: list[Found], remarks: list[str]) -> list[Found]:
    """The requests to the host of the first one."""
    host = found[0].exchange.origin if found else ""
    others = [each.exchange for each in found if each.exchange.origin != host]
    remarks += [f"left out: {each.name} asks {each.origin}, another host" for each in others]
    return [each for each in found if each.exchange.origin == host]


def _tasks(found: list[Found], requests: Mapping[int, Request]) -> list[Task]:
    """A task for each folder, and for each request that is in none."""
    names, folders = naming.Names(), dict[str, list[Request]]()
    for number, request in requests.items():
        folders.setdefault(found[number].folder or str(found[number].exchange.name), []).append(request)
    return [Task(names.unique(naming.snake(folder)), folder, inside) for folder, inside in folders.items()]
