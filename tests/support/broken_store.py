"""The service on a store that is broken on purpose, and knows how: for the ledger to be held against.

Under gunicorn with one worker it is `tests.support.broken_store:create()`; GET /truth says what was done to whom.
"""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING

import gevent

from api.app import create_app
from api.routes import Reply
from api.stores.memory import MemoryStore

if TYPE_CHECKING:
    from flask import Flask

APP = "tests.support.broken_store:create()"
LOST_OF_A_THOUSAND, DOUBLED_OF_A_THOUSAND = 137, 731
EARLY_SECONDS = 0.2


class BrokenStore(MemoryStore):
    """A list that loses one write in a thousand, keeps one twice, and shows one in `early_every` after its answer."""

    def __init__(self, early_every: int, page_seconds: float) -> None:
        super().__init__()
        self.lost: list[str] = []
        self.doubled: list[str] = []
        self.missed = 0
        self._early_every, self._page_seconds = early_every, page_seconds
        self._hidden: dict[int, float] = {}
        self._count = 0

    def page(self, limit: int | None, after: int) -> list[tuple[int, str]]:
        """What is there and may be seen."""
        gevent.sleep(self._page_seconds)
        page = []
        for item_id, item in enumerate(self._items[after:], after + 1):
            if self._is_there(item_id):
                page.append((item_id, item))
                if len(page) == limit:
                    break
        return page

    def get(self, item_id: int) -> str | None:
        """The item, if it is there and may be seen; who asks in vain is counted."""
        if 0 < item_id <= len(self._items) and self._is_there(item_id):
            return self._items[item_id - 1]
        self.missed += 1
        return None

    def add(self, item: str) -> int:
        """Acknowledges every write."""
        self._count += 1
        name = json.loads(item)["name"]
        item_id = len(self._items) + 1
        if self._count % 1000 == LOST_OF_A_THOUSAND:
            self.lost.append(name)
            self._items.append("")
            return item_id
        if self._early_every and self._count % self._early_every == 0:
            self._hidden[item_id] = time.monotonic() + EARLY_SECONDS
        self._items.append(item)
        if self._count % 1000 == DOUBLED_OF_A_THOUSAND:
            self.doubled.append(name)
            self._items.append(item)
        return item_id

    def _is_there(self, item_id: int) -> bool:
        return bool(self._items[item_id - 1]) and time.monotonic() >= self._hidden.get(item_id, 0)


def create() -> Flask:
    """The service, with the truth beside it; BROKEN_EARLY_EVERY and BROKEN_PAGE_SECONDS say how it is broken."""
    early_every = int(os.environ.get("BROKEN_EARLY_EVERY", "0"))
    store = BrokenStore(early_every, float(os.environ.get("BROKEN_PAGE_SECONDS", "0")))
    app = create_app(store=store)

    @app.route("/truth")
    def truth() -> Reply:
        told = {"lost": store.lost, "doubled": store.doubled, "missed": store.missed}
        return Reply(json.dumps(told), content_type="application/json")

    return app
