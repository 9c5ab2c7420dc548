"""Names for what is drafted: Python's, from those of operations, paths and files."""

from __future__ import annotations

import keyword
import re
import unicodedata

_RESERVED = {"response", "write", "chance", "self", "contract", "expect", "task", "os", "sleep", "writes", "body"}
"""What the locustfile uses itself."""
_OF_USERS = {
    "client",
    "context",
    "environment",
    "host",
    "on_start",
    "on_stop",
    "rest",
    "start",
    "stop",
    "tasks",
    "wait",
}
"""What a user class has already, or would be changed by."""


def snake(text: str) -> str:
    """A name for a function or a variable.

    >>> snake("listTests"), snake("GET /v1/orders/{orderId}"), snake("class"), snake("2 for 1")
    ('list_tests', 'get_v1_orders_order_id', 'class_', 'n2_for_1')
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", plain)
    name = re.sub(r"[^a-z0-9]+", "_", apart.lower()).strip("_") or "unnamed"
    if name[0].isdigit():
        name = f"n{name}"
    return (
        f"{name}_" if keyword.iskeyword(name) or keyword.issoftkeyword(name) or name in _RESERVED | _OF_USERS else name
    )


def camel(text: str) -> str:
    """A name for a class.

    >>> camel("my-shop.example"), camel("pet store")
    ('MyShopExample', 'PetStore')
    """
    return "".join(part.capitalize() for part in snake(text).split("_")) or "Unnamed"


def constant(text: str) -> str:
    """A name for a constant or a variable of the environment.

    >>> constant("order_id")
    'ORDER_ID'
    """
    return snake(text).rstrip("_").upper()


def singular(text: str) -> str:
    """What one of them is called, as far as its ending tells.

    >>> [singular(word) for word in ("tests", "categories", "boxes", "status", "news")]
    ['test', 'category', 'box', 'status', 'news']
    """
    if re.search(r"(ss|us|is|news)$", text) or not text.endswith("s"):
        return text
    if text.endswith("ies"):
        return f"{text[:-3]}y"
    return text[:-2] if re.search(r"(x|ch|sh|ss)es$", text) else text[:-1]


class Names:
    """Names of which each is given once: the second of a name has a number."""

    def __init__(self) -> None:
        self._given: set[str] = set()

    def unique(self, name: str) -> str:
        """The name, or the next one like it that is free."""
        count, free = 1, name
        while free in self._given:
            count += 1
            free = f"{name}_{count}"
        self._given.add(free)
        return free
